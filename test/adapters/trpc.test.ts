// "claimcheck/trpc" by tRPC's own server and client: codes, challenges, batches, connections that stay open.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpLink,
  type TRPCClientError,
  type TRPCLink,
  wsLink,
} from '@trpc/client'
import { initTRPC } from '@trpc/server'
import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import { createExpressMiddleware } from '@trpc/server/adapters/express'
import { createHTTPServer } from '@trpc/server/adapters/standalone'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import { observable } from '@trpc/server/observable'
import type { ResourceServerOptions, VerifiedToken } from 'claimcheck'
import { policy, type PolicyQuery, scope, withoutDefaultPolicy } from 'claimcheck/policy'
import { createGuard, type GuardContext } from 'claimcheck/trpc'
import express from 'express'
import { fastify } from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { badTokens } from '../support/bad-tokens.ts'
import { parseChallenge } from '../support/challenge-grammar.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { portOf } from './framework.ts'

interface Context extends GuardContext {
  readonly database: string
}

const resource = 'https://api.example.com/trpc'
const owner = policy('owner', ({ auth, resource: order }: PolicyQuery<VerifiedToken, { readonly owner: string }>) => {
  return auth.principal.subject === order.owner
})

function createApi(changes: Partial<ResourceServerOptions> = {}) {
  const test = testApiOptions({ metadata: { resource }, ...changes })
  const guard = createGuard(test.options)
  const t = initTRPC.context<Context>().create({ isDev: false })
  const feed: string[] = ['first', 'second', 'third']
  const router = t.router({
    caller: t.procedure.use(guard()).query(({ ctx }) => ctx.auth.principal.subject),
    scoped: t.procedure
      .use(guard(scope('orders:read')))
      .query(({ ctx }) => `${ctx.auth.principal.subject} ${ctx.database}`),
    twice: t.procedure
      .use(guard())
      .use(guard(scope('orders:read')))
      .mutation(({ ctx }) => ctx.auth.principal.subject),
    catalog: t.procedure.use(guard.optional()).query(({ ctx }) => ctx.auth?.principal.subject ?? 'nobody'),
    order: t.procedure.use(guard()).query(({ ctx }) => guard.require(ctx, owner, { owner: 'bob' })),
    optionalOrder: t.procedure.use(guard.optional()).query(({ ctx }) => guard.require(ctx, owner, { owner: 'alice' })),
    replaced: t.procedure
      .use(guard(withoutDefaultPolicy(scope('orders:read'))))
      .query(({ ctx }) => guard.require(ctx, owner, { owner: 'alice' })),
    otherAuth: t.procedure
      .use(guard())
      .use(({ next }) => next({ ctx: { auth: { principal: { subject: 'mallory' } } } }))
      .query(({ ctx }) => guard.require(ctx as never, owner, { owner: 'mallory' })),
    open: t.procedure.query(() => 'open'),
    feed: t.procedure.use(guard()).subscription(async function* () {
      for (const item of feed) {
        yield item
        // The token expires after the first item.
        test.clock.advanceMs(600_000)
      }
    }),
    observed: t.procedure.use(guard()).subscription(() => observable<string>((emit) => emit.next('item'))),
  })
  const createContext = (options: { readonly req: IncomingMessage }): Context => ({
    ...guard.context(options),
    database: 'db',
  })
  return { ...test, guard, router, createContext }
}

type Api = ReturnType<typeof createApi>
type Client = ReturnType<typeof clientOf>['client']

