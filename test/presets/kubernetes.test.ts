// Kubernetes: its samples, its options, and a cluster that wants a token for its keys.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('kubernetes')

const claims = fixture.accepted[0]?.claims ?? {}

describe('kubernetes()', () => {
  it.each([
    [
      { audience: ['a', 'https://kubernetes.default.svc.cluster.local'] },
      'audience must be one of your own: every pod has a token for the API server, whose audience is the issuer.',
    ],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
    [{ jwks: { keys: [] }, jwksUri: 'https://10.0.0.1/openid/v1/jwks' }, 'Give jwks or jwksUri, not both.'],
    [{ issuer: 'http://kubernetes.default.svc' }, "issuer must be https: write 'https://kubernetes.default.svc'."],
    [{ jwksUri: 7 }, 'jwksUri must be a non-empty string, not 7.'],
    // The message must not name insecureAllowHttp, which this preset does not have.
    [{ jwksUri: 'http://10.0.0.1/openid/v1/jwks' }, "jwksUri must be https: write 'https://10.0.0.1/openid/v1/jwks'."],
    [{ token: 'x' }, 'kubernetes() has no option token. It has: issuer, audience, jwksUri, jwks.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it('fetches nothing where its keys are given', async () => {
    const keys = fixture.served['https://10.0.0.1/openid/v1/jwks']
    const { verifyToken, requests } = createFixtureVerifier(fixture, { jwks: keys })
    await verifyToken(tokenOf(fixture, { claims }))
    expect(requests).toEqual([])
  })

  it.each([
    null,
    'shop',
    [],
    {},
    { namespace: 'shop' },
    { namespace: 'shop', serviceaccount: null },
    { namespace: 'shop', serviceaccount: { name: 'web' } },
    { namespace: 'shop', serviceaccount: { uid: 7 } },
    { namespace: ['shop'], serviceaccount: { uid: 'u' } },
    { serviceaccount: { uid: 'u' } },
  ])('refuses a token whose kubernetes.io is %j', async (bound) => {
    const { verifyToken } = createFixtureVerifier(fixture)
    const token = tokenOf(fixture, { claims: { ...claims, 'kubernetes.io': bound } })
    expect((await expectInvalidToken(verifyToken(token), 'claim_missing')).details.claim).toBe('kubernetes.io')
  })

  it('refuses a token with a typ', async () => {
    const { verifyToken } = createFixtureVerifier(fixture)
    const token = tokenOf(fixture, { header: { typ: 'JWT' }, claims })
    await expectInvalidToken(verifyToken(token), 'token_type_not_accepted')
  })
})
