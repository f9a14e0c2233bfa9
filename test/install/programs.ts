// The programs that the rows of the install table run or compile. Each verifies a good token and refuses a bad one, so that a copy of
// claimcheck that loads but cannot work is seen.
import { readFileSync } from 'node:fs'
import { root, subpaths } from '../../scripts/subpaths.ts'

/** Verifies one good token and one bad one, or throws. Stands below `load`, which has the modules. */
const verifies = `
async function verifies() {
  const sts = createTestIssuer(oidcLike())
  const { issuer, audience, fetch, clock } = sts
  const api = createResourceServer({ issuer: oidc({ issuer, audience }), fetch, clock })
  const request = (token) => ({ method: 'GET', url: '/', headers: [['Authorization', 'Bearer ' + token]] })
  const auth = await api.guard(request(sts.token({ scope: 'read' })), allOf(scope('read')))
  const refused = await api.guard(request(sts.badToken('expired'))).catch((error) => error)
  const denied = await api.guard(request(sts.token()), scope('write')).catch((error) => error)
  createGuard(api)
  const route = withAuth(api, scope('read'), (_request, auth) => new Response(auth.issuer))
  const app = new Hono().get('/', createHonoGuard(api)(scope('read')), (c) => c.text(c.get('auth').issuer))
  for (const answer of [route, app.fetch])
    for (const [token, status] of [[sts.token({ scope: 'read' }), 200], [sts.badToken('expired'), 401], [sts.token(), 403]]) {
      const response = await answer(new Request('http://localhost/', { headers: { Authorization: 'Bearer ' + token } }))
      const body = await response.text()
      if (response.status !== status || (body === issuer) !== (status === 200)) throw new Error('no ' + status + ': ' + body)
    }
  if (auth.issuer !== issuer) throw new Error('the good token was not verified')
  for (const [error, status] of [[refused, 401], [denied, 403]])
    if (!(error instanceof AuthError) || error.status !== status) throw new Error('no refusal with ' + status)
  return 'verified'
}
`

const modules: readonly (readonly [names: string, specifier: string])[] = [
  ['AuthError, createResourceServer', 'claimcheck'],
  ['createGuard', 'claimcheck/express'],
  ['createGuard as createHonoGuard', 'claimcheck/hono'],
  ['withAuth', 'claimcheck/web'],
  ['oidc', 'claimcheck/issuers'],
  ['allOf, scope', 'claimcheck/policy'],
  ['createTestIssuer, oidcLike', 'claimcheck/testing'],
  ['Hono', 'hono'],
]

/** `code` below the function `verifies`, which resolves to 'verified', as an ES module. */
export function esModule(code: string): string {
  const imports = modules.map(([names, specifier]) => `import { ${names} } from '${specifier}'`)
  return `${imports.join('\n')}\n${verifies}${code}`
}

/** The same as CommonJS. */
export function commonJs(code: string): string {
  const requires = modules.map(
    ([names, specifier]) => `const { ${names.replace(' as ', ': ')} } = require('${specifier}')`,
  )
  return `${requires.join('\n')}\n${verifies}${code}`
}

export const printsVerified = `verifies().then(console.log)`

/** Loads every subpath by `import` and by require(), and prints whether AuthError is one class, or one by \`instanceof\`. */
export const loadsBothWays = `
  import { createRequire } from 'node:module'
  const require = createRequire(import.meta.url)
  const specifiers = ${JSON.stringify(subpaths.map(({ specifier }) => specifier))}
  for (const specifier of specifiers) {
    const [imported, required] = [await import(specifier), require(specifier)]
    for (const name of Object.keys(imported)) {
      if (!(name in required)) throw new Error(specifier + ' lacks ' + name + ' where it is required')
      const isOne = imported[name] === required[name]
      if (isOne === process.execArgv.includes('--no-experimental-require-module') && typeof imported[name] === 'function')
        throw new Error(name + (isOne ? ' is' : ' is not') + ' one')
    }
  }
  const { AuthError } = await import('claimcheck')
  const made = new (require('claimcheck').AuthError)('token_expired')
  if (!(made instanceof AuthError)) throw new Error('AuthError is two')
  console.log('verified')
`