/** Serves by the standalone server, and gives its address. */
async function serve({ router, createContext, guard }: Api): Promise<string> {
  const server = createHTTPServer({ router, createContext, responseMeta: guard.responseMeta })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${portOf(server)}`
}

const bearer = (claims: Readonly<Record<string, unknown>> = {}) => `Bearer ${createToken({ claims })}`

/** A client of tRPC that sends `authorization`, and the answers as HTTP saw them. */
function clientOf(url: string, authorization?: string, link: typeof httpBatchLink | typeof httpLink = httpBatchLink) {
  const answers: Response[] = []
  const recordingFetch: typeof fetch = async (...args) => {
    const answer = await fetch(...args)
    answers.push(answer.clone())
    return answer
  }
  const headers = authorization === undefined ? {} : { authorization }
  const links = [link({ url, headers, fetch: recordingFetch as never }) as TRPCLink<Api['router']>]
  return { client: createTRPCClient<Api['router']>({ links }), answers }
}

/** What the client learns of a refusal. */
async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  const error = await call.then(
    (answer) => new Error(`let in: ${String(answer)}`),
    (failure: TRPCClientError<Api['router']>) => failure,
  )
  return { message: error.message, ...('data' in error && error.data) }
}

it('gives procedures the caller, and the rest of the context', async () => {
  const { client } = clientOf(await serve(createApi()), bearer({ scope: 'orders:read' }))
  expect(await client.caller.query()).toBe('alice')
  expect(await client.scoped.query()).toBe('alice db')
  expect(await client.twice.mutate()).toBe('alice')
})

const code = (error: string, httpStatus: number, path: string) => ({ code: error, httpStatus, path })
const badToken = 'The access token is malformed, expired, revoked, or not meant for this resource.'

it.each<[string, string | undefined, (client: Client) => Promise<unknown>, object, object]>([
  [
    'no token',
    undefined,
    (client) => client.caller.query(),
    { message: 'This resource needs an access token.', ...code('UNAUTHORIZED', 401, 'caller') },
    { realm: 'orders' },
  ],
  [
    'no token where a scope is needed',
    undefined,
    (client) => client.scoped.query(),
    { message: 'This resource needs an access token.', ...code('UNAUTHORIZED', 401, 'scoped') },
    { scope: 'orders:read' },
  ],
  [
    'a bad token',
    'Bearer garbage',
    (client) => client.caller.query(),
    { message: badToken, ...code('UNAUTHORIZED', 401, 'caller') },
    { error: 'invalid_token' },
  ],
  [
    'a bad token where it is optional',
    bearer({ exp: 1 }),
    (client) => client.catalog.query(),
    { message: badToken, ...code('UNAUTHORIZED', 401, 'catalog') },
    { error: 'invalid_token' },
  ],
  [
    'two words in the credential',
    'Bearer a b',
    (client) => client.caller.query(),
    {
      message: 'The Authorization header must be the word Bearer, a space, and one access token.',
      ...code('BAD_REQUEST', 400, 'caller'),
    },
    { error: 'invalid_request' },
  ],
  [
    'a missing scope, by the second guard',
    bearer(),
    (client) => client.twice.mutate(),
    {
      message: 'The access token lacks a scope that this resource needs.',
      ...code('FORBIDDEN', 403, 'twice'),
    },
    { error: 'insufficient_scope', scope: 'orders:read' },
  ],
])(
  'refuses %s: code, public text and challenge, and nothing of the reason',
  async (_, authorization, call, expected, params) => {
    const { client, answers } = clientOf(await serve(createApi()), authorization)
    expect(await refusalOf(call(client))).toEqual(expected)
    const [answer] = answers
    const challenge = parseChallenge(String(answer?.headers.get('www-authenticate')))
    const metadata = 'https://api.example.com/.well-known/oauth-protected-resource/trpc'
    expect(challenge.params).toMatchObject({ ...params, resource_metadata: metadata })
    expect(answer?.headers.get('cache-control')).toBe('no-store')
    expect(answer?.headers.get('content-type')).toBe('application/json')
    expect(await answer?.text()).not.toMatch(/reason|expired_|token_malformed|hint|details|stack/)
  },
)

it('refuses every bad token with one and the same answer', async () => {
  const url = await serve(createApi())
  const answers = await Promise.all(
    badTokens
      .filter(({ length }) => length < 12_000)
      .map((token) => refusalOf(clientOf(url, `Bearer ${token}`).client.caller.query())),
  )
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
    new Set([JSON.stringify({ message: badToken, ...code('UNAUTHORIZED', 401, 'caller') })]),
  )
})

it('refuses a policy that denies with FORBIDDEN and no challenge, and says 503 where none can be asked', async () => {
  const denied = clientOf(await serve(createApi()), bearer())
  expect(await refusalOf(denied.client.order.query())).toEqual({
    message: 'The caller may not do this.',
    ...code('FORBIDDEN', 403, 'order'),
  })
  expect(denied.answers[0]?.headers.get('www-authenticate')).toBeNull()
  const broken = clientOf(await serve(createApi({ policy: () => Promise.reject(new Error('SECRET')) })), bearer())
  expect(await refusalOf(broken.client.caller.query())).toMatchObject(code('SERVICE_UNAVAILABLE', 503, 'caller'))
  expect(broken.answers[0]?.headers.get('retry-after')).toBe('1')
  expect(broken.answers[0]?.headers.get('www-authenticate')).toBeNull()
})

it('guard.optional lets anonymous callers in, and guard.require asks them for a token', async () => {
  const url = await serve(createApi())
  expect(await clientOf(url).client.catalog.query()).toBe('nobody')
  expect(await clientOf(url, bearer()).client.catalog.query()).toBe('alice')
  expect(await clientOf(url, bearer()).client.optionalOrder.query()).toEqual({ owner: 'alice' })
  expect(await refusalOf(clientOf(url).client.optionalOrder.query())).toMatchObject(
    code('UNAUTHORIZED', 401, 'optionalOrder'),
  )
})

it('guard.require asks no default policy: the guard has asked it, or its route has replaced it', async () => {
  let asked = 0
  const { client } = clientOf(await serve(createApi({ policy: () => ++asked > 0 })), bearer({ scope: 'orders:read' }))
  await client.optionalOrder.query()
  expect(asked).toBe(1)
  await client.replaced.query()
  expect(asked).toBe(1)
})

it('guard.require takes no caller that other middleware has put into the context', async () => {
  const { client } = clientOf(await serve(createApi()), bearer())
  expect(await refusalOf(client.otherAuth.query())).toMatchObject(code('INTERNAL_SERVER_ERROR', 500, 'otherAuth'))
})

it('judges each call of a batch by itself, and names the challenge of the refused one', async () => {
  const { client, answers } = clientOf(await serve(createApi()), bearer())
  const calls = [client.caller.query(), client.scoped.query(), client.catalog.query(), client.order.query()]
  const [caller, scoped, catalog, order] = await Promise.allSettled(calls)
  expect(answers).toHaveLength(1)
  expect(answers[0]?.status).toBe(207)
  expect([caller, catalog]).toEqual([
    expect.objectContaining({ value: 'alice' }),
    expect.objectContaining({ value: 'alice' }),
  ])
  expect(scoped).toMatchObject({ reason: { data: { code: 'FORBIDDEN' } } })
  expect(order).toMatchObject({ reason: { data: { code: 'FORBIDDEN' } } })
  expect(answers[0]?.headers.get('www-authenticate')).toContain('scope="orders:read"')
})

it('verifies a call once, however many guards it passes', async () => {
  const api = createApi()
  await clientOf(await serve(api), bearer({ scope: 'orders:read' })).client.twice.mutate()
  expect(api.verified).toEqual(['alice'])
})

it('refuses a request with two Authorization lines, which Node hides', async () => {
  const url = await serve(createApi())
  const line = bearer()
  const asked = get(`${url}/caller`, { headers: ['Host', 'api', 'Authorization', line, 'Authorization', line] })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  expect(answer.statusCode).toBe(400)
})

it('ends a subscription when its token does: no item is sent after that', async () => {
  const url = await serve(createApi())
  const answer = await fetch(`${url}/feed`, { headers: { authorization: bearer(), accept: 'text/event-stream' } })
  const events = await answer.text()
  expect(events).toContain('"first"')
  expect(events).not.toContain('"second"')
  expect(events).toMatch(/serialized-error[^]*UNAUTHORIZED/)
})

it('refuses a subscription without a token, and one that is an observable', async () => {
  const url = await serve(createApi())
  const stream = async (path: string, headers: Record<string, string>) =>
    (await fetch(`${url}/${path}`, { headers: { accept: 'text/event-stream', ...headers } })).text()
  expect(await stream('feed', {})).toMatch(/UNAUTHORIZED/)
  expect(await stream('observed', { authorization: bearer() })).toMatch(/INTERNAL_SERVER_ERROR/)
})

it('judges each call on a WebSocket anew: a token that has expired meanwhile is refused', async () => {
  const api = createApi()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  applyWSSHandler({ wss: server, router: api.router, createContext: api.createContext })
  onTestFinished(() => server.close())
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { authorization: bearer() } })
    }
  }
  const url = `ws://127.0.0.1:${portOf(server as never)}`
  const ws = createWSClient({ url, WebSocket: Socket as never })
  onTestFinished(() => ws.close())
  const client = createTRPCClient<Api['router']>({ links: [wsLink({ client: ws })] })
  expect(await client.caller.query()).toBe('alice')
  api.clock.advanceMs(600_000)
  expect(await refusalOf(client.caller.query())).toMatchObject({ code: 'UNAUTHORIZED' })
  expect(await client.open.query()).toBe('open')
})

