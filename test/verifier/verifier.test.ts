// The order of checks for a token, and that nothing implausible costs a fetch.
import { type AuthError, createVerifier, type Verifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createKey, createToken, issuer, keyFor, type TestKey } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken, refusalOf } from '../support/verifiers.ts'

interface Fault {
  readonly reason: AuthError['reason']
  readonly header?: object
  readonly claims?: object
  readonly key?: TestKey
}

const forger = createKey('ES256', { kid: 'ES256' })

/** What can be wrong with a token, in the order in which the verifier looks. */
const faults: readonly Fault[] = [
  { reason: 'critical_header_unsupported', header: { crit: ['exp'] } },
  { reason: 'issuer_unknown', claims: { iss: 'https://unlisted.example.com' } },
  { reason: 'algorithm_not_allowed', header: { alg: 'HS256' } },
  { reason: 'token_type_not_accepted', header: { typ: 'dpop+jwt' } },
  { reason: 'claim_invalid', claims: { sub: 42 } },
  { reason: 'claim_missing', claims: { tenant: undefined } },
  { reason: 'token_expired', claims: { exp: now - 3600 } },
  { reason: 'not_an_access_token', claims: { at_hash: 'x' } },
  { reason: 'audience_mismatch', claims: { aud: 'urn:other' } },
  { reason: 'sender_constrained', claims: { cnf: { jkt: 'x' } } },
  { reason: 'key_not_found', header: { kid: 'unknown' } },
  { reason: 'signature_invalid', key: forger },
  { reason: 'claims_schema_mismatch', claims: { level: 'high' } },
  { reason: 'token_revoked', claims: { jti: 'revoked' } },
]
const needNoKey = faults.slice(0, 10)

function tokenWith(wrong: readonly Fault[]): string {
  const merged = wrong.map(({ header, claims }) => ({ header, claims }))
  const header = Object.assign({}, ...merged.map((fault) => fault.header)) as Record<string, unknown>
  const claims = Object.assign({ tenant: 't1' }, ...merged.map((fault) => fault.claims)) as Record<string, unknown>
  return createToken({ header, claims, key: wrong.find(({ key }) => key)?.key ?? keyFor('ES256') })
}

describe('the order of checks', () => {
  const verifier = createTestVerifier({
    options: {
      requiredClaims: ['tenant'],
      claims: z.looseObject({ level: z.number().optional() }) as never,
      isRevoked: (auth) => auth.claims.jti === 'revoked',
    },
  })

  it.each(faults.map(({ reason }, index) => [reason, index] as const))(
    'comes to %s before anything that is checked later',
    async (reason, index) => {
      await expectInvalidToken(verifier.verifyToken(tokenWith(faults.slice(index))), reason)
      await expectInvalidToken(verifier.verifyToken(tokenWith(faults.slice(index, index + 1))), reason)
    },
  )

  it('ends with a verified token', async () => {
    expect((await verifier.verifyToken(tokenWith([]))).principal.subject).toBe('alice')
  })
})

describe('while the keys are unreachable', () => {
  function unreachable() {
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(url)
      return Promise.reject(new Error('unreachable'))
    }
    const options = { issuer, audience, requiredClaims: ['tenant'], fetch, clock: createTestClock() }
    return { asked, ...createVerifier(options) }
  }

  it.each(needNoKey.map((fault) => [fault.reason, fault] as const))(
    '%s is still a final 401',
    async (reason, fault) => {
      const { verifyToken, asked } = unreachable()
      await expectInvalidToken(verifyToken(tokenWith([fault])), reason)
      expect(asked).toEqual([])
    },
  )

  it.each(['opaque', '', 'a.b', 'a.b.c', 'a.b.c.d.e', 'x'.repeat(16_385)])(
    'so is %.10j, which is no token',
    async (text) => {
      const { verifyToken, asked } = unreachable()
      expect((await refusalOf(verifyToken(text))).status).toBe(401)
      expect(asked).toEqual([])
    },
  )

  it('a good token is never called bad', async () => {
    const { verifyToken, asked } = unreachable()
    const error = await refusalOf(verifyToken(tokenWith([])))
    expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    expect(error.headers).toEqual({ 'Cache-Control': 'no-store', 'Retry-After': '1' })
    expect(asked).toHaveLength(2 * 2) // one try and one more at each address of its metadata
  })

  it('an unlisted iss is never asked for metadata, whatever its header points to', async () => {
    const { verifyToken, asked } = unreachable()
    const header = { jku: 'https://evil.example.com/jwks', x5u: 'https://evil.example.com/x5u' }
    const claims = { tenant: 't1', iss: 'https://evil.example.com' }
    await expectInvalidToken(verifyToken(createToken({ header, claims })), 'issuer_unknown')
    expect(asked).toEqual([])
  })
})

