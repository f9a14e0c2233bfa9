// The strict profile: a token is exactly what RFC 9068 says, or it is refused.
import { AuthError, createVerifier } from 'claimcheck'
import { rfc9068 } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createToken, issuer, keyFor, type TokenParts } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const jwks = { keys: [keyFor('ES256').publicJwk, keyFor('EdDSA').publicJwk] }
const clock = createTestClock()
const { verifyToken } = createVerifier({ issuer: rfc9068({ issuer, audience, jwks }), clock })
const verify = (parts: TokenParts) => verifyToken(createToken(parts))

describe('typ', () => {
  it.each(['at+jwt', 'application/at+jwt', 'AT+JWT'])('[RFC9068-4-1] is %s', async (typ) => {
    expect((await verify({ header: { typ } })).header.typ).toBe(typ)
  })

  it.each(['JWT', undefined, 'dpop+jwt', 'at+jwt2', 'jwt', 'application/jwt'])(
    '[RFC9068-4-1] is not %s',
    async (typ) => {
      const error = await expectInvalidToken(verify({ header: { typ } }), 'token_type_not_accepted')
      expect(error.details.expected).toEqual(['at+jwt'])
    },
  )
})

describe('claims', () => {
  it.each(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'])('[RFC9068-2.2-1] must have %s', async (name) => {
    for (const value of [undefined, ...(['iss', 'exp'].includes(name) ? [] : [null])]) {
      const error = await refusalOf(verify({ claims: { [name]: value } }))
      expect(error.reason).toBe(value === null ? 'claim_invalid' : 'claim_missing')
      expect(error.details.claim).toBe(name)
    }
  })

  it('[RFC9068-2.2-1] must have aud also where no audience is checked', async () => {
    const unchecked = createVerifier({ issuer: rfc9068({ issuer, jwks }), audience: null, clock })
    expect((await unchecked.verifyToken(createToken({ claims: { aud: 'urn:x' } }))).claims.aud).toBe('urn:x')
    const error = await expectInvalidToken(
      unchecked.verifyToken(createToken({ claims: { aud: undefined } })),
      'claim_missing',
    )
    expect(error.details.claim).toBe('aud')
  })

  it('must have what the options require besides', async () => {
    const strict = createVerifier({ issuer: rfc9068({ issuer, audience, jwks, requiredClaims: ['tenant'] }), clock })
    expect((await strict.verifyToken(createToken({ claims: { tenant: 't1' } }))).claims.tenant).toBe('t1')
    await expectInvalidToken(strict.verifyToken(createToken()), 'claim_missing')
    await expectInvalidToken(
      strict.verifyToken(createToken({ claims: { tenant: 't1', jti: undefined } })),
      'claim_missing',
    )
  })

  it('[RFC9068-4-6] [RFC7519-4.1.4-1] end at exp, 30 seconds of tolerance granted', async () => {
    expect((await verify({ claims: { exp: now - 29.999 } })).expiresAt).toBe(now - 29.999)
    await expectInvalidToken(verify({ claims: { exp: now - 30 } }), 'token_expired')
  })

  it('[RFC7519-4.1.5-1] begin at nbf', async () => {
    expect((await verify({ claims: { nbf: now + 30 } })).claims.nbf).toBe(now + 30)
    await expectInvalidToken(verify({ claims: { nbf: now + 30.001 } }), 'token_not_yet_valid')
  })

  it('[RFC7519-4.1.6-1] are not from the future', async () => {
    expect((await verify({ claims: { iat: now + 30 } })).claims.iat).toBe(now + 30)
    await expectInvalidToken(verify({ claims: { iat: now + 30.001 } }), 'token_not_yet_valid')
    await expectInvalidToken(verify({ claims: { iat: now + 61 } }), 'token_not_yet_valid')
  })
})

describe('the signature', () => {
  it('[RFC9068-4-5] covers every character: none can be another one', async () => {
    const token = createToken()
    expect((await verifyToken(token)).principal.subject).toBe('alice')
    const outcomes = await Promise.all(changedByOneCharacter(token).map((one) => refusalOf(verifyToken(one))))
    expect(outcomes).toHaveLength(token.length)
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set([401]))
  })

  it('[RFC9068-4-5] cannot be of the alg none, in no spelling and with no signature', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const [header, payload, signature] = createToken({ header: { alg } }).split('.')
      for (const end of ['', signature]) {
        await expectInvalidToken(verifyToken(`${header}.${payload}.${end}`), 'algorithm_not_allowed')
      }
    }
  })

  it('[RFC9068-5-1] of any published key is good, and makes an access token of nothing else', async () => {
    for (const alg of ['ES256', 'EdDSA'] as const) {
      const key = keyFor(alg)
      expect((await verify({ key })).header.kid).toBe(alg)
      await expectInvalidToken(verify({ key, header: { typ: 'JWT' } }), 'token_type_not_accepted')
      await expectInvalidToken(verify({ key, claims: { aud: 'web' } }), 'audience_mismatch')
    }
  })
})

it('[RFC9068-4-7] answers every failure with the same bytes', async () => {
  const failures: readonly TokenParts[] = [
    { header: { typ: 'JWT' } },
    { header: { alg: 'none' } },
    { header: { kid: 'unknown' } },
    { header: { crit: ['x'] } },
    { claims: { iss: 'https://as' } },
    { claims: { aud: 'urn:other' } },
    { claims: { exp: now - 3600 } },
    { claims: { exp: undefined } },
    { claims: { nbf: now + 3600 } },
    { claims: { jti: undefined } },
    { claims: { cnf: { jkt: 'x' } } },
    { claims: { at_hash: 'x' } },
    { claims: { sub: 42 } },
  ]
  const tokens = [...failures.map(createToken), 'opaque', '', `${createToken()}x`, 'x'.repeat(16_385)]
  const answers = await Promise.all(tokens.map((token) => refusalOf(verifyToken(token))))
  const bytes = answers.map(({ status, headers, message }) => JSON.stringify({ status, headers, message }))
  expect(new Set(answers.map(({ reason }) => reason)).size).toBeGreaterThan(10)
  expect(new Set(bytes).size).toBe(1)
  expect(answers[0]?.status).toBe(401)
  expect(answers[0]?.headers).toEqual(new AuthError('token_malformed').headers)
  expect(answers[0]?.headers['WWW-Authenticate']).toContain('error="invalid_token"')
})

/** Each text that differs from `token` in exactly one character, which is then another one of base64url. */
function changedByOneCharacter(token: string): readonly string[] {
  return Array.from(token, (character, at) => {
    const other = character === 'A' ? 'B' : 'A'
    return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
  })
}
