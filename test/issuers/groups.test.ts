// A token that says nothing of groups, or not all, must not pass a policy against one: for each preset that reads groups.
import { createResourceServer } from 'claimcheck'
import { allOf, authenticated, evaluate, group, not } from 'claimcheck/policy'
import { oidc, pingOne } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { createFixtureVerifier, type StsFixture, tokenOf } from '../support/sts-fixture.ts'
import { createToken, keyFor } from '../support/tokens.ts'
import { adfsFixture } from './fixtures/adfs.ts'
import { auth0Fixture } from './fixtures/auth0.ts'
import { authentikFixture } from './fixtures/authentik.ts'
import { awsAlbFixture } from './fixtures/aws-alb.ts'
import { cognitoFixture } from './fixtures/cognito.ts'
import { entraExternalIdFixture } from './fixtures/entra-external-id.ts'
import { entraFixture } from './fixtures/entra.ts'
import { githubActionsFixture } from './fixtures/github-actions.ts'
import { keycloakFixture } from './fixtures/keycloak.ts'
import { oktaFixture } from './fixtures/okta.ts'
import { pingOneFixture } from './fixtures/ping-one.ts'
import { spiffeFixture } from './fixtures/spiffe.ts'

const sts = 'https://sts.example.com'
const oidcFixture: StsFixture = {
  name: 'oidc',
  makeIssuer: () => oidc({ issuer: sts, audience: 'https://api.example.com', jwksUri: `${sts}/jwks` }),
  key: keyFor('RS256'),
  served: { [`${sts}/jwks`]: { keys: [keyFor('RS256').publicJwk] } },
  accepted: [
    {
      title: 'alice',
      source: '†',
      claims: { iss: sts, sub: 'alice', aud: 'https://api.example.com', exp: 1_795_438_740 },
      principal: {
        kind: 'unknown',
        key: 'https://sts.example.com|alice',
        subject: 'alice',
        issuer: sts,
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
const named = { groupsClaim: 'g' }
const readers: readonly [StsFixture, string, object][] = [
  [oidcFixture, 'groups', {}],
  [adfsFixture, 'g', named],
  [auth0Fixture, 'g', named],
  [authentikFixture, 'groups', {}],
  [awsAlbFixture, 'g', named],
  [cognitoFixture, 'cognito:groups', {}],
  [entraFixture, 'groups', {}],
  [entraExternalIdFixture, 'groups', {}],
  [keycloakFixture, 'groups', {}],
  [oktaFixture, 'groups', {}],
  [pingOneFixture, 'g', named],
]

describe.each(readers.map(([fixture, claim, options]) => ({ name: fixture.name, fixture, claim, options })))(
  'groups of $name',
  ({ fixture, claim, options }) => {
    const [sample = expect.fail('no sample')] = fixture.accepted
    const { verifyToken } = createFixtureVerifier(fixture, { ...options })
    const groupsIn = async (value: unknown) => {
      const token = tokenOf(fixture, { ...sample, claims: { ...sample.claims, [claim]: value } })
      return (await verifyToken(token)).principal.groups
    }

    it('are complete where the token lists them', async () => {
      expect(await groupsIn(['staff', 'sales'])).toEqual({ values: ['staff', 'sales'], complete: true })
      expect(await groupsIn('staff')).toEqual({ values: ['staff'], complete: true })
      expect(await groupsIn([])).toEqual({ values: [], complete: true })
    })

    it('are not where it says nothing of them, unless the STS lists those of every user who has any', async () => {
      expect(await groupsIn(undefined)).toEqual({ values: [], complete: fixture.name === 'cognito' })
    })

    it.each([
      [null, []],
      ['', []],
      [7, []],
      [{ staff: true }, []],
      [['staff', 7], ['staff']],
      [['staff', ''], ['staff']],
      [['staff', ['blocked']], ['staff']],
      [['staff', { display: 'blocked' }], ['staff']],
    ])('are not where something in it cannot be read: %j', async (value, values) => {
      expect(await groupsIn(value)).toEqual({ values, complete: false })
    })
  },
)

it.each([
  ['auth0', auth0Fixture],
  ['pingOne', pingOneFixture],
  ['adfs', adfsFixture],
  ['awsAlb', awsAlbFixture],
  ['githubActions', githubActionsFixture],
  ['spiffe', spiffeFixture],
])('groups of %s are never complete where nothing says in which claim they are', async (_, fixture) => {
  const [sample = expect.fail('no sample')] = fixture.accepted
  const { verifyToken } = createFixtureVerifier(fixture, {})
  const token = tokenOf(fixture, { ...sample, claims: { ...sample.claims, groups: ['staff'] } })
  expect((await verifyToken(token)).principal.groups).toEqual({ values: [], complete: false })
})

describe('a policy against a group', () => {
  const mayEnter = allOf(authenticated, not(group('blocked')))

  it.each([
    ['says nothing of groups', {}, 'indeterminate'],
    ['lists that group', { groups: ['staff', 'blocked'] }, 'deny'],
    ['lists it beside what cannot be read', { groups: ['blocked', 7] }, 'deny'],
    ['lists others, and something that cannot be read', { groups: ['staff', 7] }, 'indeterminate'],
    ['lists others', { groups: ['staff'] }, 'allow'],
    ['lists none', { groups: [] }, 'allow'],
  ])('does with a token that %s: %j', async (_, claims, effect) => {
    const auth = await createFixtureVerifier(oidcFixture).verifyToken(
      tokenOf(oidcFixture, { claims: { ...oidcFixture.accepted[0]?.claims, ...claims } }),
    )
    expect((await evaluate(mayEnter, { auth, resource: undefined })).effect).toBe(effect)
  })

  it('answers 403, for which no other token would help, where the token of the request says nothing of groups', async () => {
    const api = createResourceServer({
      issuer: oidc({ issuer: sts, audience: 'https://api.example.com', jwks: { keys: [keyFor('ES256').publicJwk] } }),
      clock: createTestClock(),
    })
    const ask = (claims: Readonly<Record<string, unknown>>) => {
      const authorization = `Bearer ${createToken({ claims: { aud: 'https://api.example.com', ...claims } })}`
      return api.guard({ method: 'GET', url: '/', headers: [['authorization', authorization]] }, mayEnter)
    }
    expect(await ask({})).toMatchObject({ outcome: 'refused', error: { code: 'facts_incomplete', status: 403 } })
    expect(await ask({ groups: ['blocked'] })).toMatchObject({ outcome: 'refused', error: { status: 403 } })
    expect(await ask({ groups: ['staff'] })).toMatchObject({ outcome: 'authenticated' })
  })
})

it('names of claims that every object has are no groups', async () => {
  const issuer = pingOne({
    environmentId: 'abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6',
    audience: 'https://api.example.com',
    groupsClaim: 'toString',
  })
  expect(issuer.principal({ sub: 'a' }, 'https://i', { alg: 'RS256' }).groups).toEqual({ values: [], complete: false })
})