it('works with the adapters of Express, Fastify and Fetch', async () => {
  const { guard, router } = createApi()
  const createContext = (options: Parameters<typeof guard.context>[0]): Context => ({
    ...guard.context(options),
    database: 'db',
  })
  const expressServer = express()
    .use('/trpc', createExpressMiddleware({ router, createContext, responseMeta: guard.responseMeta }))
    .listen(0, '127.0.0.1')
  await once(expressServer, 'listening')
  const fastifyServer = fastify()
  await fastifyServer.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: { router, createContext, responseMeta: guard.responseMeta },
  })
  await fastifyServer.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() =>
    Promise.all([new Promise((resolve) => expressServer.close(resolve)), fastifyServer.close()]).then(() => {}),
  )
  for (const server of [expressServer, fastifyServer.server]) {
    const url = `http://127.0.0.1:${portOf(server)}/trpc`
    expect(await clientOf(url, bearer()).client.caller.query()).toBe('alice')
    expect(await refusalOf(clientOf(url).client.caller.query())).toMatchObject(code('UNAUTHORIZED', 401, 'caller'))
  }
  const byFetch = (authorization?: string) =>
    fetchRequestHandler({
      endpoint: '/trpc',
      req: new Request('https://api.example.com/trpc/caller', { headers: authorization ? { authorization } : {} }),
      router,
      createContext,
      responseMeta: guard.responseMeta,
    })
  expect((await byFetch(bearer())).status).toBe(200)
  const refused = await byFetch()
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('realm="orders"'),
  ])
})

