// From a request to an outcome, without any framework: who is in, who is nobody, who is refused and how.
import {
  AuthError,
  createResourceServer,
  createVerifier,
  type ResourceServerOptions,
  type VerifiedToken,
} from 'claimcheck'
import { allOf, not, type Policy, policy, type PolicyQuery, role, scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import {
  bearer,
  createTestApi,
  errorOf,
  headerOf,
  refused,
  requestWith,
  testApiOptions,
} from '../support/resource-servers.ts'
import { audience, createToken, issuer } from '../support/tokens.ts'

const allow = () => true
const caller = await createTestApi().api.verifyToken(createToken())
/** What a rule that never looks at its caller would allow all the same. */
const imitations: readonly unknown[] = [
  { principal: undefined },
  { principal: { kind: 'user', key: 'admin' }, claims: {} },
  { ...caller },
  structuredClone(caller),
  Object.create(caller),
  new Proxy(caller, {}),
]
const deny = () => false

describe('authenticate', () => {
  it('[RFC6750-2.1-1] says who sent a good token', async () => {
    const { api } = createTestApi()
    const authentication = await api.authenticate(bearer({ sub: 'bob' }))
    expect(authentication).toMatchObject({ outcome: 'authenticated', auth: { principal: { subject: 'bob' } } })
  })

  it.each([['no credential'], ['a foreign scheme', 'Basic Zm9v']])(
    'calls a request with %s anonymous',
    async (_, ...lines) => {
      const { api, events } = createTestApi()
      expect(await api.authenticate(requestWith(...lines))).toEqual({ outcome: 'anonymous' })
      expect(events).toEqual([])
    },
  )

  it.each([
    ['credential_malformed', ['Bearer a b'], { verified: false }],
    ['credential_repeated', ['Bearer a', 'Bearer b'], {}],
  ])('refuses with %s what is not one credential, and tells the operator once', async (reason, lines, details) => {
    const { api, events, verified } = createTestApi()
    const authentication = api.authenticate(requestWith(...lines))
    expect(await refused(authentication)).toMatchObject({ code: 'invalid_request', reason, status: 400, details })
    const answer = api.challenge(await errorOf(authentication))
    expect(headerOf(answer, 'WWW-Authenticate')).toMatch(/^Bearer realm="orders", error="invalid_request", /)
    expect(events).toEqual([
      {
        type: 'refusal',
        code: 'invalid_request',
        reason,
        status: 400,
        hint: reason === 'credential_malformed' ? expect.any(String) : undefined,
        details,
        request: { method: 'GET' },
      },
    ])
    expect(verified).toEqual([])
  })

  it('refuses a bad token with the error of the verifier, and tells the operator once', async () => {
    const { api, events } = createTestApi()
    expect(await refused(api.authenticate(bearer({ aud: 'https://other' })))).toMatchObject({
      reason: 'audience_mismatch',
    })
    expect(events.map((event) => 'reason' in event && event.reason)).toEqual(['audience_mismatch'])
  })

  it('verifies once for each request object, also when it is asked again before it has answered', async () => {
    const { api, verified } = createTestApi()
    const request = bearer()
    const [one, auth] = await Promise.all([api.authenticate(request), api.guard(request, allow)])
    expect(one).toEqual({ outcome: 'authenticated', auth })
    expect(await api.authenticate(request)).toBe(one)
    expect(verified).toEqual(['alice'])
    await api.authenticate({ ...request })
    expect(verified).toEqual(['alice', 'alice'])
  })
})

describe('guard', () => {
  it('lets in who has a good token, where no policy asks for more', async () => {
    const { api } = createTestApi()
    expect(await api.guard(bearer())).toMatchObject({ issuer, principal: { subject: 'alice' } })
  })

  it('lets in whom the policy allows, and gives it the caller and no resource', async () => {
    const { api } = createTestApi()
    const queries: unknown[] = []
    const auth = await api.guard(bearer(), (query) => queries.push(query) === 1)
    expect(queries).toEqual([{ auth, resource: undefined }])
  })

  it('[RFC6750-3.1-1] asks who sends no credential for one, and names the scopes that the policy requires', async () => {
    const { api, events } = createTestApi()
    const needs = allOf(scope('a', 'b'), scope('b', 'c'))
    expect(await refused(api.guard(requestWith(), needs))).toEqual({
      code: 'unauthenticated',
      reason: 'credential_missing',
      status: 401,
      challenge: 'Bearer realm="orders", scope="a b c"',
      details: {},
    })
    expect(await refused(api.guard(requestWith('Basic Zm9v'), role('r')))).toMatchObject({
      challenge: 'Bearer realm="orders"',
    })
    expect(await refused(api.guard(requestWith()))).toMatchObject({ challenge: 'Bearer realm="orders"' })
    expect(events.map(({ type }) => type)).toEqual(['refusal', 'refusal', 'refusal'])
  })

  it('never asks the policy about who is anonymous or refused', async () => {
    const { api } = createTestApi()
    for (const request of [requestWith(), requestWith('Bearer garbage'), requestWith('Bearer a b')]) {
      expect((await refused(api.guard(request, () => expect.fail('was asked')))).status).toBeLessThan(402)
    }
  })

  it('[RFC9700-2.3-1] [MCP-TOK-1] refuses a token for another resource, and an action that the token does not cover', async () => {
    const { api } = createTestApi()
    const needs = scope('orders:read', 'orders:write')
    const other = await refused(api.guard(bearer({ aud: 'https://other', scope: 'orders:read orders:write' }), needs))
    expect(other).toMatchObject({ reason: 'audience_mismatch', status: 401 })
    expect(await refused(api.guard(bearer({ scope: 'orders:read' }), needs))).toMatchObject({
      code: 'insufficient_scope',
      status: 403,
      challenge: expect.stringMatching(
        /^Bearer realm="orders", error="insufficient_scope", .*, scope="orders:read orders:write"$/,
      ),
      details: { verified: true, policy: 'scope(orders:read orders:write)', aud: audience, iss: issuer },
    })
  })

  it.each<[string, Policy | (() => unknown), string]>([
    ['a role is missing', role('manager') as Policy, 'role(manager)'],
    ['a function says no', deny, 'deny'],
    ['the negation of a scope says no', not(policy('all', allow)), 'not(all)'],
    ['a decision names nothing that would help', policy('empty', () => ({ effect: 'deny', missing: [] })), 'empty'],
  ])('denies without a challenge when %s', async (_, rule, id) => {
    const { api, events } = createTestApi()
    expect(await refused(api.guard(bearer(), rule as Policy))).toMatchObject({
      code: 'access_denied',
      status: 403,
      challenge: undefined,
      details: { verified: true, policy: id },
    })
    expect(events).toMatchObject([{ type: 'refusal', code: 'access_denied', status: 403, details: { policy: id } }])
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new RangeError('broken')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('broken'))],
    ['says that it cannot tell', () => ({ effect: 'indeterminate', cause: new RangeError('broken') })],
  ])('answers 503 when the policy %s, and tells the operator why', async (_, broken) => {
    const { api, events } = createTestApi()
    const answer = await refused(api.guard(bearer(), policy('fragile', broken as () => boolean)))
    const details = { verified: true, policy: 'fragile', cause: new RangeError('broken') }
    expect(answer).toMatchObject({ reason: 'policy_unavailable', status: 503, challenge: undefined, details })
    expect(events).toMatchObject([{ reason: 'policy_unavailable', status: 503, details }])
  })

  it('[RFC9700-4.15-1] lets a policy for users refuse the token of an application', async () => {
    const { api } = createTestApi()
    const onlyUsers = policy('onlyUsers', ({ auth }: { auth: VerifiedToken }) => auth.principal.kind === 'user')
    const application = { sub: 'batch-job', client_id: 'batch-job' }
    expect(await api.guard(bearer({ auth_time: 1, acr: '1' }), onlyUsers)).toHaveProperty('principal.kind', 'user')
    expect(await refused(api.guard(bearer(application), onlyUsers))).toMatchObject({
      code: 'access_denied',
      status: 403,
    })
    expect(await refused(api.guard(bearer(), onlyUsers))).toMatchObject({ code: 'access_denied', status: 403 })
  })
})

