// What is remembered of a token, for how long, and by whom. Every verification in full asks the preset for the principal,
// so that is what is counted.
import { AuthError, createVerifier, type ClaimcheckEvent } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createKey, createToken, issuer, keyFor, type TokenParts } from '../support/tokens.ts'
import { expectInvalidToken, type OtherOptions, refusalOf } from '../support/verifiers.ts'

const key = keyFor('ES256')
const second = 1000

function startVerifier(options: OtherOptions = {}) {
  const clock = createTestClock()
  const events: ClaimcheckEvent[] = []
  const trusted = oidc({ issuer, audience, jwks: { keys: [key.publicJwk] } })
  const principal = vi.fn(trusted.principal)
  const verifier = createVerifier({
    issuer: { ...trusted, principal },
    clock,
    onEvent: (event) => void events.push(event),
    ...options,
  })
  return { ...verifier, clock, events, inFull: () => principal.mock.calls.length }
}

const token = (parts: TokenParts = {}) => createToken(parts)

/** Waits longer than the digests of tokens that came at the same moment, where those are made later (WebCrypto). */
async function everyDigest(): Promise<void> {
  for (let count = 0; count < 200; count++) await crypto.subtle.digest('SHA-256', Buffer.of(count))
}

describe('a token that comes again', () => {
  it('is verified in full once, and every request gets a view of its own', async () => {
    const { verifyToken, inFull } = startVerifier()
    const text = token()
    const [first, second] = [await verifyToken(text), await verifyToken(text)]
    expect(inFull()).toBe(1)
    expect(second).not.toBe(first)
    expect(second).toEqual(first)
    expect([first.token, second.token]).toEqual([text, text])
    expect(second.claims).toBe(first.claims)
    expect(second.principal).toBe(first.principal)
  })

  it('is refused a hundred times at once by one verification, and every request gets an error of its own', async () => {
    let validations = 0
    const issues = [{ message: 'no', path: ['level'] }]
    const validate = async () => {
      validations++
      await everyDigest()
      return { issues }
    }
    const { verifyToken, events } = startVerifier({ claims: { '~standard': { version: 1, vendor: 'test', validate } } })
    const text = token()
    const errors = await Promise.all(Array.from({ length: 100 }, () => refusalOf(verifyToken(text))))
    expect(validations).toBe(1)
    expect(new Set(errors).size).toBe(100)
    expect(events).toHaveLength(100)
    const [first] = errors
    for (const error of errors) {
      expect(error).toEqual(first)
      expect(error).toMatchObject({ reason: 'claims_schema_mismatch', status: 401, hint: first?.hint })
      expect([error.headers, error.details]).toEqual([first?.headers, { verified: true, ...first?.details }])
    }
  })

  it('is refused at once with 503 for as long as the first of them, each by an error of its own', async () => {
    const down = new AuthError('keys_unavailable', { retryAfterSeconds: 7, hint: 'the store is down' })
    const create = () => ({ findKey: () => everyDigest().then(() => Promise.reject(down)) })
    const trusted = oidc({ issuer, audience, jwks: { keys: [key.publicJwk] } })
    const endpoints = trusted.endpoints.map((endpoint) => ({ ...endpoint, keys: { create } }))
    const { verifyToken } = createVerifier({ issuer: { ...trusted, endpoints }, clock: createTestClock() })
    const text = token()
    const errors = await Promise.all(Array.from({ length: 3 }, () => refusalOf(verifyToken(text))))
    expect(new Set(errors).size).toBe(3)
    for (const { headers, hint, status } of errors) {
      expect([headers['Retry-After'], hint, status]).toEqual(['7', 'the store is down', 503])
    }
  })

  it.each([
    ['and is remembered', {}],
    ['and cannot be remembered', { issued: new Date(0) }],
  ])('waits at most a second longer than for itself, %s, however many wait with it', async (_, value) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const validate = () =>
      new Promise<{ value: Record<string, unknown> }>((resolve) => void setTimeout(() => resolve({ value }), 2500))
    const { verifyToken } = startVerifier({ claims: { '~standard': { version: 1, vendor: 'test', validate } } })
    const text = token()
    let answered = 0
    const all = Array.from({ length: 20 }, () => verifyToken(text).then(() => answered++))
    for (let halves = 0; halves < 12; halves++) {
      await everyDigest()
      await vi.advanceTimersByTimeAsync(500)
    }
    expect(answered).toBe(20)
    await Promise.all(all)
  })

  it('is verified in full each time without a cache', async () => {
    const { verifyToken, inFull } = startVerifier({ tokenCache: false })
    const text = token()
    for (let count = 0; count < 3; count++) await verifyToken(text)
    expect(inFull()).toBe(3)
  })

  it('a hundred times at once is verified once', async () => {
    // Slow curves are verified in the thread pool, so all hundred are there before the first is done.
    const slow = keyFor('ES384')
    const trusted = oidc({ issuer, audience, jwks: { keys: [slow.publicJwk] } })
    const principal = vi.fn(trusted.principal)
    const { verifyToken } = createVerifier({ issuer: { ...trusted, principal }, clock: createTestClock() })
    const text = token({ key: slow })
    const verified = await Promise.all(Array.from({ length: 100 }, () => verifyToken(text)))
    expect(principal).toHaveBeenCalledTimes(1)
    expect(new Set(verified).size).toBe(100)
    expect(new Set(verified.map(({ claims }) => claims)).size).toBe(1)
  })

  it('a hundred times at once, forged, is refused a hundred times, with an event for each', async () => {
    const slow = keyFor('ES384')
    const events: ClaimcheckEvent[] = []
    const { verifyToken } = createVerifier({
      issuer: oidc({ issuer, audience, jwks: { keys: [slow.publicJwk] } }),
      clock: createTestClock(),
      onEvent: (event) => void events.push(event),
    })
    const forged = token({ key: { ...createKey('ES384'), kid: slow.kid } })
    const refusals = await Promise.all(Array.from({ length: 100 }, () => refusalOf(verifyToken(forged))))
    for (const { reason } of refusals) expect(reason).toBe('signature_invalid')
    expect(events.map((event) => event.type === 'refusal' && event.reason)).toEqual(
      Array(100).fill('signature_invalid'),
    )
  })
})

