// The contract of every adapter: one table of requests, and what no table can say.
import { AuthError, createResourceServer } from 'claimcheck'
import {
  allOf,
  application,
  authenticated,
  authenticationContext,
  device,
  scope,
  stepUp,
  user,
} from 'claimcheck/policy'
import { expect, it, onTestFinished } from 'vitest'
import { badTokens, goodToken } from '../support/bad-tokens.ts'
import { parseChallenge } from '../support/challenge-grammar.ts'
import { createTestClock } from '../support/clock.ts'
import { faults, startKeyServer } from '../support/key-server.ts'
import { type RawAnswer, type RawRequest, sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { type Answer, answerOf, bare, invalidToken, keysUnavailable, scopeMissing } from './answers.ts'
import { addRoutes, brokenHandler } from './api.ts'
import { describeChangedHeaders } from './changed-headers.ts'
import { type App, type Exception, type Framework, type Guard, listen } from './framework.ts'
import { describeOneAnswer } from './one-answer.ts'
import { describeManyRequests } from './many-requests.ts'
import { table } from './requests.ts'

type Open = () => Promise<Bench>

/** A client of the API under test, and what happened inside. */
interface Bench {
  send(request: RawRequest): Promise<RawAnswer>
  /** Sends a good token that has these claims. */
  sendAs(claims: Readonly<Record<string, unknown>>, path: string): Promise<RawAnswer>
  /** What the framework's error handling was given. */
  readonly errors: readonly unknown[]
  /** The subject of every token that was verified, once for each time. */
  readonly verified: readonly string[]
}

export function describeContract<Q extends object, H>(framework: Framework<Q, H>): void {
  const open = () => openBench(framework)
  describeTable(open, framework.exceptions)
  describeEveryRequest(open, framework.exceptions)
  describeFrameworkErrors(open, framework.exceptions)
  describeOneAnswer(framework)
  describeOtherOptions(framework)
  describeChangedHeaders(framework)
  describeManyRequests(framework)
  describeMisuse(framework)
}

/** Serves the API until the test ends. Each test has its own, so that it alone sees what goes wrong in making one. */
async function openBench<Q extends object, H>(framework: Framework<Q, H>): Promise<Bench> {
  const { options, verified } = testApiOptions()
  const app = framework.createApp()
  addRoutes(app, framework.createGuard(options), framework)
  const port = await listen(app)
  const send = (request: RawRequest) => sendRaw(port, request)
  return {
    send,
    sendAs: (claims, path) => send({ path, lines: [`Authorization: Bearer ${createToken({ claims })}`] }),
    errors: app.errors,
    verified,
  }
}

function describeTable(open: Open, exceptions: readonly Exception[] = []): void {
  it.each(table)('$title', async ({ requests, answer, joined }) => {
    const { send, errors } = await open()
    expect(requests).not.toEqual([])
    for (const request of requests) {
      const received = answerOf(await send(request))
      if (joined && exceptions.includes('lines are joined')) expect(joined).toContainEqual(received)
      else expectAnswer(received, answer, request)
    }
    expect(errors).toEqual([])
  })
}

function expectAnswer(received: Answer, answer: (typeof table)[number]['answer'], request: RawRequest): void {
  const about = JSON.stringify(request).slice(0, 300)
  if ('status' in answer) return expect(received, about).toEqual(answer)
  expect(received.status, about).toBe(200)
  expect(JSON.parse(received.body), about).toEqual(answer.letIn)
  expect(received.headers.join('\n')).not.toMatch(/^(www-authenticate|cache-control|retry-after):/m)
}

function describeEveryRequest(open: Open, exceptions: readonly Exception[] = []): void {
  it.each(['GET', 'HEAD', 'OPTIONS', 'POST'])('[RFC9110-11.6.1-1] refuses %s alike', async (method) => {
    const { send } = await open()
    const bodyOf = (answer: Answer) => ({ ...answer, body: method === 'HEAD' ? '' : answer.body })
    const lines = ['Authorization: Bearer garbage']
    expect(answerOf(await send({ method, path: '/caller' }), method)).toEqual(bodyOf(bare()))
    expect(answerOf(await send({ method, path: '/scopes', lines }), method)).toEqual(bodyOf(invalidToken))
  })

  it('tells HEAD how long the body would be', async () => {
    const { send } = await open()
    const answer = await send({ method: 'HEAD', path: '/caller' })
    const length = exceptions.includes('HEAD has no length') ? [] : [String(bare().body.length)]
    expect(valuesOf(answer, 'Content-Length')).toEqual(length)
  })

  it('answers every bad token with the very same bytes', async () => {
    const { send } = await open()
    const answers = new Set<string>()
    for (const token of badTokens) {
      const { headers, ...rest } = await send({ path: '/caller', lines: [`Authorization: Bearer ${token}`] })
      answers.add(JSON.stringify({ ...rest, headers: headers.filter(([name]) => name.toLowerCase() !== 'date') }))
    }
    expect([...answers]).toHaveLength(1)
    const good = await send({ path: '/caller', lines: [`Authorization: Bearer ${goodToken}`] })
    expect(good.status).toBe(200)
  })

  it('verifies a request once, however many guards it passes', async () => {
    const { sendAs, verified } = await open()
    expect((await sendAs({ scope: 'orders:read' }, '/twice')).status).toBe(200)
    expect(verified).toEqual(['alice'])
    expect((await sendAs({ scope: 'orders:read', sub: 'bob' }, '/twice')).status).toBe(200)
    expect(verified).toEqual(['alice', 'bob'])
  })

  if (!exceptions.includes('the request takes no auth'))
    it.each(['/auth-constant', '/auth-getter', '/auth-inherited'])(
      'lets in a caller whose request takes no auth at %s: guard.auth() knows it',
      async (path) => {
        const { sendAs, errors } = await open()
        for (const route of [path, `${path}-optional`]) {
          const { status, body } = await sendAs({}, route)
          expect({ status, body: JSON.parse(body) }).toEqual({
            status: 200,
            body: { subject: 'alice', onRequest: 'own' },
          })
        }
        expect(errors).toEqual([])
      },
    )

  it('says by a TypeError that no guard ran, whatever the request brings', async () => {
    const { sendAs } = await open()
    const { status, body } = await sendAs({}, '/unguarded')
    const message = expect.stringMatching(/^TypeError: No guard .*add guard\(\) or guard\.optional\(\)/)
    expect({ status, body: JSON.parse(body) }).toEqual({ status: 200, body: { auth: message, maybeAuth: message } })
  })
}

/** What is thrown in a handler gets the framework's own answer: its status and headers are ours, its body tells nothing. */
function describeFrameworkErrors(open: Open, exceptions: readonly Exception[] = []): void {
  it.each([
    ['/orders/alice', { sub: 'bob' }, { status: 403, reason: 'access_denied' }],
    ['/scoped-order', {}, { status: 403, reason: 'insufficient_scope', challenge: scopeMissing('orders:read') }],
    ['/broken-order', {}, { status: 503, reason: 'policy_unavailable', retryAfter: '1' }],
  ])('[RFC9111-3.5-1] lets the framework answer what guard.require throws for %s', async (path, claims, expected) => {
    const { sendAs, errors } = await open()
    const answer = await sendAs({ email: 'SECRET-claim', ...claims }, path)
    expectFrameworkAnswer(answer, { ...expected, exceptions })
    expect(errors).toEqual([expect.objectContaining({ reason: expected.reason })])
  })

  it.each(['/needs-caller', '/optional-order'])(
    'lets the framework ask for a token when an anonymous request needs a caller at %s',
    async (path) => {
      const { send, errors } = await open()
      const answer = await send({ path })
      expectFrameworkAnswer(answer, { status: 401, challenge: bare(), exceptions })
      expect(errors).toEqual([expect.any(AuthError)])
    },
  )

  it.each(['/handler-throws', '/handler-rejects'])(
    'gives the framework what a handler throws or rejects with at %s',
    async (path) => {
      const { sendAs, errors } = await open()
      expect((await sendAs({}, path)).status).toBe(500)
      expect(errors).toEqual([brokenHandler])
    },
  )

  if (!exceptions.includes('the request takes no auth'))
    it.each(['/auth-broken', '/auth-broken-optional'])(
      'gives the framework what goes wrong in the guard itself, and lets nobody in at %s',
      async (path) => {
        const { sendAs, errors } = await open()
        expect((await sendAs({}, path)).status).toBe(500)
        expect(errors).toEqual([expect.any(TypeError)])
      },
    )
}

interface FrameworkAnswer {
  readonly status: number
  readonly challenge?: Answer
  readonly retryAfter?: string
  readonly exceptions: readonly Exception[]
}

function expectFrameworkAnswer(answer: RawAnswer, expected: FrameworkAnswer): void {
  const { status, challenge, retryAfter, exceptions } = expected
  const line = challenge?.headers.find((header) => header.startsWith('www-authenticate: '))
  expect(answer.body).not.toMatch(/SECRET|eyJ|bob|owner/)
  if (exceptions.includes('errors of others are 500')) return expect(answer.status).toBe(500)
  expect(answer.status).toBe(status)
  expect(valuesOf(answer, 'WWW-Authenticate')).toEqual(line ? [line.slice('www-authenticate: '.length)] : [])
  expect(valuesOf(answer, 'Retry-After')).toEqual(retryAfter ? [retryAfter] : [])
  expect(valuesOf(answer, 'Cache-Control')).toEqual(['no-store'])
  if (!exceptions.includes('errors bring their body')) expect(answer.body).not.toContain('orders:read')
}

/** Serves `addTo`'s routes until the test ends, and asks one of them. */
async function ask<Q extends object, H>(
  { createApp }: Framework<Q, H>,
  addTo: (app: App<Q, H>) => void,
  request: RawRequest,
): Promise<Answer> {
  const app = createApp()
  addTo(app)
  return answerOf(await sendRaw(await listen(app), request))
}

function describeOtherOptions<Q extends object, H>(framework: Framework<Q, H>): void {
  const guardedBy = (guard: Guard<Q, H>) => (app: App<Q, H>) => {
    app.route('/', [guard(scope('read'))], () => ({}))
    app.route('/optional', [guard.optional()], () => ({}))
  }

  it('also asks the policy of the resource server, once a caller is known', async () => {
    const guard = framework.createGuard(createResourceServer(testApiOptions({ policy: scope('api') }).options))
    const sent = (path: string, claims: Record<string, unknown>) => ({
      path,
      lines: [`Authorization: Bearer ${createToken({ claims })}`],
    })
    expect(await ask(framework, guardedBy(guard), sent('/', { scope: 'api read' }))).toMatchObject({ status: 200 })
    expect(await ask(framework, guardedBy(guard), sent('/', { scope: 'read' }))).toMatchObject({ status: 403 })
    expect(await ask(framework, guardedBy(guard), sent('/', {}))).toEqual(scopeMissing('api read'))
    expect(await ask(framework, guardedBy(guard), { path: '/' })).toEqual(bare('api read'))
    expect(await ask(framework, guardedBy(guard), { path: '/optional' })).toMatchObject({ status: 200 })
    expect(await ask(framework, guardedBy(guard), sent('/optional', { scope: 'read' }))).toEqual(scopeMissing('api'))
    expect(await ask(framework, guardedBy(guard), sent('/optional', { scope: 'api' }))).toMatchObject({ status: 200 })
  })

  it('[RFC9728-5.4-1] sends several challenges in lines of their own, also when the framework answers', async () => {
    const clock = createTestClock()
    const guard = framework.createGuard(testApiOptions().options)
    const login = allOf(stepUp({ maxAgeSeconds: 5, clock }), authenticationContext('c1'))
    const claims = { auth_time: 1, acr: 'pwd', xms_cc: ['cp1'] }
    const app = framework.createApp()
    app.route('/guarded', [guard(login)], () => ({}))
    app.route('/required', [guard()], (request) => guard.require(request, login, {}))
    const port = await listen(app)
    const own = framework.exceptions?.includes('errors of others are 500') ? [] : ['/required']
    for (const path of ['/guarded', ...own]) {
      const answer = await sendRaw(port, { path, lines: [`Authorization: Bearer ${createToken({ claims })}`] })
      const values = valuesOf(answer, 'WWW-Authenticate')
      const areJoined = framework.exceptions?.includes('challenges are joined')
      const lines = (areJoined ? values.flatMap((value) => value.split(/, (?=Bearer )/)) : values).map(parseChallenge)
      expect(values).toHaveLength(areJoined ? 1 : 2)
      expect(answer.status).toBe(401)
      expect(lines.map(({ params }) => params.error)).toEqual([
        'insufficient_user_authentication',
        'insufficient_claims',
      ])
      expect(lines[0]?.params.max_age).toBe('5')
    }
  })

  it('[RFC9728-3-1] [MCP-PRM-1] serves its protected resource metadata, and names it in challenges', async () => {
    const resource = 'https://api.example.com/orders'
    const guard = framework.createGuard(testApiOptions({ metadata: { resource } }).options)
    const path = '/.well-known/oauth-protected-resource/orders'
    const app = framework.createApp()
    app.route(path, [guard.metadata()], () => ({ own: true }))
    app.route('/orders', [guard.metadata(), guard(scope('orders:read'))], () => ({}))
    const port = await listen(app)
    const answer = await sendRaw(port, { path })
    const areLate = framework.exceptions?.includes('policies are known at the first request')
    expect(JSON.parse(answer.body)).toEqual({
      resource,
      authorization_servers: ['https://sts.example.com'],
      ...(!areLate && { scopes_supported: ['orders:read'] }),
      bearer_methods_supported: ['header'],
    })
    expect(valuesOf(answer, 'Content-Type')).toEqual(['application/json'])
    expect(valuesOf(answer, 'Access-Control-Allow-Origin')).toEqual(['*'])
    expect(await sendRaw(port, { path, method: 'OPTIONS' })).toMatchObject({ status: 204, body: '' })
    expect(await sendRaw(port, { path, method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect(JSON.parse((await sendRaw(port, { path: `${path}?x` })).body)).toEqual({ own: true })
    expect(valuesOf(await sendRaw(port, { path: '/orders' }), 'WWW-Authenticate')).toEqual([
      `Bearer realm="orders", resource_metadata="https://api.example.com${path}", scope="orders:read"`,
    ])
  })

  it('answers 503 and no challenge while the keys cannot be reached, though the token may be good', async () => {
    const sts = await startKeyServer()
    onTestFinished(() => sts.stop())
    sts.answer('*', faults.status(500))
    const guard = framework.createGuard(testApiOptions({ issuer: sts.issuer, fetch: globalThis.fetch }).options)
    for (const path of ['/', '/optional']) {
      const lines = [`Authorization: Bearer ${createToken({ claims: { iss: sts.issuer } })}`]
      expect(await ask(framework, guardedBy(guard), { path, lines })).toEqual(keysUnavailable)
    }
    expect(sts.requests.length).toBeGreaterThan(0)
  })
}

/** As JavaScript calls it. */
function anyArguments(call: unknown): (...args: readonly unknown[]) => Promise<unknown> {
  return call as (...args: readonly unknown[]) => Promise<unknown>
}

/** Rows about the arguments of guard(), guard.optional() and guard.handler(). */
const aboutCalls = /^(guard\.(handler|optional)|a second policy|the guard itself)/

function describeMisuse<Q extends object, H>({ createGuard, createApp, exceptions = [] }: Framework<Q, H>): void {
  const options = () => testApiOptions().options
  const create = () => createGuard(options())

  const rows: readonly [string, () => unknown, RegExp][] = [
    ['a guard without options', () => createGuard({} as never), /issuer|audience/],
    ['a policy that is none', () => create()('orders:read' as never), /policy must be/],
    ['guard.handler without a handler', () => create().handler(), /needs a handler/],
    ['guard.handler with a policy and no handler', () => create().handler(scope('a')), /needs a handler/],
    // These policies are functions, too: one would be called in place of the handler that was forgotten.
    ...Object.entries({ authenticated, user, application, device }).flatMap(([name, rule]) =>
      [[rule], [scope('a'), rule]].map((args): [string, () => unknown, RegExp] => [
        `guard.handler with ${name} in place of a handler`,
        () => create().handler(...args),
        new RegExp(`needs a handler.*write guard\\.handler\\(${name}, handler\\)`),
      ]),
    ),
    ['guard.handler with a handler that is none', () => create().handler(scope('a'), 'handler'), /needs a handler/],
    ['guard.handler with a policy that is none', () => create().handler('orders:read', () => {}), /policy must be/],
    ['a policy that is undefined', () => create()(undefined), /^The policy is undefined/],
    [
      'guard.handler with a policy that is undefined',
      () => create().handler(undefined, () => {}),
      /^The policy is undef/,
    ],
    ['a second policy', () => anyArguments(create())(scope('a'), scope('b')), /^guard\(\) takes 1 argument, not 2/],
    ['guard.handler with two', () => create().handler(scope('a'), scope('b'), () => {}), /takes 2 arguments, not 3/],
    ['guard.optional with a policy', () => anyArguments(create().optional)(scope('a')), /takes no policy: .*require/],
    ['guard.optional with undefined', () => anyArguments(create().optional)(undefined), /takes no policy/],
    [
      'createGuard with a third argument',
      () => anyArguments(createGuard)(options(), {}, {}),
      /takes 2 arguments, not 3/,
    ],
    [
      'an option that createGuard has not',
      () => anyArguments(createGuard)(options(), { refuse: 1 }),
      /no option refuse/,
    ],
    [
      'refusals that are neither',
      () => anyArguments(createGuard)(options(), { refusals: 'next' }),
      /'answer' or 'pass-on', not 'next'/,
    ],
    [
      'guard.errors with an argument',
      () => anyArguments(create().errors)(scope('a')),
      /takes 0 arguments|takes no argument/,
    ],
    [
      'the guard itself as middleware',
      () => anyArguments(create())({ headers: {} }, {}, () => {}),
      /write guard\(\) in place of guard/,
    ],
    ['createGuard of a copy', () => createGuard({ ...createResourceServer(options()) }), /the very object/],
    ['createGuard of nothing', () => anyArguments(createGuard)(), /needs an options object/],
  ]
  const hasCalls = !exceptions.includes('decorators say what a route needs')
  it.each(rows.filter(([title]) => hasCalls || !aboutCalls.test(title)))(
    'refuses %s with a TypeError, at creation',
    (_, make, words) => {
      expect(make).toThrow(TypeError)
      expect(make).toThrow(words)
    },
  )

  it.each<[string, readonly unknown[], RegExp]>([
    ['a policy that is undefined', [undefined, {}], /^The policy is undefined/],
    ['a second policy', [scope('a'), {}, scope('b')], /^guard\.require\(\) has no option id/],
    ['a fifth argument', [scope('a'), {}, {}, scope('b')], /^guard\.require\(\) takes 4 arguments, not 5/],
  ])('rejects guard.require with %s by a TypeError, and lets nothing through', async (_, args, words) => {
    const guard = createGuard(options())
    const app = createApp()
    const seen: unknown[] = []
    app.route('/', [guard()], async (request) => {
      const answer: unknown = await anyArguments(guard.require)(request, ...args).catch((failure: unknown) => failure)
      seen.push(answer)
      throw answer
    })
    const lines = [`Authorization: Bearer ${goodToken}`]
    expect((await sendRaw(await listen(app), { path: '/', lines })).status).toBe(500)
    expect(seen).toEqual([expect.any(TypeError)])
    expect((seen[0] as TypeError).message).toMatch(words)
  })

  it('ignores what a callback is given besides the request: guard.auth, guard.maybeAuth', async () => {
    const guard = createGuard(options())
    const app = createApp()
    app.route('/', [guard()], (request) =>
      [guard.auth, guard.maybeAuth].map((ask) => [request].map(ask)[0]?.principal.subject),
    )
    const lines = [`Authorization: Bearer ${goodToken}`]
    const { body } = await sendRaw(await listen(app), { path: '/', lines })
    expect(JSON.parse(body)).toEqual(['alice', 'alice'])
  })
}
