// Cognito: its tokens by the table, and what its options can never be.
import { cognito } from 'claimcheck/issuers'
import type { CognitoOptions } from '../../src/presets/cognito.ts'
import { expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

const make = (options: object) =>
  cognito({ userPoolId: 'eu-west-1_Example', allowedClients: 'web', ...options } as CognitoOptions)

it.each([
  'Example',
  'eu-west-1',
  'eu-west-1_',
  'eu-west-1_a/../b',
  'eu-west-1_Example/',
  'eu-west-1_Exämple',
  'EU-WEST-1_Example',
  'eu-west-1.evil.example_x',
  'cn-north-1_Example',
  'eu-west-1_Example\n',
  'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example',
  'arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Example',
])('knows no user pool %j', (userPoolId) => {
  const message = `userPoolId must be one such as 'eu-west-1_AbCdEfGhI', with its region, not '${userPoolId}'.`
  expect(() => make({ userPoolId })).toThrow(new TypeError(message))
})

it.each(['us-gov-west-1_Example', 'ap-southeast-2_abc'])('knows the user pool %s', (userPoolId) => {
  const [region] = userPoolId.split('_')
  expect(make({ userPoolId }).endpoints[0]?.issuer).toBe(`https://cognito-idp.${region}.amazonaws.com/${userPoolId}`)
})

it.each([
  [{ userPoolId: '' }, "userPoolId must be a non-empty string, not ''."],
  [{ userPoolId: 7 }, 'userPoolId must be a non-empty string, not 7.'],
  [{ allowedClients: undefined }, 'allowedClients[] must be a non-empty string, not undefined.'],
  [{ allowedClients: '' }, "allowedClients[] must be a non-empty string, not ''."],
  [{ allowedClients: [] }, 'allowedClients must be a list of at least one string, not [].'],
  [{ resource: '' }, "resource must be a non-empty string, not ''."],
  [{ resource: ['urn:a'] }, 'resource must be a non-empty string, not a list.'],
  [
    { audience: 'web' },
    'cognito() has no option audience. It has: userPoolId, allowedClients, resource, groupsAreComplete.',
  ],
])('refuses the options %j', (options, message) => {
  expect(() => make(options)).toThrow(new TypeError(message))
})

it('keeps a client apart from a user whose sub is the id of another client', async () => {
  const { verifyToken } = createFixtureVerifier(fixtureOf('cognito'))
  const { claims } = fixtureOf('cognito').accepted[0] ?? expect.fail('no user')
  const of = async (sub: string, client_id: string) =>
    (await verifyToken(tokenOf(fixtureOf('cognito'), { claims: { ...claims, sub, client_id } }))).principal
  const base = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example'
  expect(await of('m2mclient', 'm2mclient')).toMatchObject({ kind: 'application', key: `${base}|client|m2mclient` })
  expect(await of('m2mclient', 'webclient')).toMatchObject({ kind: 'user', key: `${base}|m2mclient` })
  expect(await of('client|m2mclient', 'webclient')).toMatchObject({ key: `${base}|client%7Cm2mclient` })
})
