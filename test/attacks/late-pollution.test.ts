// Other code pollutes Object.prototype while a request waits, or while keys are fetched. What it adds lets no caller in, and is not kept.
import { createServer } from 'node:https'
import { createServer as createPlainServer } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { createResourceServer, createVerifier, type VerifiedToken } from 'claimcheck'
import { createGateway } from 'claimcheck/gateway'
import { keycloak, oidc } from 'claimcheck/issuers'
import { authenticated, policy, role } from 'claimcheck/policy'
import { createTestClock, createTestIssuer, stsLike } from 'claimcheck/testing'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { certificateOf } from '../support/certificates.ts'
import { newKeyPair } from '../support/key-pairs.ts'
import { createKey } from '../support/tokens.ts'

let names: string[] = []
function pollute(members: object): void {
  Object.assign(Object.prototype, members)
  names.push(...Object.keys(members))
}
function clean(): void {
  for (const name of names) Reflect.deleteProperty(Object.prototype, name)
  names = []
}
afterEach(clean)

const statusOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 200,
    (error: { status?: number; name: string }) => error.status ?? error.name,
  )
const bearer = (token: string) => [['Authorization', `Bearer ${token}`]] as const
/** What waits tells that it has begun, and ends when it is let. */
function gate() {
  let begin = () => {}
  let open = () => {}
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  const wait = async () => {
    begin()
    await opened
  }
  return { begun, open, wait }
}

it.each([{ realm_access: { roles: ['admin'] } }])(
  'a role of a prototype is not remembered with a token: %j',
  async (members) => {
    const issuer = keycloak({ realmUrl: 'https://sso.example.com/realms/acme', audience: 'orders' })
    const sts = createTestIssuer(stsLike(issuer))
    const { begun, open, wait } = gate()
    const fetch = async (...args: Parameters<typeof sts.fetch>) => {
      const answer = await sts.fetch(...args)
      const body = await answer.arrayBuffer()
      await wait()
      return new Response(body, { status: answer.status, headers: answer.headers })
    }
    const api = createResourceServer({ issuer, fetch, clock: sts.clock })
    const headers = bearer(sts.token())
    const asked = () => statusOf(api.guard({ method: 'GET', url: '/', headers }, role('admin')))
    const first = asked()
    await begun
    pollute(members)
    open()
    await first
    clean()
    // 503 where the keys were not taken either.
    expect(await asked()).not.toBe(200)
  },
)

it('a policy that waited, and then read the prototype, lets no caller in', async () => {
  const sts = createTestIssuer()
  const { begun, open, wait } = gate()
  const slow = policy<VerifiedToken, unknown>('slow', async ({ auth }) =>
    wait().then(() => auth.principal.tenant === 'acme'),
  )
  const api = createResourceServer({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock: sts.clock })
  const headers = bearer(sts.token())
  await api.guard({ method: 'GET', url: '/', headers })
  const asked = api.guard({ method: 'GET', url: '/', headers }, slow)
  await begun
  pollute({ tenant: 'acme' })
  open()
  expect(await statusOf(asked)).not.toBe(200)
})

it('no token is verified while it is polluted, also where isRevoked waited', async () => {
  const sts = createTestIssuer()
  const isRevoked = async () => {
    await Promise.resolve()
    pollute({ x: 1 })
    return false
  }
  const api = createVerifier({
    issuer: oidc({ issuer: sts.issuer, audience: sts.audience }),
    fetch: sts.fetch,
    clock: sts.clock,
    isRevoked,
  })
  expect(await statusOf(api.verifyToken(sts.token()))).toBe(503)
})

it('a gateway tells an API nothing of a prototype, and signs and keeps no assertion of it', async () => {
  const clock = createTestClock()
  const sts = createTestIssuer(undefined, { clock })
  const { privateKey } = newKeyPair('ec', { namedCurve: 'P-256' })
  const { begun, open, wait } = gate()
  const gateway = createGateway({
    issuer: sts.issuer,
    audience: sts.audience,
    fetch: sts.fetch,
    clock,
    assertion: {
      issuer: 'g',
      audience: 'o',
      keys: { current: () => ({ kid: 'k', privateKey }), jwks: () => ({ keys: [] }) as never },
    },
    routes: { '/{rest...}': policy('slow', async () => wait().then(() => true)) },
  })
  const headers = [...bearer(sts.token())]
  const ask = async () => {
    const decision = await gateway.decide({ method: 'GET', target: '/a', host: 'h', scheme: 'https', headers })
    if (decision.effect !== 'allow') return {}
    const [, payload = ''] = (decision.identity['X-Auth-Assertion'] ?? '').split('.')
    return {
      header: decision.identity['X-Auth-Tenant'],
      claim: JSON.parse(Buffer.from(payload, 'base64url').toString()).tenant,
    }
  }
  const first = ask()
  await begun
  pollute({ tenant: 'evil' })
  open()
  const during = await first
  clean()
  expect([during.header, during.claim, (await ask()).claim]).toEqual([undefined, undefined, undefined])
})

