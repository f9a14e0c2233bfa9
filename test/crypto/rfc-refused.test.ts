// Examples of the RFCs that a resource server must not accept, and the key set that they publish.
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { calculateJwkThumbprint } from 'jose'
import { expect, it } from 'vitest'
import { importKeys } from '../../src/jwks/import.ts'
import { keyFor } from '../support/tokens.ts'

/** RFC 7517 appendix A.1. The first key is for encryption. */
const published = [
  {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    use: 'enc',
    kid: '1',
  },
  {
    kty: 'RSA',
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  },
]

it('imports the signing key of RFC 7517 A.1, and not the one for encryption', async () => {
  const { keys, skipped } = await importKeys({ keys: published }, ['RS256', 'ES256'])
  expect([keys.map(({ kid }) => kid), skipped]).toEqual([['2011-04-29'], 1])
  // RFC 7638 §3.1 gives its thumbprint: the figures above are those of the RFC.
  expect(await calculateJwkThumbprint(published[1] ?? {})).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})

const symmetric = {
  kty: 'oct',
  k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
}

it.each([
  [
    'RFC 7515 A.1, HS256',
    'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    'algorithm_not_allowed',
  ],
  [
    'RFC 7515 A.5, unsecured',
    'eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.',
    'algorithm_not_allowed',
  ],
  [
    'RFC 7520 4.4, HS256',
    'eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0',
    'token_malformed',
  ],
  [
    'RFC 7797 4.2, detached',
    'eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY',
    'token_malformed',
  ],
  [
    'RFC 7797 4.2, detached, with claims in its place',
    'eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.eyJpc3MiOiJqb2UifQ.A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY',
    'critical_header_unsupported',
  ],
])('refuses the example of %s, whatever keys the issuer has', async (_, token, reason) => {
  const jwks = { keys: [symmetric, keyFor('ES256').publicJwk] }
  const issuer = oidc({ issuer: 'joe', audience: null, jwks })
  // At that time the examples were valid.
  const { verifyToken } = createVerifier({ issuer, clock: { nowMs: () => 1_300_819_000_000 } })
  await expect(verifyToken(token)).rejects.toMatchObject({ reason })
})
