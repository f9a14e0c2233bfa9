// A token that may leave groups out must not pass a policy against one: for each preset that reads groups.
import { createResourceServer, type VerifiedToken } from 'claimcheck'
import { oidc, type OidcOptions, pingOne, rfc9068 } from 'claimcheck/issuers'
import { allOf, authenticated, claim, evaluate, group, not } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { refused } from '../support/resource-servers.ts'
import { createFixtureVerifier, fixtureOf, tokenOf, type StsFixture } from '../support/sts-fixture.ts'
import { createToken, keyFor } from '../support/tokens.ts'

const sts = 'https://sts.example.com'
const api = 'https://api.example.com'
const trust = { issuer: sts, audience: api, jwksUri: `${sts}/jwks` }
const oidcFixture: StsFixture = {
  name: 'oidc',
  optionsFor: (options) => options,
  makeIssuer: (options) => oidc({ ...trust, ...options } as OidcOptions & { readonly audience: string }),
  key: keyFor('RS256'),
  served: { [`${sts}/jwks`]: { keys: [keyFor('RS256').publicJwk] } },
  header: { typ: 'at+jwt' },
  accepted: [
    {
      title: 'alice',
      source: '†',
      claims: { iss: sts, sub: 'alice', aud: api, exp: 1_795_438_740, iat: 1_795_435_000, client_id: 'web', jti: 't1' },
      principal: {
        kind: 'unknown',
        key: 'https://sts.example.com|alice',
        subject: 'alice',
        issuer: sts,
        client: { id: 'web', type: 'unknown' },
        scopes: [],
        roles: [],
        permissions: [],
        groups: { values: [], complete: false },
        authentication: {},
        traits: [],
      },
    },
  ],
  wrongNeighbours: [],
  naive: [],
}
const rfc9068Fixture: StsFixture = {
  ...oidcFixture,
  name: 'rfc9068',
  makeIssuer: (options) => rfc9068({ ...trust, ...options } as OidcOptions & { readonly audience: string }),
}
const named = { groupsClaim: 'g' }

interface Reader {
  readonly fixture: StsFixture
  /** The claim that the groups are read from. */
  readonly claimName: string
  readonly options: Readonly<Record<string, unknown>>
}

const readers: readonly Reader[] = [
  { fixture: oidcFixture, claimName: 'groups', options: {} },
  { fixture: rfc9068Fixture, claimName: 'groups', options: {} },
  { fixture: fixtureOf('adfs'), claimName: 'g', options: named },
  { fixture: fixtureOf('auth0'), claimName: 'g', options: named },
  { fixture: fixtureOf('authentik'), claimName: 'groups', options: {} },
  { fixture: fixtureOf('awsAlb'), claimName: 'g', options: named },
  { fixture: fixtureOf('cognito'), claimName: 'cognito:groups', options: {} },
  { fixture: fixtureOf('entra'), claimName: 'groups', options: {} },
  { fixture: fixtureOf('entraExternalId'), claimName: 'groups', options: {} },
  { fixture: fixtureOf('keycloak'), claimName: 'groups', options: {} },
  { fixture: fixtureOf('okta'), claimName: 'groups', options: {} },
  { fixture: fixtureOf('pingOne'), claimName: 'g', options: named },
]

/** Verifies a token of the fixture's first caller, a user, with `claims` in addition. */
async function verifyWith({ fixture, options }: Reader, claims: object, more: object = {}) {
  const [sample = expect.fail('no sample')] = fixture.accepted
  const { verifyToken } = createFixtureVerifier(fixture, { ...options, ...more })
  return verifyToken(tokenOf(fixture, { ...sample, claims: { ...sample.claims, ...claims } }))
}