describe('what is remembered', () => {
  it('is no refused token, however often it comes', async () => {
    const { verifyToken, inFull } = startVerifier()
    const early = token({ claims: { nbf: now + 31 } })
    await expectInvalidToken(verifyToken(early), 'token_not_yet_valid')
    const wrong = token({ claims: { aud: 'other' } })
    for (let count = 0; count < 3; count++) await expectInvalidToken(verifyToken(wrong), 'audience_mismatch')
    expect(inFull()).toBe(0)
  })

  it('is a token that was refused for being early, once its time has come', async () => {
    const { verifyToken, clock } = startVerifier()
    const early = token({ claims: { nbf: now + 31 } })
    await expectInvalidToken(verifyToken(early), 'token_not_yet_valid')
    clock.advanceMs(second)
    expect((await verifyToken(early)).claims.nbf).toBe(now + 31)
  })

  it('is bounded by number: the one used longest ago goes first', async () => {
    const { verifyToken, inFull } = startVerifier({ tokenCache: { maxTokens: 2 } })
    const [a, b, c] = ['a', 'b', 'c'].map((jti) => token({ claims: { jti } })) as [string, string, string]
    for (const text of [a, b, a, c]) await verifyToken(text)
    expect(inFull()).toBe(3)
    await verifyToken(a)
    expect(inFull()).toBe(3)
    await verifyToken(b)
    expect(inFull()).toBe(4)
  })

  it('is bounded by bytes', async () => {
    const { verifyToken, inFull } = startVerifier({ tokenCache: { maxBytes: 65_536 } })
    const large = Array.from({ length: 10 }, (_, index) =>
      token({ claims: { jti: `${index}`, pad: 'x'.repeat(7000) } }),
    )
    for (const text of large) await verifyToken(text)
    expect(inFull()).toBe(10)
    await verifyToken(large.at(-1) ?? '')
    expect(inFull()).toBe(10)
    await verifyToken(large[0] ?? '')
    expect(inFull()).toBe(11)
  })

  it('is driven out by no number of forged tokens', async () => {
    const { verifyToken, inFull } = startVerifier({ tokenCache: { maxTokens: 100 } })
    const good = Array.from({ length: 100 }, (_, index) => token({ claims: { jti: `${index}` } }))
    for (const text of good) await verifyToken(text)
    const forger = { ...createKey('ES256'), kid: key.kid }
    for (let count = 0; count < 500; count++) {
      await expectInvalidToken(verifyToken(token({ key: forger, claims: { jti: `f${count}` } })), 'signature_invalid')
      await expectInvalidToken(verifyToken(token({ claims: { jti: `e${count}`, exp: now - 60 } })), 'token_expired')
    }
    for (const text of good) await verifyToken(text)
    expect(inFull()).toBe(100)
  })

  it('is not what a schema puts out that cannot be frozen: each request gets its own', async () => {
    const claims = z.object({ iat: z.number() }).transform(({ iat }) => ({ issued: new Date(iat * 1000) }))
    const { verifyToken } = createVerifier({
      issuer: oidc({ issuer, audience, jwks: { keys: [key.publicJwk] } }),
      clock: createTestClock(),
      claims,
    })
    const text = token()
    const first = await verifyToken(text)
    first.claims.issued.setFullYear(1999)
    expect((await verifyToken(text)).claims.issued.getFullYear()).toBe(2026)
  })

  it('is what a schema puts out that can be frozen, and the schema is asked once', async () => {
    const schema = z.object({
      scope: z
        .string()
        .default('none')
        .transform((scope) => scope.split(' ')),
    })
    const validate = vi.spyOn(schema['~standard'], 'validate')
    const { verifyToken } = createVerifier({
      issuer: oidc({ issuer, audience, jwks: { keys: [key.publicJwk] } }),
      clock: createTestClock(),
      claims: schema,
    })
    const text = token()
    await verifyToken(text)
    expect((await verifyToken(text)).claims.scope).toEqual(['none'])
    expect(validate).toHaveBeenCalledTimes(1)
  })
})

describe('the option', () => {
  it.each([
    [{ maxTokens: 0 }, 'tokenCache.maxTokens must be a whole number from 1 to 1000000, not 0.'],
    [{ maxTokens: Number.NaN }, 'tokenCache.maxTokens must be a whole number from 1 to 1000000, not NaN.'],
    [{ maxBytes: 1000 }, 'tokenCache.maxBytes must be a whole number from 65536 to 4294967296, not 1000.'],
    [{ ttl: 5 }, 'tokenCache has no option ttl. It has: maxTokens, maxBytes.'],
    [true, 'tokenCache needs an options object, a plain one.'],
  ])('cannot be %j', (tokenCache, message) => {
    expect(() => startVerifier({ tokenCache: tokenCache as never })).toThrow(new TypeError(message))
  })

  it('leaves errors what they are', async () => {
    await expect(startVerifier().verifyToken(7 as never)).rejects.toBeInstanceOf(AuthError)
  })
})