describe('keys that are fetched while it is polluted', () => {
  const evil = createTestIssuer()

  it('are not taken of a server whose certificate is of a CA of the prototype (ca), nor kept', async () => {
    const key = createKey('ES256')
    const cert = certificateOf(key, { name: 'localhost', lastYear: 2040 })
    const server = createServer(
      { key: String(key.privateKey.export({ type: 'pkcs8', format: 'pem' })), cert },
      (req, res) => {
        void evil.fetch(`${evil.issuer}${req.url}`, {}).then(async (answer) => {
          res.setHeader('content-type', 'application/json')
          res.end(await answer.text())
        })
      },
    )
    await new Promise<void>((done) => server.listen(0, 'localhost', done))
    onTestFinished(() => void server.close())
    const jwksUri = `https://localhost:${(server.address() as AddressInfo).port}/jwks`
    const api = createVerifier({
      issuer: oidc({ issuer: evil.issuer, audience: evil.audience, jwksUri }),
      clock: evil.clock,
    })
    pollute({ ca: cert })
    await api.ready()
    clean()
    expect(await statusOf(api.verifyToken(evil.token()))).toBe(503)
  })

  it('are not taken of a socket of this machine (socketPath), nor kept', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'hb2-')), 's')
    const server = createPlainServer((req, res) => {
      void evil.fetch(`${evil.issuer}${req.url}`, {}).then(async (answer) => {
        res.setHeader('content-type', 'application/json')
        res.end(await answer.text())
      })
    })
    await new Promise<void>((done) => server.listen(path, done))
    onTestFinished(() => void server.close())
    const jwksUri = 'http://127.0.0.1:34567/jwks'
    const api = createVerifier({
      issuer: oidc({ issuer: evil.issuer, audience: evil.audience, jwksUri }),
      clock: evil.clock,
    })
    pollute({ socketPath: path })
    await api.ready()
    clean()
    expect(await statusOf(api.verifyToken(evil.token()))).toBe(503)
  })
})

describe('a token is not remembered with a role of a prototype', () => {
  const trusted = () => keycloak({ realmUrl: 'https://sso.example.com/realms/acme', audience: 'orders' })
  const schema = (validate: () => void) => ({
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: async (value: unknown) => {
        await Promise.resolve()
        validate()
        return { value: value as object }
      },
    },
  })

  it.each([
    ['that was there while it was read', () => pollute({ realm_access: { roles: ['admin'] } }), clean],
    ['that came while it was completed', () => {}, () => pollute({ roles: ['admin'] })],
  ])('%s', async (_, whileValidated, whileCompleted) => {
    const issuer = { ...trusted(), enrichPrincipal: async () => Promise.resolve(whileCompleted()).then(() => ({})) }
    const sts = createTestIssuer(stsLike(trusted()))
    const api = createResourceServer({ issuer, fetch: sts.fetch, clock: sts.clock, claims: schema(whileValidated) })
    const token = sts.token()
    await statusOf(api.verifyToken(token))
    clean()
    whileCompleted = clean
    const again = await api.verifyToken(token).catch(() => undefined)
    expect(again?.principal.roles ?? []).toEqual([])
  })
})

describe('keys', () => {
  function verifierWith(onFetch: () => unknown) {
    const sts = createTestIssuer()
    const fetch = async (...args: Parameters<typeof sts.fetch>) => {
      onFetch()
      return sts.fetch(...args)
    }
    return createVerifier({ issuer: sts.issuer, audience: sts.audience, fetch, clock: sts.clock })
  }

  it('are not asked for while it is polluted', async () => {
    let fetches = 0
    const { ready } = verifierWith(() => fetches++)
    pollute({ x: 1 })
    await ready()
    expect(fetches).toBe(0)
  })

  it('are not taken where it was polluted while they came', async () => {
    let fetches = 0
    // The second: the keys themselves.
    const { ready } = verifierWith(() => ++fetches === 2 && pollute({ x: 1 }))
    expect(await ready()).toMatchObject([{ ok: false }])
  })
})

it('a gateway tells an API nothing of a prototype that was polluted while it signed', async () => {
  const sts = createTestIssuer()
  const { privateKey } = newKeyPair('ec', { namedCurve: 'P-256' })
  const current = () => {
    queueMicrotask(() => pollute({ tenant: 'evil' }))
    return { kid: 'k', privateKey }
  }
  const gateway = createGateway({
    issuer: sts.issuer,
    audience: sts.audience,
    fetch: sts.fetch,
    clock: sts.clock,
    assertion: { issuer: 'g', audience: 'o', keys: { current, jwks: () => ({ keys: [] }) as never } },
    routes: { '/{rest...}': authenticated },
  })
  const headers = [...bearer(sts.token())]
  const decision = await gateway.decide({ method: 'GET', target: '/a', host: 'h', scheme: 'https', headers })
  expect(decision).toMatchObject({ effect: 'unavailable' })
})

it.each(['authorize', 'authorizeAll'] as const)(
  '%s() says nothing where it was polluted while a policy waited',
  async (name) => {
    const sts = createTestIssuer()
    const api = createResourceServer({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock: sts.clock })
    const auth = await api.verifyToken(sts.token())
    const slow = policy('slow', async () => Promise.resolve().then(() => (pollute({ x: 1 }), true)))
    const asked = name === 'authorize' ? api.authorize(auth, slow) : api.authorizeAll(auth, slow, [1, 2])
    await expect(asked).rejects.toThrow(TypeError)
  },
)