/** What a TypeScript user writes and exports; the same in every module format. */
export const typeScript = `
import * as core from 'claimcheck'
import { AuthError, createResourceServer, createVerifier, type Principal, type VerifiedToken } from 'claimcheck'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { createGuard as createHonoGuard } from 'claimcheck/hono'
import { createGuard as createKoaGuard } from 'claimcheck/koa'
import { createGuard as createNestGuard } from 'claimcheck/nest'
import { createGuard as createNodeGuard } from 'claimcheck/node'
import { createGuard as createTrpcGuard } from 'claimcheck/trpc'
import { createGuard as createWebGuard, withAuth } from 'claimcheck/web'
import { entra, oidc, withClaims } from 'claimcheck/issuers'
import { fileKeyStore } from 'claimcheck/key-store'
import { allOf, anyOf, authenticated, policy, type PolicyQuery, role, scope, withoutDefaultPolicy } from 'claimcheck/policy'
import { createTestIssuer, entraLike } from 'claimcheck/testing'
${subpaths.map(({ specifier, name }) => `import type * as ${name}Types from '${specifier}'`).join('\n')}

export type Everything = [${subpaths.map(({ name }) => `typeof ${name}Types`).join(', ')}]

interface Order { readonly owner: string }
export const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => resource.owner === auth.principal.key)
export const mayRead = anyOf(owner, allOf(scope('Orders.Read'), role('Orders.Read.All')))
export const health = withoutDefaultPolicy(authenticated)

export const issuer = entra({ tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', clientId: '11112222-bbbb-3333-cccc-4444dddd5555' })
export const keyStore = fileKeyStore('/var/lib/api/keys')
export const { verifyToken, ready } = createVerifier({ issuer, keyStore })
export const api = createResourceServer({ issuer: [issuer, oidc({ issuer: 'https://sts.example.com', audience: 'orders' })] })
export const { guard, require: requirePolicy, authorize } = api
export const guards = { express: createExpressGuard(api), fastify: createFastifyGuard(api), hono: createHonoGuard(api) }
export const others = { koa: createKoaGuard(api), nest: createNestGuard(api), node: createNodeGuard(api), web: createWebGuard(api) }
export const procedures = createTrpcGuard(api)(scope('Orders.Read'))
export const route = withAuth(api, scope('Orders.Read'), (_request: Request, auth, context: { id: string }) => {
  return new Response(auth.principal.key + context.id)
})
export const middleware = guards.express(scope('Orders.Read'))
export const sts = createTestIssuer(entraLike({ tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', clientId: '11112222-bbbb-3333-cccc-4444dddd5555' }))

export async function whoIs(token: string): Promise<Principal | string> {
  try {
    const auth = await verifyToken(token)
    await requirePolicy(auth, mayRead, { owner: auth.principal.key })
    const expires: number = auth.claims.exp
    return expires > 0 ? auth.principal : withClaims.name
  } catch (error) {
    if (error instanceof AuthError) return error.reason
    throw error
  }
}

// @ts-expect-error No audience.
createVerifier({ issuer: 'https://sts.example.com' })
// @ts-expect-error The policy needs an order.
void core.createResourceServer({ issuer }).guard({ method: 'GET', url: '/', headers: [] }, owner)
`

/** The route of examples/next-route, as it is. */
export const nextExample = readFileSync(`${root}/examples/next-route/app/orders/route.ts`, 'utf8')

/** Builds the application of Next.js and starts it, beside an STS on loopback, and asks the guarded route. */
export const startsNext = `
  import { spawn } from 'node:child_process'
  import { once } from 'node:events'
  import { createInterface } from 'node:readline'
  import { createTestIssuer, oidcLike } from 'claimcheck/testing'
  const sts = createTestIssuer(oidcLike())
  const env = { ...process.env, ISSUER: await sts.listen(), AUDIENCE: sts.audience }
  const next = (...args) => {
    const stdio = ['ignore', 'pipe', 'inherit']
    return spawn(process.execPath, ['node_modules/next/dist/bin/next', ...args], { env, stdio })
  }
  const build = next('build')
  build.stdout.pipe(process.stdout)
  if ((await once(build, 'exit'))[0] !== 0) throw new Error('next build failed')
  const server = next('start', '--hostname', '127.0.0.1', '--port', '0')
  try {
    let origin
    for await (const line of createInterface({ input: server.stdout }))
      if ((origin = /http:..127.0.0.1:\\d+/.exec(line)?.[0])) break
    const ask = async (method, token) => {
      const headers = token === undefined ? {} : { Authorization: 'Bearer ' + token }
      const answer = await fetch(origin + '/orders', { method, headers, ...(method === 'POST' && { body: 'tea' }) })
      return [answer.status, answer.headers.get('www-authenticate'), await answer.text()].join(' ')
    }
    const expected = [
      [await ask('GET'), '401 Bearer realm='],
      [await ask('GET', sts.badToken('forged-signature')), '401 Bearer realm='],
      [await ask('POST', sts.token({ scope: 'orders:read' })), '403 Bearer realm='],
      [await ask('POST', sts.token({ scope: 'orders:write' })), '201  {"item":"tea"'],
      [await ask('GET', sts.token({ scope: 'orders:read' })), '200  [{"item":"tea"'],
      [await ask('GET', sts.token({ scope: 'orders:read', sub: 'other' })), '200  []'],
    ]
    for (const [got, start] of expected) if (!got.startsWith(start)) throw new Error(got + ', not ' + start)
    console.log('verified')
  } finally {
    server.kill('SIGKILL')
    await sts.close()
  }
`
