// The examples of frameworks: each is started, and serves the same requests by its policies.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { createTestIssuer, entraLike, oidcLike, type TestIssuer } from 'claimcheck/testing'
import { build } from 'esbuild'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createApp } from '../../examples/express-entra/app.ts'
import { root } from '../../scripts/subpaths.ts'

type Ask = (path: string, init: RequestInit) => Promise<Response>
interface Example {
  /** The name of the claim with scopes, and the scopes. */
  readonly read: Readonly<Record<string, string>>
  readonly write: Readonly<Record<string, string>>
  readonly sts: TestIssuer
  readonly ask: Ask
}

const oidcScopes = { read: { scope: 'orders:read' }, write: { scope: 'orders:write' } }

/** Starts `main.ts` of an example in a process of its own. */
async function startMain(name: string): Promise<Example> {
  const sts = await startSts()
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}/main.ts`], {
    cwd: root,
    env: { ...process.env, ISSUER: sts.issuer, AUDIENCE: sts.audience, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
    if (origin !== undefined) return { ...oidcScopes, sts, ask: (path, init) => fetch(origin + path, init) }
  }
  throw new Error(`${name} did not start`)
}

async function startSts(): Promise<TestIssuer> {
  const sts = createTestIssuer(oidcLike())
  onTestFinished(() => sts.close())
  await sts.listen()
  return sts
}

async function startExpress(): Promise<Example> {
  const ids = { tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', clientId: '11112222-bbbb-3333-cccc-4444dddd5555' }
  const sts = createTestIssuer(entraLike(ids))
  const server = createApp({ ...ids, fetch: sts.fetch, clock: sts.clock }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    ...{ read: { scp: 'Orders.Read' }, write: { scp: 'Orders.Write' } },
    sts,
    ask: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
  }
}

/** Bundles the Worker as Cloudflare's tools do, with a stand-in for the module that the platform brings, and calls its `fetch`. */
async function startWorker(): Promise<Example> {
  const sts = await startSts()
  const folder = mkdtempSync(join(tmpdir(), 'claimcheck-worker-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const platform = join(folder, 'platform.mjs')
  const env = JSON.stringify({ ISSUER: sts.issuer, AUDIENCE: sts.audience })
  writeFileSync(platform, `export const env = ${env}\nexport const waitUntil = () => {}\n`)
  const outfile = join(folder, 'worker.mjs')
  await build({
    entryPoints: [`${root}/examples/hono-worker/worker.ts`],
    ...{ bundle: true, format: 'esm', platform: 'neutral', mainFields: ['module', 'main'], outfile },
    conditions: ['workerd', 'worker', 'browser'],
    alias: { 'cloudflare:workers': platform, '#engine': `${root}/src/crypto/engine-web.ts` },
  })
  const worker = (await import(pathToFileURL(outfile).href)) as {
    default: { fetch(request: Request): Promise<Response> }
  }
  return {
    ...oidcScopes,
    sts,
    ask: async (path, init) => worker.default.fetch(new Request(`https://worker.example${path}`, init)),
  }
}

function bearer(token: string): RequestInit {
  return { headers: { Authorization: `Bearer ${token}` } }
}

describe.each<[string, () => Promise<Example>]>([
  ['express-entra', startExpress],
  ['fastify', () => startMain('fastify')],
  ['hono-worker', startWorker],
  ['nest-api', () => startMain('nest-api')],
])('examples/%s', (name, start) => {
  it('lets the owner of an order read it, and refuses everything else', { timeout: 120_000 }, async () => {
    const { sts, ask, read, write } = await start()
    const post = (token: string) => ask('/orders', { method: 'POST', ...bearer(token) })

    const bare = await ask('/orders', { method: 'POST' })
    expect(bare.status).toBe(401)
    expect(bare.headers.get('www-authenticate')).toMatch(/^Bearer realm="/)
    expect((await post(sts.badToken('forged-signature', write))).status).toBe(401)
    const denied = await post(sts.token(read))
    expect(denied.status).toBe(403)
    expect(denied.headers.get('www-authenticate')).toContain(`scope="${Object.values(write)[0]}"`)

    const made = await post(sts.token(write))
    expect(made.status).toBe(201)
    const order = (await made.json()) as { id: string; owner: string }
    const path = `/orders/${order.id}`
    const other =
      name === 'express-entra' ? { oid: 'b0b00000-0000-4000-8000-000000000009', sub: 'bob' } : { sub: 'bob' }
    const own = await ask(path, bearer(sts.token(read)))
    expect([own.status, await own.json()]).toEqual([200, order])
    expect((await ask(path, bearer(sts.token(write)))).status).toBe(403)
    expect((await ask(path, bearer(sts.token({ ...read, ...other })))).status).toBe(403)
    expect((await ask(path, bearer(sts.badToken('expired', read)))).status).toBe(401)
    expect((await ask(path, {})).status).toBe(401)
    expect((await ask('/orders/none', bearer(sts.token(read)))).status).toBe(404)
    if (name !== 'express-entra') expect(await (await ask('/health', {})).text()).toBe('ok')
  })
})

it('examples/express-entra: an application with the role reads every order', async () => {
  const { sts, ask, write } = await startExpress()
  const made = await ask('/orders', { method: 'POST', ...bearer(sts.token(write)) })
  const path = `/orders/${((await made.json()) as { id: string }).id}`
  expect((await ask(path, bearer(sts.applicationToken({ roles: ['Orders.Read.All'] })))).status).toBe(200)
  expect((await ask(path, bearer(sts.applicationToken({ roles: ['Catalog.Read'] })))).status).toBe(403)
})

// `npm run test:install` builds and starts it with Next itself.
it('examples/next-route: its handlers are guarded without any middleware', async () => {
  const sts = await startSts()
  vi.stubEnv('ISSUER', sts.issuer).stubEnv('AUDIENCE', sts.audience)
  const { GET, POST } = await import('../../examples/next-route/app/orders/route.ts')
  const request = (token?: string, init: RequestInit = {}) =>
    new Request('https://api.example.com/orders', { ...init, ...(token !== undefined && bearer(token)) })
  const readToken = sts.token(oidcScopes.read)

  expect((await GET(request())).status).toBe(401)
  expect((await POST(request(undefined, { method: 'POST', body: 'tea' }))).status).toBe(401)
  expect((await GET(request(sts.badToken('forged-signature', oidcScopes.read)))).status).toBe(401)
  expect((await POST(request(readToken, { method: 'POST', body: 'tea' }))).status).toBe(403)
  const made = await POST(request(sts.token(oidcScopes.write), { method: 'POST', body: 'tea' }))
  expect(made.status).toBe(201)
  expect(await (await GET(request(readToken))).json()).toEqual([await made.json()])
  expect(await (await GET(request(sts.token({ ...oidcScopes.read, sub: 'bob' })))).json()).toEqual([])
})