it('lets nothing through where the context is not of guard.context()', async () => {
  const { router } = createApi()
  for (const ctx of [{}, { guardedRequest: {} }, { guardedRequest: undefined }]) {
    const caller = router.createCaller(ctx as never)
    await expect(caller.caller()).rejects.toThrow(/let createContext return \{ \.\.\.guard\.context\(options\) \}/)
    await expect(caller.catalog()).rejects.toThrow(/guard\.context/)
  }
})

it('shows no token in the context', () => {
  const { guard } = createApi()
  const request = new Request('https://api.example.com/', { headers: { authorization: bearer() } })
  expect(JSON.stringify(guard.context({ req: request }))).toBe('{"guardedRequest":{}}')
})

it.each<[string, (guard: Api['guard']) => unknown, RegExp]>([
  ['a policy that is undefined', (guard) => guard(undefined), /^The policy is undefined/],
  [
    'a second policy',
    (guard) => (guard as (...args: unknown[]) => unknown)(scope('a'), scope('b')),
    /takes 1 argument/,
  ],
  [
    'guard.optional with a policy',
    (guard) => (guard.optional as (...args: unknown[]) => unknown)(scope('a')),
    /no policy/,
  ],
  [
    'a second argument of createGuard',
    () => (createGuard as (...args: unknown[]) => unknown)({}, {}),
    /takes 1 argument/,
  ],
])('refuses %s with a TypeError, at creation', (_, make, words) => {
  const { guard } = createApi()
  expect(() => make(guard)).toThrow(TypeError)
  expect(() => make(guard)).toThrow(words)
})
