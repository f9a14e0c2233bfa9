// The plugin of "claimcheck/fastify": what is denied by default, and what a route must say to be less strict.
import { createGuard } from 'claimcheck/fastify'
import { authenticated, scope } from 'claimcheck/policy'
import { fastify, type FastifyInstance } from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { answerOf, bare, invalidToken, scopeMissing } from './answers.ts'
import { portOf } from './framework.ts'

const resource = 'https://api.example.com/orders'
const document = '/.well-known/oauth-protected-resource/orders'
const ok = async () => 'let in'

function createTestGuard(changes: Parameters<typeof testApiOptions>[0] = {}) {
  return createGuard(testApiOptions(changes).options)
}

/** Starts the application, and gives a client of it. */
async function serve(app: FastifyInstance) {
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  return (path: string, { method = 'GET', scopes }: { method?: string; scopes?: string } = {}) => {
    const token = createToken({ claims: { scope: scopes } })
    return sendRaw(portOf(app.server), {
      path,
      method,
      lines: scopes === undefined ? [] : [`Authorization: Bearer ${token}`],
    })
  }
}

it('demands a token of every route of the scope: with and without a config, registered before and after', async () => {
  const guard = createTestGuard()
  const app = fastify()
  app.get('/before', ok)
  await app.register(guard.plugin)
  app.get('/after', ok)
  app.get('/misspelt', { config: { polcy: 'orders:read' } }, ok)
  app.route({ method: ['GET', 'POST', 'OPTIONS'], url: '/several', handler: ok })
  app.all('/all', ok)
  await app.register(async (child) => child.get('/nested', ok))
  await app.register(async (child) => child.get('/orders', ok), { prefix: '/v1' })
  app.setErrorHandler(guard.errors())
  const send = await serve(app)
  for (const path of ['/before', '/after', '/misspelt', '/several', '/all', '/nested', '/v1/orders', '/none']) {
    expect(answerOf(await send(path)), path).toEqual(bare())
    expect((await send(path, { method: 'HEAD' })).status, path).toBe(401)
    expect((await send(path, { scopes: '' })).status, path).toBe(path === '/none' ? 404 : 200)
  }
  for (const method of ['POST', 'OPTIONS', 'DELETE']) expect((await send('/all', { method })).status, method).toBe(401)
})

it("asks the policy of a route's config, of HEAD too, and names its scope to requests without a token", async () => {
  const guard = createTestGuard()
  const app = fastify()
  const config = guard.config(scope('orders:read'))
  app.get('/before', { config }, ok)
  await app.register(guard.plugin)
  app.get('/after', { config: { ...config, other: true } }, (request) => guard.auth(request).principal.subject)
  const send = await serve(app)
  for (const path of ['/before', '/after']) {
    expect(answerOf(await send(path))).toEqual(bare('orders:read'))
    expect(answerOf(await send(path, { scopes: 'other' }))).toEqual(scopeMissing('orders:read'))
    expect((await send(path, { scopes: 'other', method: 'HEAD' })).status).toBe(403)
    expect((await send(path, { scopes: 'orders:read' })).status).toBe(200)
  }
  expect((await send('/after', { scopes: 'orders:read' })).body).toBe('alice')
})

it("lets requests without a credential in where the config says 'anonymous', and refuses bad tokens there", async () => {
  const guard = createTestGuard()
  const app = fastify()
  await app.register(guard.plugin)
  app.get(
    '/catalog',
    { config: guard.config('anonymous') },
    (request) => guard.maybeAuth(request)?.principal.subject ?? 'nobody',
  )
  const send = await serve(app)
  expect((await send('/catalog')).body).toBe('nobody')
  expect((await send('/catalog', { method: 'HEAD' })).status).toBe(200)
  expect((await send('/catalog', { scopes: '' })).body).toBe('alice')
  const bad = await sendRaw(portOf(app.server), { path: '/catalog', lines: ['Authorization: Bearer garbage'] })
  expect(answerOf(bad)).toEqual(invalidToken)
})

