// The profile of every described STS, against the preset that describes it: its own tokens are taken, and its ID token is not.
import { awsAlb, entra, firebase, type Issuer, keycloak, spiffe, withClaims } from 'claimcheck/issuers'
import { badTokenKinds, createTestIssuer, stsLike } from 'claimcheck/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { descriptionOf } from '../../src/presets/description.ts'
import { allFixtures, fixtureOf } from '../support/sts-fixture.ts'
import { refusalOf } from '../support/verifiers.ts'
import { claimsOf, headerOf, verifierFor } from './verifier.ts'

/** Whose keys are PEM, or given. */
const keyless = ['awsAlb', 'firebase', 'googleIap', 'spiffe']
const options: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  cognito: { allowedClients: 'web' },
  adfs: { userClaim: 'upn' },
}
const presets = allFixtures()
  .map(({ name, makeIssuer }) => ({ name, issuer: makeIssuer(options[name] ?? {}) }))
  .filter(({ name, issuer }) => descriptionOf(issuer) && !keyless.includes(name))

describe.each(presets)('stsLike(), of $name', ({ name, issuer }) => {
  const sts = createTestIssuer(stsLike(issuer))

  it('makes tokens that the preset takes', async () => {
    const { verifyToken } = verifierFor(sts, issuer)
    const { user, application } = stsLike(issuer).tokens
    const kinds = ['user', 'unknown', 'application']
    if (user) expect(kinds.slice(0, 2)).toContain((await verifyToken(sts.token())).principal.kind)
    if (application) expect(kinds.slice(1)).toContain((await verifyToken(sts.applicationToken())).principal.kind)
    expect(user ?? application).toBeDefined()
  })

  it('makes an ID token that the preset refuses', async () => {
    const error = await refusalOf(verifierFor(sts, issuer).verifyToken(sts.idToken()))
    expect(error.status).toBe(401)
  })

  // Where there is no aud, nothing says for whom a token is.
  const needsAudience = ['no-aud', 'wrong-audience']
  const kinds = badTokenKinds.filter((kind) => issuer.audience !== null || !needsAudience.includes(kind))
  it.each(kinds)('makes bad tokens: %s', async (kind) => {
    const error = await refusalOf(verifierFor(sts, issuer).verifyToken(sts.badToken(kind)))
    expect([name, error.status]).toEqual([name, 401])
  })
})

it('makes the tokens of a client that the options name', () => {
  const sts = createTestIssuer(stsLike(fixtureOf('hydra').makeIssuer({}), { clientId: 'cli' }))
  expect(claimsOf(sts.applicationToken())).toMatchObject({ sub: 'cli', client_id: 'cli', scope: 'read' })
  expect(headerOf(sts.token())).toMatchObject({ typ: 'JWT', alg: 'RS256' })
})

it('is at another address where it may be', async () => {
  const before = keycloak({ realmUrl: 'https://sso.example.com/realms/acme', audience: 'orders' })
  const sts = createTestIssuer(stsLike(before))
  onTestFinished(sts.close)
  const realmUrl = await sts.listen()
  expect(realmUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/realms\/acme$/)
  const { verifyToken } = verifierFor({ ...sts, fetch: globalThis.fetch }, keycloak({ realmUrl, audience: 'orders' }))
  expect((await verifyToken(sts.token())).principal.issuer).toBe(realmUrl)
})

it('is nowhere else where its address is fixed', async () => {
  const { makeIssuer } = fixtureOf('descope')
  await expect(createTestIssuer(stsLike(makeIssuer({}))).listen()).rejects.toThrow('address of descope is fixed')
})

it.each([
  ['an issuer with a profile of its own', () => entra(fixtureOptions('entra') as never), /knows no tokens of entra/],
  ['keys that are PEM', () => awsAlb(fixtureOptions('awsAlb') as never), /no JWK Set at an address/],
  ['keys that are certificates', () => firebase({ projectId: 'shop-a1b2c' }), /no JWK Set at an address/],
  ['keys that are given', () => fixtureOf('spiffe').makeIssuer({}) as ReturnType<typeof spiffe>, /no JWK Set at an/],
  ['a copy', () => withClaims(fixtureOf('hydra').makeIssuer({}), {} as never), TypeError],
] as const)('throws for %s', (_, make: () => Issuer, message) => {
  expect(() => stsLike(make())).toThrow(message)
})

function fixtureOptions(name: string): object {
  return {
    entra: { tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', clientId: 'b1c2d3e4-0000-4000-8000-00000000beef' },
    awsAlb: {
      loadBalancer: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188',
      allowedClients: 'web',
      issuer: 'https://idp.example.com',
    },
  }[name] as object
}