describe('the rules of the options', () => {
  const verifyWith = (options: object, claims: object) =>
    createTestVerifier({ options }).verifyToken(createToken({ claims: { ...claims } }))

  it('require the claims that are listed, and no more', async () => {
    expect((await verifyWith({ requiredClaims: ['jti'] }, {})).claims.jti).toBe('j1')
    const error = await expectInvalidToken(verifyWith({ requiredClaims: ['jti'] }, { jti: undefined }), 'claim_missing')
    expect(error.details.claim).toBe('jti')
    expect((await verifyWith({}, { jti: undefined })).claims).not.toHaveProperty('jti')
  })

  it.each([undefined, null])('always require exp: %s', async (exp) => {
    const error = await refusalOf(verifyWith({}, { exp }))
    expect(error.details.claim).toBe('exp')
    expect(error.reason).toBe(exp === null ? 'claim_invalid' : 'claim_missing')
  })

  it('grant 30 seconds of tolerance, or as many as they say', async () => {
    expect((await verifyWith({}, { exp: now - 29 })).expiresAt).toBe(now - 29)
    await expectInvalidToken(verifyWith({}, { exp: now - 30 }), 'token_expired')
    for (const clockToleranceSeconds of [0, 300]) {
      const atTheEnd = { exp: now - clockToleranceSeconds }
      await expectInvalidToken(verifyWith({ clockToleranceSeconds }, atTheEnd), 'token_expired')
      const before = { exp: atTheEnd.exp + 1 }
      expect((await verifyWith({ clockToleranceSeconds }, before)).expiresAt).toBe(before.exp)
    }
  })

  it('limit the age of a token', async () => {
    const options = { maxTokenAgeSeconds: 60, clockToleranceSeconds: 0 }
    expect((await verifyWith(options, { iat: now - 59 })).claims.iat).toBe(now - 59)
    await expectInvalidToken(verifyWith(options, { iat: now - 60 }), 'token_too_old')
    await expectInvalidToken(verifyWith(options, { iat: undefined }), 'claim_missing')
    expect((await verifyWith({}, { iat: now - 3_000_000 })).claims.iat).toBe(now - 3_000_000)
  })

  it('follow the clock', async () => {
    const { verifyToken, clock } = createTestVerifier()
    const token = createToken()
    expect((await verifyToken(token)).expiresAt).toBe(now + 300)
    clock.advanceMs(330_000 - 1)
    expect((await verifyToken(token)).expiresAt).toBe(now + 300)
    clock.advanceMs(1)
    await expectInvalidToken(verifyToken(token), 'token_expired')
  })
})

describe('what an operator is told', () => {
  it('of an iss that nobody is configured for', async () => {
    const error = await expectInvalidToken(
      createTestVerifier().verifyToken(tokenWith(faults.slice(1, 2))),
      'issuer_unknown',
    )
    expect(error.hint).toMatch(/^no configured issuer equals the iss.*byte for byte, slashes included$/)
    expect(error.details).toMatchObject({ claim: 'iss', iss: 'https://unlisted.example.com', verified: false })
  })

  it('of a token without iss', async () => {
    const error = await expectInvalidToken(
      createTestVerifier().verifyToken(createToken({ claims: { iss: undefined } })),
      'claim_missing',
    )
    expect(error.details.claim).toBe('iss')
    expect(error.hint).toBeUndefined()
  })

  it('of a key that is not there', async () => {
    const error = await expectInvalidToken(
      createTestVerifier().verifyToken(createToken({ header: { kid: 'x' } })),
      'key_not_found',
    )
    expect(error.hint).toMatch(/no key with this kid and algorithm.*production STS/)
    expect(error.details).toMatchObject({ kid: 'x', alg: 'ES256', verified: false })
  })

  it('once for each refusal, with what could be read of the token', async () => {
    const { verifyToken, events } = createTestVerifier()
    const error = await refusalOf(verifyToken(createToken({ key: forger })))
    expect(events).toEqual([
      {
        type: 'refusal',
        code: 'invalid_token',
        reason: 'signature_invalid',
        status: 401,
        hint: expect.stringContaining('the key of this kid did not make the signature'),
        details: {
          verified: false,
          iss: issuer,
          aud: audience,
          azp: 'web',
          kid: 'ES256',
          alg: 'ES256',
          typ: 'at+jwt',
          iat: now - 60,
          exp: now + 300,
        },
      },
    ])
    expect(events[0]).toMatchObject({ details: error.details })
  })

  it('nothing of a token that could not be read but that it is not verified', async () => {
    const { verifyToken, events } = createTestVerifier()
    await refusalOf(verifyToken('opaque'))
    expect(events).toMatchObject([{ reason: 'token_malformed', details: { verified: false } }])
    expect(Object.keys((events[0] as { details: object }).details)).toEqual(['verified'])
  })

  it('nothing of a token that is let in', async () => {
    const { verifyToken, events } = createTestVerifier()
    await verifyToken(createToken())
    expect(events).toEqual([])
  })
})

describe('a verifier', () => {
  it('of several issuers finds the one that the token names', async () => {
    const jwks = { keys: [keyFor('ES256').publicJwk] }
    const names = ['https://a.example.com', 'https://b.example.com']
    const trusted = names.map((name) => oidc({ issuer: name, jwks, audience: `urn:of:${name}` }))
    const { verifyToken }: Verifier = createVerifier({ issuer: trusted, clock: createTestClock() })
    for (const iss of names) {
      const auth = await verifyToken(createToken({ claims: { iss, aud: `urn:of:${iss}` } }))
      expect({ issuer: auth.issuer, of: auth.principal.issuer }).toEqual({ issuer: iss, of: iss })
    }
    const mixed = createToken({ claims: { iss: names[0], aud: `urn:of:${names[1]}` } })
    await expectInvalidToken(verifyToken(mixed), 'audience_mismatch')
  })

  it('tells the issuer as configured', async () => {
    const auth = await createTestVerifier().verifyToken(createToken())
    expect(auth).toMatchObject({ issuer, expiresAt: now + 300, claims: { sub: 'alice' } })
  })
})
