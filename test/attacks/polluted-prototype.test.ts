// A member that other code puts on Object.prototype, such as a merge of a client's JSON with a `__proto__`: every object seems to have it, a
// token its role and a request its credential. So nothing is decided until it is gone.
import { createResourceServer, createVerifier } from 'claimcheck'
import { createGuard as express } from 'claimcheck/express'
import { createGuard as fastify } from 'claimcheck/fastify'
import { anonymous, createGateway } from 'claimcheck/gateway'
import { createGuard as hono } from 'claimcheck/hono'
import { rfc9068 } from 'claimcheck/issuers'
import { createTokenVerifier } from 'claimcheck/mcp'
import { authenticated, scope } from 'claimcheck/policy'
import { createTestClock, createTestIssuer } from 'claimcheck/testing'
import { createGuard as trpc } from 'claimcheck/trpc'
import { createGuard as web } from 'claimcheck/web'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'

const clock = createTestClock()
const sts = createTestIssuer(undefined, { clock })
const options = { issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock }
const api = createResourceServer(options)
const alice = sts.token({ sub: 'alice' })
const auth = await api.verifyToken(alice)
const unseen = Array.from({ length: 20 }, (_, index) => sts.token({ sub: `user-${index}` }))
const [expressGuard, webGuard, trpcGuard] = [express(api), web(api), trpc(api)]
const { verifyAccessToken } = createTokenVerifier(api)
const gateway = createGateway({
  api,
  routes: { 'GET /files/secret': scope('admin'), '/files/{rest...}': anonymous, '/{rest...}': authenticated },
})
const fastifyGuard = fastify(api)
const fastifyApp = Fastify()
fastifyApp.get('/', { onRequest: fastifyGuard.optional() }, async () => 'in')
await fastifyApp.ready()
const honoApp = new Hono().get('/', hono(api).optional(), (c) => c.text('in'))

const headers = [['Authorization', `Bearer ${alice}`]] as const
const view = { method: 'GET', url: '/', headers }
const fetched = () => new Request('http://api.example.com/', { headers: { authorization: `Bearer ${alice}` } })
const statusOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 200,
    (error: { status?: number; name: string }) => error.status ?? error.name,
  )

/** Each way in, with a good token or on an open route, and what it says. */
const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  verifyToken: async () => statusOf(api.verifyToken(alice)),
  'verifyToken, new': async () => statusOf(api.verifyToken(unseen.pop() ?? '')),
  'api.guard': async () => statusOf(api.guard({ ...view })),
  'api.guard, without a token': async () => statusOf(api.guard({ ...view, headers: [] }, authenticated)),
  'api.require': async () => statusOf(api.require(auth, authenticated)),
  'api.authorize': async () => statusOf(api.authorize(auth, authenticated)),
  'api.authorizeAll': async () => statusOf(api.authorizeAll(auth, authenticated, [1])),
  express: async () =>
    new Promise((resolve) => {
      const req = { method: 'GET', url: '/', rawHeaders: headers.flat(), headers: { authorization: headers[0][1] } }
      const res = { setHeader() {}, writeHead: resolve, end() {} }
      expressGuard()(req as never, res as never, () => resolve(200))
    }),
  fastify: async () => (await fastifyApp.inject('/')).statusCode,
  hono: async () => (await honoApp.request('/')).status,
  web: async () => (await webGuard.optional()(fetched(), () => new Response('in'))).status,
  mcp: async () =>
    verifyAccessToken(alice).then(
      () => 200,
      ({ errorCode }: { errorCode: string }) => errorCode,
    ),
  trpc: async () => {
    const asked = { ctx: trpcGuard.context({ req: fetched() }), type: 'query', next: async () => ({ ok: true }) }
    return trpcGuard
      .optional()(asked as never)
      .then(
        () => 200,
        ({ code }: { code: string }) => code,
      )
  },
  gateway: async () =>
    (await gateway.decide({ method: 'GET', target: '/x', host: 'h', scheme: 'https', headers })).status,
  'gateway, anonymous': async () =>
    (await gateway.decide({ method: 'GET', target: '/files/x', host: 'h', scheme: 'https', headers: [] })).status,
}

async function during<T>(members: object, ask: () => Promise<T>): Promise<T> {
  Object.assign(Object.prototype, members)
  try {
    return await ask()
  } finally {
    for (const name of Object.keys(members)) Reflect.deleteProperty(Object.prototype, name)
  }
}

it('a path of a gateway ends where it ends, also where every list seems to be longer', async () => {
  Reflect.defineProperty(Array.prototype, 2, { value: 'x', configurable: true })
  try {
    const asked = { method: 'GET', target: '/files/secret', host: 'h', scheme: 'https', headers: [] }
    expect(await gateway.decide(asked)).toMatchObject({ effect: 'refuse' })
  } finally {
    Reflect.deleteProperty(Array.prototype, 2)
  }
})

describe('while Object.prototype has a member', () => {
  const closed: readonly unknown[] = [
    503,
    'TypeError',
    'temporarily_unavailable',
    'SERVICE_UNAVAILABLE',
    'server_error',
  ]

  it.each(Object.keys(ways))('no caller is let in by %s, and each one afterwards as before', async (name) => {
    const way = ways[name] as () => Promise<unknown>
    const before = await way()
    const polluted = [{ x: 1 }, { 2: 'x' }, { scope: 'admin' }, { currentHeaders: { authorization: headers[0][1] } }]
    for (const members of polluted) expect(closed).toContain(await during(members, way))
    expect(await way()).toBe(before)
  })

  it('the log names the member', async () => {
    const error: unknown = await during({ isAdmin: true }, async () => api.verifyToken(alice)).catch(
      (one: unknown) => one,
    )
    expect(error).toMatchObject({ reason: 'verification_unavailable', status: 503 })
    expect((error as { hint: string }).hint).toMatch(/^Object\.prototype has the member isAdmin, /)
  })

  it('no token is remembered with a member that it lacks', async () => {
    const { verifyToken } = createVerifier({
      issuer: rfc9068({ issuer: sts.issuer, audience: sts.audience }),
      fetch: sts.fetch,
      clock,
    })
    const untyped = sts.token({}, { header: { typ: undefined } })
    await during({ typ: 'at+jwt' }, async () => statusOf(verifyToken(untyped)))
    expect(await statusOf(verifyToken(untyped))).toBe(401)
  })

  it.each<[string, () => unknown]>([
    ['createVerifier', () => createVerifier(options)],
    ['createResourceServer', () => createResourceServer(options)],
    ['createGateway', () => createGateway({ api, routes: { '/x': authenticated } })],
    ['createGuard', () => express(options)],
  ])('%s throws: an option that is left out would be read from it', async (_, create) => {
    const outcome = await during({ clockToleranceSeconds: 300 }, async () => {
      try {
        return create()
      } catch (error) {
        return error
      }
    })
    expect(outcome).toBeInstanceOf(TypeError)
    expect(String(outcome)).toMatch(/Object\.prototype has the member clockToleranceSeconds/)
  })
})
