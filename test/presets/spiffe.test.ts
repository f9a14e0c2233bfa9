// SPIFFE: its samples, its options, keys of the wrong use, and what is no SPIFFE ID.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { createKey } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('spiffe')

const claims = fixture.accepted[0]?.claims ?? {}

describe('spiffe()', () => {
  it.each([
    [
      { trustDomain: 'spiffe://example.org' },
      "trustDomain must look like 'prod.example.org', not 'spiffe://example.org'.",
    ],
    [{ trustDomain: 'example.org/' }, "trustDomain must look like 'prod.example.org', not 'example.org/'."],
    [{ trustDomain: 'Example.org' }, "trustDomain must look like 'prod.example.org', not 'Example.org'."],
    [{ bundle: undefined }, 'spiffe() needs exactly one of bundle, bundleUri and jwksUri.'],
    [
      { bundle: { keys: [] }, jwksUri: 'https://a.example' },
      'spiffe() needs exactly one of bundle, bundleUri and jwksUri.',
    ],
    // The messages must not name insecureAllowHttp, which this preset does not have.
    [
      { bundle: undefined, bundleUri: 'http://spire.example.org/bundle' },
      "bundleUri must be https: write 'https://spire.example.org/bundle'.",
    ],
    [
      { bundle: undefined, jwksUri: 'http://spire.example.org/keys' },
      "jwksUri must be https: write 'https://spire.example.org/keys'.",
    ],
    [{ bundle: undefined, bundleUri: 7 }, 'bundleUri must be a non-empty string, not 7.'],
    [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it('does not let a key for X.509-SVIDs, or for anything else, verify a JWT-SVID', async () => {
    const other = createKey('ES256', { kid: 'x509-1' })
    for (const use of ['x509-svid', 'sig']) {
      const bundle = {
        keys: [
          { ...fixture.key.publicJwk, use: 'jwt-svid' },
          { ...other.publicJwk, use },
        ],
      }
      const { verifyToken } = createFixtureVerifier(fixture, { bundle })
      await expectInvalidToken(verifyToken(tokenOf(fixture, { key: other, claims })), 'key_not_found')
    }
  })

  it.each(['', 'a/', '/a', 'a//b', '.', '..', 'a/../b', 'a/.', 'a%2fb', 'a?b', 'a#b', 'ä', 'a'.repeat(2048)])(
    'refuses the path %s, which no SPIFFE ID has',
    async (path) => {
      const { verifyToken } = createFixtureVerifier(fixture)
      const token = tokenOf(fixture, { claims: { ...claims, sub: `spiffe://example.org/${path}` } })
      expect((await expectInvalidToken(verifyToken(token), 'claim_invalid')).details.claim).toBe('sub')
    },
  )

  it.each(['a', 'a.b', '...', '..a', 'a/..b/c_-'])('accepts the path %s', async (path) => {
    const { verifyToken } = createFixtureVerifier(fixture)
    const sub = `spiffe://example.org/${path}`
    expect((await verifyToken(tokenOf(fixture, { claims: { ...claims, sub } }))).principal.subject).toBe(sub)
  })
})
