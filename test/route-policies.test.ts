// The default policy of a resource server: joined to every route's own, unless a route's policy says by name that it is not.
import { createResourceServer, type RequestView } from 'claimcheck'
import {
  allOf,
  anyOf,
  authenticated,
  evaluate,
  not,
  policy,
  role,
  scope,
  stepUp,
  withoutDefaultPolicy,
} from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { createRoutePolicies } from '../src/route-policies.ts'
import { bearer, createTestApi, refused, requestWith, testApiOptions } from './support/resource-servers.ts'

const { options } = testApiOptions({ policy: scope('api') })
const api = createResourceServer(options)
const letIn = async (request: RequestView, rule?: Parameters<typeof api.guard>[1]) =>
  (await api.guard(request, rule)).outcome === 'authenticated'

it('has a default policy that was meant and is not there for a mistake', () => {
  const misspelt = { policy: undefined } as never
  expect(() => createResourceServer({ ...options, ...(misspelt as object) } as never)).toThrow(
    new TypeError('policy is undefined: leave it out, or name the one that was meant.'),
  )
})

describe('a route', () => {
  it('that states nothing is for every verified caller, and for whom the default policy allows', async () => {
    const { api: plain } = createTestApi()
    expect(await plain.guard(bearer())).toHaveProperty('outcome', 'authenticated')
    expect(await refused(plain.guard(requestWith()))).toMatchObject({ code: 'credential_missing' })
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

it('the name of a policy without the default one tells a log so', () => {
  const rule = withoutDefaultPolicy(scope('a'))
  expect(rule).toMatchObject({ id: 'withoutDefaultPolicy(scope(a))', requires: [{ scopes: ['a'] }] })
  expect(evaluate(rule, { auth: { principal: { scopes: ['a'] } }, resource: undefined })).toEqual({ effect: 'allow' })
})

it('a veto of the default policy beats the route, and one of the route beats the default policy', async () => {
  const veto = policy('veto', () => ({ effect: 'deny', final: true }), { mayVeto: true })
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
  const routes = createRoutePolicies(scope('api'))
  const rule = scope('a')
  const joined = routes.policyOf(rule)
  expect(routes.policyOf(rule)).toBe(joined)
  expect(joined?.id).toBe('allOf(scope(api), scope(a))')
  expect(routes.policyOf(undefined)?.id).toBe('scope(api)')
  expect(createRoutePolicies(undefined).policyOf(undefined)).toBeUndefined()
})

it('takes what a policy requires when it first sees it: later changes reach no challenge', async () => {
  const requires = [{ kind: 'scope' as const, scopes: ['a'] }]
  const rule = { id: 'changing', requires, evaluate: () => ({ effect: 'allow' }) as const }
  expect((await refused(api.guard(requestWith(), rule))).challenge).toBe('Bearer realm="orders", scope="api a"')
  requires[0]?.scopes.push('b\r\nSet-Cookie: x=y')
  requires.push('junk' as never)
  expect((await refused(api.guard(requestWith(), rule))).challenge).toBe('Bearer realm="orders", scope="api a"')
})

it('knows what all routes require, once each, and never who logs in how', () => {
  const routes = createRoutePolicies(scope('api'))
  for (const rule of [scope('a'), scope('a'), allOf(scope('b'), stepUp({ acrValues: ['mfa'] })), role('r')])
    routes.policyOf(rule as never)
  expect(routes.required().map((one) => ('scopes' in one ? one.scopes : one.kind))).toEqual([
    ['api'],
    ['a'],
    ['b'],
    'step-up',
  ])
})
