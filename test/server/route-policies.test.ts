// The default policy of a resource server: joined to every route's own, unless a route's policy says by name that it is not.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { AuthError, createResourceServer, type RequestView, type VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import {
  allOf,
  anyOf,
  authenticated,
  evaluate,
  not,
  policy,
  type PolicyLike,
  type PolicyQuery,
  role,
  scope,
  stepUp,
  withoutDefaultPolicy,
} from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { createRoutePolicies } from '../../src/server/route-policies.ts'
import { bearer, createTestApi, refused, requestWith, testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

const { options } = testApiOptions({ policy: scope('api') })
const api = createResourceServer(options)

async function letIn(
  request: RequestView,
  ...rule: readonly [PolicyLike<VerifiedToken, undefined>?]
): Promise<boolean> {
  const asked = api.guard(request, ...(rule as [PolicyLike<VerifiedToken, undefined>]))
  return asked.then(
    () => true,
    (error: unknown) => {
      expect(error).toBeInstanceOf(AuthError)
      return false
    },
  )
}

it('has a default policy that was meant and is not there for a mistake', () => {
  const misspelt = { policy: undefined } as never
  expect(() => createResourceServer({ ...options, ...(misspelt as object) } as never)).toThrow(
    new TypeError('policy is undefined: leave it out, or name one.'),
  )
})

describe('a route', () => {
  it('that states nothing is for every verified caller, and for whom the default policy allows', async () => {
    const { api: plain } = createTestApi()
    expect(await plain.guard(bearer())).toHaveProperty('principal.subject', 'alice')
    expect(await refused(plain.guard(requestWith()))).toMatchObject({ reason: 'credential_missing' })
    expect(await letIn(bearer())).toBe(false)
    expect(await letIn(bearer({ scope: 'api' }))).toBe(true)
  })

  it('asks the default policy besides its own', async () => {
    expect(await letIn(bearer({ scope: 'api', roles: ['r'] }), role('r'))).toBe(true)
    expect(await letIn(bearer({ scope: 'x', roles: ['r'] }), role('r'))).toBe(false)
    expect(await letIn(bearer({ scope: 'x' }), authenticated)).toBe(false)
    expect(
      await letIn(
        bearer({ scope: 'x' }),
        anyOf(authenticated, () => true),
      ),
    ).toBe(false)
  })

  it('does without it when its policy says so by name', async () => {
    expect(await letIn(bearer({ scope: 'x' }), withoutDefaultPolicy(authenticated))).toBe(true)
    expect(await letIn(bearer({ scope: 'x' }), withoutDefaultPolicy(scope('y')))).toBe(false)
    expect((await refused(api.guard(requestWith(), withoutDefaultPolicy(scope('y'))))).challenge).toBe(
      'Bearer realm="orders", scope="y"',
    )
    expect(await letIn(requestWith(), withoutDefaultPolicy(authenticated))).toBe(false)
  })

  it('asks it all the same when only a part of its policy says so', async () => {
    const part = withoutDefaultPolicy(authenticated)
    for (const rule of [allOf(part), anyOf(part, role('r')), not(not(part)), allOf(part, part)])
      expect(await letIn(bearer({ scope: 'x' }), rule)).toBe(false)
  })

  it('asks it all the same when its policy is a copy of one that does without, or inherits from one', async () => {
    const named = withoutDefaultPolicy(authenticated)
    for (const odd of [{ ...named }, Object.create(named), { ...named, replacesDefault: true }])
      expect(await letIn(bearer(), odd as typeof named)).toBe(false)
  })
})

describe('require', () => {
  const member = (subject: string) =>
    createToken({ claims: { sub: subject, scope: subject === 'member' ? 'api' : 'x' } })
  const own = policy('own', ({ resource }: PolicyQuery<unknown, { readonly mine: boolean }>) => resource.mine)
  const mine = { mine: true }

  it('of the resource server asks the default policy besides its own', async () => {
    const [inside, outside] = await Promise.all(
      [member('member'), member('other')].map((token) => api.verifyToken(token)),
    )
    expect(await api.require(inside as VerifiedToken, own, mine)).toBeUndefined()
    expect(await refusalOf(api.require(inside as VerifiedToken, own, { mine: false }))).toMatchObject({
      code: 'access_denied',
    })
    expect(await refusalOf(api.require(outside as VerifiedToken, own, mine))).toMatchObject({
      code: 'insufficient_scope',
      details: { policy: 'allOf(scope(api), own)' },
    })
  })

  it('of the resource server does without it when its policy says so by name, and only then', async () => {
    const outside = await api.verifyToken(member('other'))
    expect(await api.require(outside, withoutDefaultPolicy(own), mine)).toBeUndefined()
    expect(await refusalOf(api.require(outside, allOf(withoutDefaultPolicy(own)), mine))).toMatchObject({ status: 403 })
  })

  it('asks the default policy without the resource', async () => {
    const resources: unknown[] = []
    const { api } = createTestApi({ policy: ({ resource }) => resources.push(resource) > 0 })
    const auth = await api.verifyToken(member('member'))
    await api.require(auth, own, mine)
    await api.guard(bearer(), own, mine)
    expect(resources).toEqual([undefined, undefined])
  })

  it('has one challenge for what both policies miss', async () => {
    const outside = await api.verifyToken(member('other'))
    const error = await refusalOf(api.require(outside, allOf(scope('y'), own), mine))
    expect(error.headers['WWW-Authenticate']).toMatch(/, scope="api y"$/)
  })

  describe.each<[string, string, PolicyLike<VerifiedToken, undefined>]>([
    ['the default policy has been asked', 'member', authenticated],
    ['the route has replaced the default policy', 'other', withoutDefaultPolicy(authenticated)],
  ])('of a guard, where %s,', (_, subject, routePolicy) => {
    it.each<[string, PolicyLike<VerifiedToken, typeof mine>]>([
      ['a policy', own],
      ['a withoutDefaultPolicy(…)', withoutDefaultPolicy(own)],
    ])('asks %s alone', async (_, rule) => {
      let asked = 0
      const byDefault = ({ auth }: { readonly auth: VerifiedToken }) => {
        asked++
        return auth.principal.scopes.includes('api')
      }
      const guard = createGuard(createTestApi({ policy: byDefault }).api)
      const request = nodeRequest(member(subject))
      await new Promise<void>((next, fail) =>
        guard(routePolicy)(request, new ServerResponse(request), (error) => (error ? fail(error) : next())),
      )
      const before = asked
      expect(await guard.require(request, rule, mine)).toBe(mine)
      expect(await refusalOf(guard.require(request, rule, { mine: false }))).toMatchObject({ code: 'access_denied' })
      expect({ before, after: asked }).toEqual({ before: subject === 'member' ? 1 : 0, after: before })
    })
  })
})

function nodeRequest(token: string): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  request.rawHeaders.push('Authorization', `Bearer ${token}`)
  request.headers.authorization = `Bearer ${token}`
  return request
}