it('guards the scope that registers it alone: neither its parent nor its siblings', async () => {
  const guard = createTestGuard()
  const app = fastify()
  app.get('/open', ok)
  await app.register(
    async (child) => {
      await child.register(guard.plugin)
      child.get('/inside', ok)
      await child.register(async (grandchild) => grandchild.get('/deeper', ok))
    },
    { prefix: '/api' },
  )
  await app.register(async (sibling) => sibling.get('/sibling', ok))
  const send = await serve(app)
  for (const path of ['/open', '/sibling']) expect((await send(path)).status, path).toBe(200)
  for (const path of ['/api/inside', '/api/deeper']) expect((await send(path)).status, path).toBe(401)
})

it('two guards in one scope: both demand their token, and each reads its own config', async () => {
  const [outer, inner] = [createTestGuard(), createTestGuard({ audience: 'https://other.example.com' })]
  const app = fastify()
  await app.register(outer.plugin)
  await app.register(async (child) => {
    await child.register(inner.plugin)
    child.get('/both', ok)
    child.get('/inner-open', { config: inner.config('anonymous') }, ok)
    child.get('/open', { config: { ...inner.config('anonymous'), ...outer.config('anonymous') } }, ok)
  })
  const send = await serve(app)
  expect((await send('/both')).status).toBe(401)
  expect((await send('/both', { scopes: '' })).status).toBe(401)
  expect((await send('/inner-open')).status).toBe(401)
  expect((await send('/open')).status).toBe(200)
})

it('[RFC9728-3-1] serves the metadata without a route, with the scopes of the configs, and names it in challenges', async () => {
  const guard = createTestGuard({ metadata: { resource } })
  const app = fastify()
  await app.register(guard.plugin)
  app.get('/orders', { config: guard.config(scope('orders:read')) }, ok)
  const send = await serve(app)
  expect(JSON.parse((await send(document)).body)).toMatchObject({ resource, scopes_supported: ['orders:read'] })
  expect((await send(document, { method: 'OPTIONS' })).status).toBe(204)
  expect(valuesOf(await send('/orders'), 'WWW-Authenticate').join()).toContain(
    `resource_metadata="https://api.example.com${document}"`,
  )
})

it("hands refusals to the error handler of the application with refusals: 'pass-on'", async () => {
  const guard = createGuard(testApiOptions().options, { refusals: 'pass-on' })
  const app = fastify()
  await app.register(guard.plugin)
  app.setErrorHandler((error: { readonly code?: string }, _request, reply) => reply.code(418).send(error.code))
  app.get('/', ok)
  const send = await serve(app)
  expect(await send('/')).toMatchObject({ status: 418, body: 'unauthenticated' })
})

it('goes on after its hooks as other hooks do: a request that another hook has answered reaches no handler', async () => {
  const guard = createTestGuard()
  const app = fastify()
  app.addHook('onRequest', (_request, reply) => reply.code(503).send('closed'))
  await app.register(guard.plugin)
  const handled: string[] = []
  app.get('/', (request) => handled.push(request.url))
  const send = await serve(app)
  expect((await send('/')).body).toBe('closed')
  expect(handled).toEqual([])
})

it('decorates requests once, also where the application has done so', async () => {
  const app = fastify()
  app.decorateRequest('auth')
  const guard = createTestGuard()
  await app.register(guard.plugin)
  app.get('/', (request) => ({ same: Reflect.get(request, 'auth') === guard.auth(request) }))
  const send = await serve(app)
  expect((await send('/', { scopes: '' })).body).toBe('{"same":true}')
})

const anyCall = (call: unknown) => call as (...args: readonly unknown[]) => never

it.each<[string, (guard: ReturnType<typeof createTestGuard>) => unknown, RegExp]>([
  ['a policy that is undefined', ({ config }) => anyCall(config)(undefined), /^The policy is undefined/],
  ['no policy', ({ config }) => anyCall(config)(), /needs the policy of the route, or 'anonymous'/],
  ['a word that is none', ({ config }) => anyCall(config)('anonymus'), /policy must be/],
  ['a second policy', ({ config }) => anyCall(config)(scope('a'), authenticated), /takes 1 argument, not 2/],
])('refuses guard.config with %s by a TypeError, at creation', (_, make, words) => {
  expect(() => make(createTestGuard())).toThrow(TypeError)
  expect(() => make(createTestGuard())).toThrow(words)
})

it('does not start behind a plugin whose routes it could not guard', async () => {
  const guard = createTestGuard()
  const app = fastify()
  void app.register(async (child) => child.get('/open', ok))
  void app.register(guard.plugin)
  await expect(app.ready()).rejects.toThrow(/came too late to guard the plugins before it/)
})