describe('a resource server', () => {
  it('verifies tokens like a verifier, and its functions may be taken off it', async () => {
    const { authenticate, authorize, require, guard, challenge, verifyToken, ready, close } = createTestApi().api
    const auth = await verifyToken(createToken())
    expect(await authenticate(bearer())).toHaveProperty('outcome', 'authenticated')
    expect(await guard(bearer())).toHaveProperty('principal.subject', 'alice')
    expect(await authorize(auth, allow)).toEqual({ effect: 'allow' })
    expect(await require(auth, allow)).toBeUndefined()
    expect(challenge(new AuthError('access_denied')).status).toBe(403)
    expect(await ready()).toEqual([{ issuer, ok: true }])
    expect(close()).toBeUndefined()
  })

  it('has the realm api unless it is given another, and says so', () => {
    const { realm: _, ...options } = testApiOptions().options as ResourceServerOptions & { realm: string }
    const plain = createResourceServer(options as ResourceServerOptions)
    expect(plain.realm).toBe('api')
    expect(headerOf(plain.challenge(new AuthError('credential_missing')), 'WWW-Authenticate')).toBe(
      'Bearer realm="api"',
    )
    expect(createTestApi().api.realm).toBe('orders')
    expect(createTestApi({ realm: '' }).api.realm).toBe('')
  })

  it.each(['a"b', 'a\\b', 'é', 'a\nb', 1, null])('has no realm %j', (realm) => {
    expect(() => createTestApi({ realm: realm as string })).toThrow(TypeError)
  })

  it.each<[string, readonly unknown[], string]>([
    ['guard', [bearer(), undefined], 'The policy is undefined'],
    ['guard', [bearer(), undefined, undefined, {}], 'The policy is undefined'],
    ['guard', [bearer(), null], 'A policy must be'],
    ['guard', [bearer(), allow, undefined, {}, deny], 'guard() takes 4 arguments, not 5'],
    ['guard', [bearer(), allow, {}, { timeout: 1 }], 'guard() has no option timeout'],
    ['guard', [bearer(), allow, {}, deny], 'guard() needs an options object'],
    ['require', [caller, undefined], 'The policy is undefined'],
    ['require', [caller], 'The policy is undefined'],
    ['require', [caller, allow, {}, {}, deny], 'require() takes 4 arguments, not 5'],
    ['require', [caller, allow, {}, bearer()], 'require() has no option method. It has: request, signal'],
    ['authorize', [caller, undefined], 'The policy is undefined'],
    ['authorize', [caller, allow, {}, {}, deny], 'authorize() takes 4 arguments, not 5'],
    ['authorize', [caller, allow, {}, { trace: true }], 'authorize() has no option trace. It has: explain, signal'],
    ['authorizeAll', [caller, undefined, [1]], 'The policy is undefined'],
    ['authorizeAll', [caller, allow, [1], deny], 'authorizeAll() takes 3 arguments, not 4'],
    ...['require', 'authorize', 'authorizeAll'].flatMap((name) =>
      [undefined, null, {}, 'alice', Promise.resolve(caller), ...imitations].map(
        (auth): [string, readonly unknown[], string] => [
          name,
          [auth, allow, [1]],
          'auth must be a verified token: await the promise',
        ],
      ),
    ),
  ])('%s rejects arguments that it would have to ignore, or that are missing: %#', async (name, args, message) => {
    const { api, verified } = createTestApi()
    const ask = api[name as 'guard'] as unknown as (...args: readonly unknown[]) => Promise<unknown>
    const failure: unknown = await ask(...args).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(TypeError)
    expect((failure as TypeError).message.startsWith(message)).toBe(true)
    expect(verified).toEqual([])
  })

  it('declares no policy that is undefined', () => {
    const { api } = createTestApi()
    for (const declare of [api.declare, () => (api.declare as () => void)()])
      expect(() => declare(undefined as never)).toThrow(/^The policy is undefined/)
  })

  it('is made of one argument, and so is a verifier', () => {
    const { options } = testApiOptions()
    const { realm: _, ...verifierOptions } = options as ResourceServerOptions & { realm: string }
    const makers = [createResourceServer, createVerifier] as readonly unknown[]
    for (const make of makers as readonly ((...args: readonly unknown[]) => unknown)[]) {
      expect(make(verifierOptions)).toHaveProperty('verifyToken')
      expect(() => make(verifierOptions, { audience: 'x' })).toThrow(/^create\w+\(\) takes 1 argument, not 2/)
    }
  })

  it('ignores what callbacks are given besides: verifyToken, ready, close', async () => {
    const { verifyToken, ready, close } = createTestApi().api
    const [auth] = await Promise.all([createToken()].map(verifyToken as (token: string) => Promise<VerifiedToken>))
    expect(auth?.principal.subject).toBe('alice')
    expect(await (ready as (more: string) => Promise<unknown>)('more')).toEqual([{ issuer, ok: true }])
    expect((close as (more: string) => void)('more')).toBeUndefined()
  })

  it('hands a signal on to the policies', async () => {
    const { api } = createTestApi()
    const { signal } = new AbortController()
    const signals: unknown[] = []
    const rule = policy('signalled', (query: PolicyQuery<VerifiedToken, number>) => signals.push(query.signal) > 0)
    const auth = await api.guard(bearer(), rule, 1, { signal })
    await api.require(auth, rule, 1, { signal })
    await api.authorize(auth, rule, 1, { signal })
    expect(signals).toEqual([signal, signal, signal])
  })

  it('asks a policy of guard about a resource', async () => {
    const { api } = createTestApi()
    const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, { readonly owner: string }>) => {
      return resource.owner === auth.principal.subject
    })
    expect(await api.guard(bearer({ sub: 'bob' }), owner, { owner: 'bob' })).toHaveProperty('principal.subject', 'bob')
    expect(await refused(api.guard(bearer({ sub: 'bob' }), owner, { owner: 'alice' }))).toMatchObject({ status: 403 })
  })

  it('refuses options that a verifier would refuse', () => {
    expect(() => createTestApi({ relm: 'x' } as Partial<ResourceServerOptions>)).toThrow(
      /^createResourceServer\(\) has no option relm\. It has: issuer, .*realm, policy\.$/,
    )
    expect(() => createTestApi({ clockToleranceSeconds: 301 })).toThrow(/clockToleranceSeconds/)
  })
})