it('the name of a policy without the default one tells a log so', () => {
  const rule = withoutDefaultPolicy(scope('a'))
  expect(rule).toMatchObject({ id: 'withoutDefaultPolicy(scope(a))', requires: [{ scopes: ['a'] }] })
  expect(evaluate(rule, { auth: { principal: { scopes: ['a'] } }, resource: undefined })).toEqual({ effect: 'allow' })
})

it('a veto of the default policy beats the route, and one of the route beats the default policy', async () => {
  const veto = policy('veto', () => ({ effect: 'deny', veto: true }), { mayVeto: true })
  const { api: strict } = createTestApi({ policy: veto })
  expect(await refused(strict.guard(bearer(), () => true))).toMatchObject({ code: 'access_denied' })
  const { api: open } = createTestApi({ policy: () => true })
  expect(
    await refused(
      open.guard(
        bearer(),
        anyOf(() => true, veto),
      ),
    ),
  ).toMatchObject({ code: 'access_denied' })
})

it('joins a policy once, however often its route is asked', () => {
  const routes = createRoutePolicies(scope('api'), () => {})
  const rule = scope('a')
  const joined = routes.withDefault(rule)
  expect(routes.withDefault(rule)).toBe(joined)
  expect(joined.id).toBe('allOf(scope(api), scope(a))')
  expect(routes.byDefault?.id).toBe('scope(api)')
  expect(createRoutePolicies(undefined, () => {}).byDefault).toBeUndefined()
})

it('takes what a policy requires when it first sees it: later changes reach no challenge', () => {
  const requires = [{ kind: 'scope' as const, scopes: ['a'] }]
  const rule = { id: 'changing', requires, evaluate: () => ({ effect: 'allow' }) as const }
  const routes = createRoutePolicies<VerifiedToken>(scope('api'), () => {})
  const joined = routes.withDefault(rule)
  routes.seal()
  requires[0]?.scopes.push('b\r\nSet-Cookie: x=y')
  requires.push('junk' as never)
  expect(routes.withDefault(rule)).toBe(joined)
  expect(joined.requires).toEqual([
    { kind: 'scope', scopes: ['api'] },
    { kind: 'scope', scopes: ['a'] },
  ])
  // One that comes after the first request is read anew each time, since it may have been made for a request.
  const late = { ...rule, requires: [{ kind: 'scope' as const, scopes: ['late'] }] }
  expect(routes.withDefault(late)).not.toBe(routes.withDefault(late))
})

it('knows what all routes require, once each, and never who logs in how', () => {
  const routes = createRoutePolicies<VerifiedToken>(scope('api'), () => {})
  for (const rule of [scope('a'), scope('a'), allOf(scope('b'), stepUp({ acrValues: ['mfa'] })), role('r')])
    routes.declare(rule)
  expect(routes.required().map((one) => ('scopes' in one ? one.scopes : one.kind))).toEqual([
    ['api'],
    ['a'],
    ['b'],
    'step-up',
  ])
})
