// What no STS would write, in a token that is good otherwise: a preset refuses it or reads less from it, and never throws (which
// would be a 503), nor makes a principal of the wrong shape.
import { AuthError, type Principal } from 'claimcheck'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everyAlgorithm, quickKeyFor } from '../support/every-algorithm.ts'
import { createFixtureVerifier, fixtureOf, tokenOf, type StsFixture } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixtures: readonly StsFixture[] = [
  fixtureOf('auth0'),
  fixtureOf('cognito'),
  fixtureOf('duende'),
  fixtureOf('githubActions'),
  fixtureOf('google'),
  fixtureOf('googleIap'),
  fixtureOf('keycloak'),
  fixtureOf('oidcProvider'),
  fixtureOf('okta'),
]

const proto = (value: unknown) => ({ ['__proto__']: value })
const values: readonly unknown[] = [
  null,
  0,
  true,
  '',
  ' ',
  'x',
  [],
  ['x', 7, null, ['y'], {}],
  {},
  { roles: 'x', sub: 7, sub_profile: ['ai_agent'], toString: null },
  { roles: [null, ['admin'], { value: 'admin' }], x: null, y: { roles: null } },
  proto({ roles: ['admin'], sub: 'admin', sub_profile: 'ai_agent' }),
]
const others = [
  'act',
  'email',
  'gcip',
  'groups',
  'gty',
  'permissions',
  'role',
  'roles',
  'scp',
  'sub_profile',
  '__proto__',
]

// Made once: the list of all graphemes takes a while.
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom('client', 'client|a', 'client%7Ca', 'a', 'sub|a', 'sub'),
)

describe.each(fixtures)('$name', (fixture) => {
  const [sample = expect.fail('no sample')] = fixture.accepted
  const { verifyToken } = createFixtureVerifier(fixture, sample.options)

  it('reads claims of odd types as nothing, or refuses them', async () => {
    for (const name of [...Object.keys(sample.claims), ...others]) {
      for (const value of values) {
        const claims = { ...sample.claims, ...(name === '__proto__' ? proto(value) : { [name]: value }) }
        if (name === 'exp' && value === 0) continue
        const outcome = await verifyToken(tokenOf(fixture, { ...sample, claims })).then(
          ({ principal }) => principal,
          (error: unknown) => error,
        )
        if (outcome instanceof AuthError) expect([name, value, outcome.status]).toEqual([name, value, 401])
        else expectWellFormed(outcome as Principal)
      }
    }
  })

  it('gives no role, permission, scope or group for a member that a prototype would have', async () => {
    const admin = proto({ roles: ['admin'], permissions: ['admin'], scope: 'admin', groups: ['admin'], sub: 'admin' })
    const claims = { ...sample.claims, ...admin, realm_access: admin, resource_access: { api: admin } }
    const { principal } = await verifyToken(tokenOf(fixture, { ...sample, claims }))
    expect(JSON.stringify(principal)).not.toContain('"admin"')
  })

  it('takes no algorithm but the one that its STS signs with', async () => {
    const own = fixture.name === 'googleIap' ? 'ES256' : 'RS256'
    expect(fixture.makeIssuer(sample.options ?? {}).algorithms).toEqual([own])
    for (const alg of everyAlgorithm.filter((one) => one !== own))
      await expectInvalidToken(
        verifyToken(tokenOf(fixture, { ...sample, key: quickKeyFor(alg) })),
        'algorithm_not_allowed',
      )
  })

  it('never has one key for two subjects, and only printable ones', () => {
    const issuer = fixture.makeIssuer(sample.options ?? {})
    const keyOf = (changes: object) =>
      issuer.principal({ ...sample.claims, ...changes }, 'https://i', { alg: 'RS256' }).key
    const names = ['sub', 'uid', 'repository_id'].filter((name) => Object.hasOwn(sample.claims, name))
    const subject = names.includes('uid') ? 'uid' : names.includes('repository_id') ? 'repository_id' : 'sub'
    fc.assert(
      fc.property(text, text, (one, other) => {
        fc.pre(one !== other)
        const [a, b] = [keyOf({ [subject]: one }), keyOf({ [subject]: other })]
        expect(a).not.toBe(b)
        expect(a).toMatch(/^[\x20-\x7e]+$/)
      }),
    )
  })
})

function expectWellFormed(principal: Principal): void {
  const { kind, key, subject, client, scopes, roles, permissions, groups, actor, authentication, traits } = principal
  expect(['user', 'application', 'unknown']).toContain(kind)
  for (const text of [key, subject, principal.issuer, client?.id ?? 'none', actor?.subject ?? 'none'])
    expect(typeof text === 'string' && text !== '').toBe(true)
  for (const list of [scopes, roles, permissions, groups.values, traits, authentication.amr ?? []])
    expect(list.every((one) => typeof one === 'string' && one !== '')).toBe(true)
  expect(typeof groups.complete).toBe('boolean')
}
