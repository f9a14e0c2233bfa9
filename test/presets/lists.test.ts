// An option that may be a list takes one text, too, and means the same.
import type { Issuer } from 'claimcheck/issuers'
import { expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

/** The data of an issuer. Its functions are compared by what they do, below. */
const dataOf = (issuer: Issuer) => JSON.stringify(issuer)

it.each([
  ['auth0', 'audience', 'https://orders.example.com'],
  ['awsAlb', 'loadBalancer', String(fixtureOf('awsAlb').header?.signer).replace('orders', 'admin')],
  ['cognito', 'allowedClients', 'webclient'],
  ['duende', 'algorithms', 'ES256'],
  ['duende', 'typ', 'JWT'],
  ['entra', 'audiences', 'api://orders'],
  ['entra', 'versions', '2.0'],
  ['entraB2C', 'policies', 'B2C_1_signin'],
  ['entraExternalId', 'audiences', 'api://orders'],
  ['keycloak', 'algorithms', 'ES256'],
  ['logto', 'organizations', 'a1b2c3d4e5f6'],
  ['oidc', 'algorithms', 'ES256'],
  ['oidc', 'requiredClaims', 'jti'],
  ['oidc', 'typ', null],
])('%s: %s', (preset, name, one) => {
  const { makeIssuer } = fixtureOf(preset)
  expect(dataOf(makeIssuer({ [name]: one }))).toBe(dataOf(makeIssuer({ [name]: [one] })))
  expect(dataOf(makeIssuer({ [name]: one }))).not.toBe(dataOf(makeIssuer({})))
})

it.each([
  ['adfs', 'an application that the options name', 'applications', '2b8a7c10-2d44-4f37-8a4e-60cf9d1a8b55'],
  ['awsAlb', 'a user', 'allowedClients', '1example23456789'],
  ['clerk', 'a session within an organization', 'authorizedParties', 'https://www.example.com'],
  ['githubActions', 'a token of a job', 'allowedOwnerIds', '65'],
])('%s: %s, by one text for %s', async (preset, title, name, one) => {
  const fixture = fixtureOf(preset)
  const sample = fixture.accepted.find((other) => other.title === title) ?? expect.fail(title)
  const token = tokenOf(fixture, sample)
  const { verifyToken } = createFixtureVerifier(fixture, { ...sample.options, [name]: one })
  expect((await verifyToken(token)).principal).toEqual(sample.principal)
})
