// What policies decide about requests and resources: the resource server's own, a route's, and one asked in a handler.
import { createResourceServer, type VerifiedToken } from 'claimcheck'
import { anyOf, policy, scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { bearer, createTestApi, refused, requestWith, testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

const allow = () => true
const deny = () => false

describe('the policy of the resource server', () => {
  const { options } = testApiOptions({ policy: scope('api') })
  const api = createResourceServer(options)

  it('must allow as well, whatever the route asks for', async () => {
    expect(await api.guard(bearer({ scope: 'api' }))).toHaveProperty('principal.scopes', ['api'])
    expect(await api.guard(bearer({ scope: 'api read' }), scope('read'))).toHaveProperty('principal.subject', 'alice')
    expect(await refused(api.guard(bearer({ scope: 'read' })))).toMatchObject({ code: 'insufficient_scope' })
    expect(await refused(api.guard(bearer({ scope: 'read' }), scope('read')))).toMatchObject({
      code: 'insufficient_scope',
    })
    expect(await refused(api.guard(bearer({ scope: 'read' }), allow))).toMatchObject({ code: 'insufficient_scope' })
    expect(await refused(api.guard(bearer({ scope: 'api' }), anyOf(scope('read'), deny)))).toMatchObject({
      status: 403,
    })
  })

  it('is told of together with that of the route', async () => {
    const anonymous = await refused(api.guard(requestWith(), scope('read')))
    expect(anonymous.challenge).toBe('Bearer realm="orders", scope="api read"')
    expect((await refused(api.guard(bearer(), scope('read')))).challenge).toMatch(/, scope="api read"$/)
    expect((await refused(api.guard(requestWith()))).challenge).toBe('Bearer realm="orders", scope="api"')
    // Who has one of the two is told of both: a client that asked for the other alone would lose it.
    const half = await refused(api.guard(bearer({ scope: 'read' }), scope('read')))
    expect(half.challenge).toMatch(/, scope="api read"$/)
  })

  it('may be a function, and must be a policy', async () => {
    const { api } = createTestApi({ policy: deny })
    expect(await refused(api.guard(bearer()))).toMatchObject({ code: 'access_denied', details: { policy: 'deny' } })
    expect(() => createTestApi({ policy: 'scope' as never })).toThrow(/policy must be/i)
  })
})

describe('a policy of your own', () => {
  it.each(['a"b', 'a\r\nSet-Cookie: b=c', 'a b', '', 'é'])(
    '[RFC6750-3-4] cannot put %j into a challenge: that is a 503',
    async (text) => {
      const { api, events } = createTestApi()
      const reflecting = { id: 'reflecting', evaluate: () => ({ effect: 'deny', missing: unmetScope(text) }) as const }
      expect(await refused(api.guard(bearer(), reflecting))).toMatchObject({ status: 503, challenge: undefined })
      expect(events).toMatchObject([{ reason: 'policy_unavailable', details: { cause: expect.any(TypeError) } }])
    },
  )

  it('may name several scopes that would help, which the challenge names once each', async () => {
    const { api } = createTestApi()
    const missing = [...unmetScope('a', 'b'), ...unmetScope('b', 'c')]
    const demanding = { id: 'demanding', requires: missing, evaluate: () => ({ effect: 'deny', missing }) as const }
    expect((await refused(api.guard(bearer(), demanding))).challenge).toMatch(/, scope="a b c"$/)
    expect((await refused(api.guard(requestWith(), demanding))).challenge).toBe('Bearer realm="orders", scope="a b c"')
  })
})

describe('authorize and require', () => {
  const { api, events } = createTestApi()
  const owner = policy('owner', ({ auth, resource }: { auth: VerifiedToken; resource: { owner: string } }) => {
    return auth.principal.subject === resource.owner
  })
  const alice = () => api.verifyToken(createToken())

  it('asks a policy about a resource', async () => {
    expect(await api.authorize(await alice(), owner, { owner: 'alice' })).toEqual({ effect: 'allow' })
    expect(await api.authorize(await alice(), owner, { owner: 'bob' })).toEqual({ effect: 'deny' })
    expect(await api.authorize(await alice(), allow)).toEqual({ effect: 'allow' })
    expect(events).toEqual([])
  })

  it('throws the refusal that the decision calls for, and tells the operator once', async () => {
    expect(await api.require(await alice(), owner, { owner: 'alice' })).toBeUndefined()
    const error = await refusalOf(api.require(await alice(), owner, { owner: 'bob' }))
    expect(error).toMatchObject({ code: 'access_denied', status: 403, details: { verified: true, policy: 'owner' } })
    const needs = scope('orders:read')
    expect((await refusalOf(api.require(await alice(), needs))).headers['WWW-Authenticate']).toMatch(
      /^Bearer realm="orders".*, scope="orders:read"$/,
    )
    expect(await refusalOf(api.require(await alice(), () => Promise.reject(new Error())))).toMatchObject({
      status: 503,
    })
    expect(events.map((event) => 'reason' in event && event.reason)).toEqual([
      'access_denied',
      'insufficient_scope',
      'policy_unavailable',
    ])
  })

  it('require refuses a caller whose token has ended meanwhile, such as that of an open WebSocket', async () => {
    const { api, clock, events } = createTestApi()
    const request = bearer()
    const auth = await api.guard(request)
    const asked: unknown[] = []
    const mayWrite = () => asked.push('policy') > 0
    // Up to `exp`, and then for as long as clocks may differ.
    for (const ms of [0, 300_000, 29_000]) {
      clock.advanceMs(ms)
      await api.require(auth, mayWrite)
    }
    expect(asked).toHaveLength(3)
    clock.advanceMs(1000)
    const error = await refusalOf(api.require(auth, mayWrite, undefined, { request }))
    expect(error).toMatchObject({ code: 'invalid_token', reason: 'token_expired', status: 401 })
    expect(error.headers['WWW-Authenticate']).toMatch(/^Bearer realm="orders", error="invalid_token"/)
    expect(asked).toHaveLength(3)
    expect(events).toMatchObject([{ reason: 'token_expired', request: { method: 'GET' } }])
  })

  it('a token that ends while a policy waits is refused, whatever the policy then says', async () => {
    const { api, clock, events } = createTestApi()
    const slow = (allows: boolean, ms: number) => async () => {
      await Promise.resolve()
      clock.advanceMs(ms)
      return allows
    }
    const request = bearer()
    const auth = await api.guard(request)
    await api.guard(request, slow(true, 329_000))
    await api.require(auth, slow(true, 999))
    const ended = { reason: 'token_expired', status: 401 }
    expect(await refusalOf(api.require(auth, slow(true, 1)))).toMatchObject(ended)
    for (const allows of [true, false]) {
      const { api: other, clock: time } = createTestApi()
      const policyOf = () => Promise.resolve().then(() => (time.advanceMs(330_000), allows))
      expect(await refusalOf(other.guard(bearer(), policyOf))).toMatchObject(ended)
    }
    expect(events).toMatchObject([{ reason: 'token_expired' }])
  })

  it('require knows the age of a token, too', async () => {
    const { api, clock } = createTestApi({ maxTokenAgeSeconds: 120 })
    const auth = await api.guard(bearer())
    clock.advanceMs(200_000)
    expect(await refusalOf(api.require(auth, () => true))).toMatchObject({ reason: 'token_too_old', status: 401 })
  })
})

function unmetScope(...scopes: readonly string[]) {
  return [{ kind: 'scope' as const, scopes }]
}