describe.each(readers.map((reader) => ({ name: reader.fixture.name, reader })))('groups of $name', ({ reader }) => {
  const { fixture, claimName } = reader
  const isCognito = fixture.name === 'cognito'
  const groupsIn = async (value: unknown, more: object = {}, others: object = {}) =>
    (await verifyWith(reader, { [claimName]: value, ...others }, more)).principal.groups

  it('are complete only where the STS cannot leave any out', async () => {
    for (const value of [['staff', 'sales'], 'staff', []])
      expect(await groupsIn(value)).toEqual({ values: [value].flat(), complete: isCognito, claim: claimName })
  })

  it('are complete where the application says so, and the token lists them', async () => {
    const inDirectory = 'CN=Domain Users,OU=Groups,DC=example,DC=com'
    for (const value of [['staff', 'sales'], 'staff', 'Domain Users', inDirectory, [inDirectory], []]) {
      const groups = await groupsIn(value, { groupsAreComplete: true })
      expect(groups).toEqual({ values: [value].flat(), complete: true, claim: claimName })
      expect(Object.isFrozen(groups)).toBe(true)
    }
  })

  it('are incomplete where the application says so', async () => {
    for (const value of [['staff'], [], undefined])
      expect(await groupsIn(value, { groupsAreComplete: false })).toMatchObject({ complete: false })
  })

  it('are incomplete without the claim, unless the STS gives it to every user who is in a group', async () => {
    const none = { values: [], complete: isCognito, claim: claimName }
    expect(await groupsIn(undefined)).toEqual(none)
    expect(await groupsIn(undefined, { groupsAreComplete: true })).toEqual(none)
  })

  it.each([
    { _claim_names: { groups: 'src1' } },
    { _claim_sources: { src1: { endpoint: 'https://graph.example' } } },
    { hasgroups: true },
  ])(
    'are incomplete where the token says that they are elsewhere, whatever the application says: %j',
    async (overage) => {
      for (const value of isCognito ? [['staff']] : [['staff'], undefined])
        expect(await groupsIn(value, { groupsAreComplete: true }, overage)).toEqual({
          values: value ?? [],
          complete: false,
          claim: claimName,
        })
    },
  )

  it.each([
    [null, []],
    ['', []],
    [7, []],
    [{ staff: true }, []],
    [['staff', 7], ['staff']],
    [['staff', ''], ['staff']],
    [['staff', ['blocked']], ['staff']],
    [['staff', { display: 'blocked' }], ['staff']],
    // A list that an STS wrote as one text: which groups it holds, only that STS knows.
    ['staff,blocked', ['staff,blocked']],
    ['staff;blocked', ['staff;blocked']],
    ['[staff, blocked]', ['[staff, blocked]']],
    ['["blocked"]', ['["blocked"]']],
  ])('are incomplete where something in the claim cannot be read: %j', async (value, values) => {
    expect(await groupsIn(value, { groupsAreComplete: true })).toEqual({ values, complete: false, claim: claimName })
  })

  it.each([
    ['yes', "'yes'"],
    [1, '1'],
    [null, 'null'],
    [{}, 'an object'],
  ])('has no other option than true and false: %j', (groupsAreComplete, shown) => {
    expect(() => fixture.makeIssuer({ ...reader.options, groupsAreComplete })).toThrow(
      new TypeError(`groupsAreComplete must be true or false, not ${shown}.`),
    )
  })

  const against = [
    not(group('blocked')),
    not(claim(claimName, 'blocked')),
    not(claim([claimName], 'blocked')),
    not(claim([claimName, '0'], 'blocked')),
  ]

  it('that are filtered let no member in by a policy against a group', async () => {
    // The STS left 'blocked' out: to the API this member looks like everybody else.
    const auth = await verifyWith(reader, { [claimName]: ['staff'] }, isCognito ? { groupsAreComplete: false } : {})
    for (const policy of against)
      expect(evaluate(policy, { auth, resource: undefined }), policy.id).toMatchObject({
        effect: 'indeterminate',
        kind: 'incomplete',
      })
  })

  it('that are complete let in others by such a policy, and never a member', async () => {
    const staff = await verifyWith(reader, { [claimName]: ['staff'] }, { groupsAreComplete: true })
    for (const policy of against)
      expect(evaluate(policy, { auth: staff, resource: undefined }), policy.id).toMatchObject({ effect: 'allow' })
    for (const groupsAreComplete of [true, false]) {
      const blocked = await verifyWith(reader, { [claimName]: ['blocked'] }, { groupsAreComplete })
      for (const policy of against)
        expect(evaluate(policy, { auth: blocked, resource: undefined }), policy.id).toMatchObject({ effect: 'deny' })
    }
  })
})

it.each([
  ['auth0', fixtureOf('auth0')],
  ['pingOne', fixtureOf('pingOne')],
  ['adfs', fixtureOf('adfs')],
  ['awsAlb', fixtureOf('awsAlb')],
  ['githubActions', fixtureOf('githubActions')],
  ['spiffe', fixtureOf('spiffe')],
  ['entraB2C', fixtureOf('entraB2C')],
])('groups of %s are never complete where nothing says in which claim they are', async (_, fixture) => {
  const { principal } = await verifyWith({ fixture, claimName: 'groups', options: {} }, { groups: ['staff'] })
  expect(principal.groups).toEqual({ values: [], complete: false })
})