it.each<[string, (app: FastifyInstance, guard: ReturnType<typeof createTestGuard>) => unknown, RegExp]>([
  [
    'a policy that a route has under a name of its own',
    (app) => app.get('/', { config: { policy: scope('admin') } }, ok),
    /GET \/ has a policy in config\.policy, which nothing reads: write config: guard\.config\(policy\)/,
  ],
  [
    'a bare function that a route has for a policy under a name of its own',
    (app) => app.get('/', { config: { policy: () => false } }, ok),
    /GET \/ has a policy in config\.policy, which nothing reads: write config: guard\.config\(policy\)/,
  ],
  [
    'a rule of claimcheck that is a function, under any name',
    (app) => app.get('/', { config: { requires: authenticated } }, ok),
    /GET \/ has a policy in config\.requires, which nothing reads/,
  ],
  [
    'a list of policies',
    (app) => app.get('/', { config: { scopes: [scope('admin')] } }, ok),
    /GET \/ has a policy in config\.scopes, which nothing reads/,
  ],
  [
    'a policy among the options of a route',
    (app) => app.get('/', { policy: scope('admin') } as object, ok),
    /GET \/ has a policy in its options, which nothing reads/,
  ],
  [
    'a bare function among the options of a route',
    (app) => app.get('/', { policy: () => false } as object, ok),
    /GET \/ has a policy in its options, which nothing reads/,
  ],
  [
    'the config of a guard under a name of its own',
    (app, guard) => app.get('/', { config: { auth: guard.config(scope('admin')) } }, ok),
    /GET \/ has a policy in config\.auth, which nothing reads/,
  ],
  [
    'the config of a guard among the options of a route, or in place of them',
    (app, guard) => app.get('/', { ...guard.config(scope('admin')) }, ok),
    /GET \/ has a policy in its options, which nothing reads/,
  ],
  [
    'a route with the config of a guard whose plugin is missing',
    (app) => app.get('/', { config: createTestGuard().config(scope('admin')) }, ok),
    /config of another guard/,
  ],
  [
    'a prefix of its own, which Fastify would ignore',
    (app, guard) => app.register(guard.plugin, { prefix: '/api' }),
    /register it within the plugin that has the prefix/,
  ],
])('does not start with %s', async (_, add, words) => {
  const guard = createTestGuard()
  const app = fastify()
  const start = async () => {
    await app.register(guard.plugin)
    await add(app, guard)
    await app.ready()
  }
  await expect(start()).rejects.toThrow(words)
})

it('leaves functions alone that are meant for others', async () => {
  const guard = createTestGuard()
  const app = fastify()
  await app.register(guard.plugin)
  const seen: string[] = []
  const options = {
    onRequest: [async () => void seen.push('hook')],
    config: { policy: 'of another hook', key: () => 'k' },
  }
  app.get('/', options, ok)
  const send = await serve(app)
  expect((await send('/', { scopes: '' })).status).toBe(200)
  expect(seen).toEqual(['hook'])
})

it('lets no token in to a route before the plugin whose policy nothing reads', async () => {
  const guard = createTestGuard()
  const app = fastify()
  app.get('/policy', { config: { policy: scope('admin') } }, ok)
  app.get('/bare', { config: { policy: () => false } }, ok)
  app.get('/nested', { config: { auth: guard.config(scope('admin')) } }, ok)
  app.get('/foreign', { config: createTestGuard().config(scope('admin')) }, ok)
  await app.register(guard.plugin)
  const send = await serve(app)
  for (const path of ['/policy', '/bare', '/nested', '/foreign'])
    expect((await send(path, { scopes: 'other' })).status, path).toBe(500)
})

it('lets no token in where a hook has taken the policy of a route away, such as one that copies its config by JSON', async () => {
  const guard = createTestGuard()
  const app = fastify()
  await app.register(guard.plugin)
  app.addHook('onRoute', (route) => void (route.config = JSON.parse(JSON.stringify(route.config ?? {}))))
  app.get('/orders', { config: guard.config(scope('orders:read')) }, ok)
  app.get('/plain', ok)
  const send = await serve(app)
  for (const scopes of ['', 'orders:read']) expect((await send('/orders', { scopes })).status).toBe(500)
  expect((await send('/plain', { scopes: '' })).status).toBe(200)
})