it.each([
  ['auth0', fixtureOf('auth0')],
  ['pingOne', fixtureOf('pingOne')],
  ['adfs', fixtureOf('adfs')],
  ['awsAlb', fixtureOf('awsAlb')],
])('%s takes groupsAreComplete only for a claim that groupsClaim names', (_, fixture) => {
  expect(() => fixture.makeIssuer({ groupsAreComplete: true })).toThrow(
    new TypeError('groupsAreComplete says something of the claim that groupsClaim names: write groupsClaim, too.'),
  )
})

describe('a policy against a group', () => {
  it.each([
    ['empties the claim', () => ({ groups: [] })],
    ['leaves it out', () => ({})],
    ['makes a number of it', () => ({ groups: 1 })],
  ])('keeps a member out where a schema %s', async (_, write) => {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: () => ({ value: write() as Record<string, unknown> }),
      },
    }
    const { verifyToken } = createResourceServer({
      issuer: oidc({
        issuer: sts,
        audience: api,
        jwks: { keys: [keyFor('ES256').publicJwk] },
        groupsAreComplete: true,
      }),
      clock: createTestClock(),
      claims: schema,
    })
    const auth: VerifiedToken = await verifyToken(createToken({ claims: { aud: api, groups: ['blocked'] } }))
    for (const policy of [not(group('blocked')), not(claim('groups', 'blocked'))])
      expect((await evaluate(policy, { auth, resource: undefined })).effect, policy.id).not.toBe('allow')
  })

  const mayEnter = allOf(authenticated, not(group('blocked')))
  const [reader = expect.fail('no reader')] = readers

  it.each([
    ['says nothing of groups', {}, 'indeterminate'],
    ['lists that group', { groups: ['staff', 'blocked'] }, 'deny'],
    ['lists it beside what cannot be read', { groups: ['blocked', 7] }, 'deny'],
    ['lists others, and something that cannot be read', { groups: ['staff', 7] }, 'indeterminate'],
    ['lists others', { groups: ['staff'] }, 'allow'],
    ['lists none', { groups: [] }, 'allow'],
  ])('does with a token that %s, all of them as the application says: %j', async (_, claims, effect) => {
    const auth = await verifyWith(reader, claims, { groupsAreComplete: true })
    expect((await evaluate(mayEnter, { auth, resource: undefined })).effect).toBe(effect)
  })

  it('answers 403, for which no other token would help, where the list of the request proves nothing', async () => {
    const createApi = (groupsAreComplete: boolean) =>
      createResourceServer({
        issuer: oidc({ issuer: sts, audience: api, jwks: { keys: [keyFor('ES256').publicJwk] }, groupsAreComplete }),
        clock: createTestClock(),
      })
    const ask = (groupsAreComplete: boolean, claims: Readonly<Record<string, unknown>>) => {
      const authorization = `Bearer ${createToken({ claims: { aud: api, ...claims } })}`
      const request = { method: 'GET', url: '/', headers: [['authorization', authorization]] as const }
      return createApi(groupsAreComplete).guard(request, mayEnter)
    }
    expect(await refused(ask(true, {}))).toMatchObject({ reason: 'facts_incomplete', status: 403 })
    expect(await refused(ask(false, { groups: ['staff'] }))).toMatchObject({ reason: 'facts_incomplete', status: 403 })
    expect(await refused(ask(true, { groups: ['blocked'] }))).toMatchObject({ status: 403 })
    expect(await ask(true, { groups: ['staff'] })).toMatchObject({ principal: { groups: { values: ['staff'] } } })
  })
})

it.each([
  ['entra', fixtureOf('entra'), 'groups', [['staff'], undefined]],
  ['cognito', fixtureOf('cognito'), 'cognito:groups', [undefined]],
])('groups of an application of %s are incomplete: the STS lists those of users', async (_, fixture, name, values) => {
  const machine = fixture.accepted.find(({ principal }) => principal.kind === 'application') ?? expect.fail('none')
  const { verifyToken } = createFixtureVerifier(fixture, { ...machine.options, groupsAreComplete: true })
  for (const value of values) {
    const token = tokenOf(fixture, { ...machine, claims: { ...machine.claims, [name]: value } })
    expect((await verifyToken(token)).principal.groups).toEqual({ values: value ?? [], complete: false, claim: name })
  }
})

it('names of claims that every object has are no groups', async () => {
  const issuer = pingOne({
    environmentId: 'abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6',
    audience: 'https://api.example.com',
    groupsClaim: 'toString',
  })
  expect(issuer.principal({ sub: 'a' }, 'https://i', { alg: 'RS256' }).groups).toEqual({
    values: [],
    complete: false,
    claim: 'toString',
  })
})
