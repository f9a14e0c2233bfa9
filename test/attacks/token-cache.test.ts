// A remembered token must not become a door: nothing that looks like it gets in, and nothing outlives its right.
import { importPublicKey } from '#engine'
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { startKeyServer } from '../support/key-server.ts'
import { audience, createKey, createToken, issuer, keyFor } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const key = keyFor('ES256')
const second = 1000
const trusted = oidc({ issuer, audience, jwks: { keys: [key.publicJwk] } })

function startVerifier(options = {}) {
  const clock = createTestClock()
  return { clock, ...createVerifier({ issuer: trusted, clock, ...options }) }
}

describe('a token like one that is remembered', () => {
  it('is refused when it differs in one character, wherever that is', async () => {
    const { verifyToken } = startVerifier()
    const good = createToken()
    await verifyToken(good)
    for (let at = 0; at < good.length; at++) {
      for (const other of [good[at] === 'A' ? 'B' : 'A', '.', '=']) {
        if (good[at] === other) continue
        const changed = good.slice(0, at) + other + good.slice(at + 1)
        expect((await refusalOf(verifyToken(changed))).status).toBe(401)
      }
      expect((await refusalOf(verifyToken(good.slice(0, at) + good.slice(at + 1)))).status).toBe(401)
    }
    for (const changed of [`${good} `, ` ${good}`, `${good}=`, `${good}.`, good.toLowerCase(), `${good}\0`]) {
      expect((await refusalOf(verifyToken(changed))).status).toBe(401)
    }
  })

  it('is refused when it has the signature of one and the claims of another', async () => {
    const { verifyToken } = startVerifier()
    const [alice, bob] = [createToken({ claims: { sub: 'alice' } }), createToken({ claims: { sub: 'bob' } })]
    await verifyToken(alice)
    await verifyToken(bob)
    const [header, claims] = alice.split('.')
    await expectInvalidToken(verifyToken(`${header}.${claims}.${bob.split('.')[2]}`), 'signature_invalid')
  })
})

describe('what a handler does to a token', () => {
  it('is not seen by the next request', async () => {
    const { verifyToken } = startVerifier()
    const text = createToken({ claims: { roles: ['reader'], address: { country: 'CH' } } })
    const first = await verifyToken(text)
    const attempts: (() => unknown)[] = [
      () => (first.claims.roles as string[]).push('admin'),
      () => Object.assign(first.claims, { sub: 'root' }),
      () => Object.assign(first.claims.address as object, { country: 'XX' }),
      () => Object.assign(first.principal, { roles: ['admin'] }),
      () => Object.assign(first.header, { alg: 'none' }),
      () => Object.assign(first, { principal: undefined }),
      () => Object.defineProperty(Object.getPrototypeOf(first), 'principal', { value: undefined }),
      () => Object.setPrototypeOf(first, {}),
      () => Object.defineProperty(Object.getPrototypeOf(first), 'token', { get: () => 'stolen' }),
    ]
    for (const attempt of attempts) expect(attempt).toThrow(TypeError)
    const next = await verifyToken(text)
    expect(next.claims).toMatchObject({ sub: 'alice', roles: ['reader'], address: { country: 'CH' } })
    expect(next.principal.roles).toEqual(['reader'])
    expect(next.token).toBe(text)
  })
})

describe('a token that is remembered', () => {
  it('[RFC7519-4.1.4-1] is refused from the very moment that its time is over', async () => {
    const { verifyToken, clock } = startVerifier()
    const text = createToken({ claims: { exp: now + 60 } })
    await verifyToken(text)
    clock.advanceMs(90 * second - 1)
    await verifyToken(text)
    clock.advanceMs(1)
    const error = await expectInvalidToken(verifyToken(text), 'token_expired')
    expect(error.details).toMatchObject({ verified: true, exp: now + 60 })
  })

  it('is refused when it has grown older than maxTokenAgeSeconds', async () => {
    const { verifyToken, clock } = startVerifier({ maxTokenAgeSeconds: 60 })
    const text = createToken({ claims: { iat: now } })
    await verifyToken(text)
    clock.advanceMs(90 * second)
    await expectInvalidToken(verifyToken(text), 'token_too_old')
  })

  it('is refused when the clock was set back before its time', async () => {
    const { verifyToken, clock } = startVerifier()
    const text = createToken({ claims: { nbf: now } })
    await verifyToken(text)
    clock.advanceMs(-60 * second)
    await expectInvalidToken(verifyToken(text), 'token_not_yet_valid')
  })

  it('is refused by the very next request after it was revoked, and taken again when that is taken back', async () => {
    const revoked = new Set<unknown>()
    const { verifyToken } = startVerifier({
      isRevoked: ({ claims }: { claims: { jti?: string } }) => revoked.has(claims.jti),
    })
    const text = createToken({ claims: { jti: 'j1' } })
    await verifyToken(text)
    revoked.add('j1')
    await expectInvalidToken(verifyToken(text), 'token_revoked')
    revoked.clear()
    await verifyToken(text)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('the list is gone')
      },
    ],
    ['answers what is no answer', () => 'no'],
    ['rejects', async () => Promise.reject(new Error('the list is gone'))],
  ])('is a 503 when isRevoked %s for it', async (_, answer) => {
    let trouble = false
    const { verifyToken } = startVerifier({ isRevoked: () => (trouble ? answer() : false) })
    const text = createToken()
    await verifyToken(text)
    trouble = true
    expect(await refusalOf(verifyToken(text))).toMatchObject({ reason: 'revocation_unavailable', status: 503 })
  })

  it('is refused by the very next request after its key was found to be withdrawn', async () => {
    const other = createKey('ES256', { kid: 'other' })
    const server = await startKeyServer({ keys: [key.publicJwk, other.publicJwk] })
    try {
      const clock = createTestClock()
      const { verifyToken, keys } = createVerifier({ issuer: server.issuer, audience, clock })
      const make = (signer: typeof key) => createToken({ key: signer, claims: { iss: server.issuer, exp: now + 3600 } })
      const [mine, others] = [make(key), make(other)]
      await verifyToken(mine)
      await verifyToken(others)
      server.keys = [other.publicJwk]
      clock.advanceMs(9.9 * 60 * second)
      await verifyToken(others) // begins the refresh
      await expect.poll(() => keys()[0]?.keys, { interval: 1 }).toBe(1)
      await expectInvalidToken(verifyToken(mine), 'key_not_found')
      await verifyToken(others)
    } finally {
      await server.stop()
    }
  })

  it('is refused when another key has taken the place of its own under the same kid', async () => {
    const server = await startKeyServer({ keys: [key.publicJwk] })
    try {
      const clock = createTestClock()
      const { verifyToken, ready } = createVerifier({ issuer: server.issuer, audience, clock })
      const text = createToken({ claims: { iss: server.issuer, exp: now + 7200 } })
      await verifyToken(text)
      server.keys = [{ ...createKey('ES256').publicJwk, kid: key.kid }]
      clock.advanceMs(3600 * second) // an idle hour: the next request waits for the refresh
      await ready()
      await expectInvalidToken(verifyToken(text), 'signature_invalid')
    } finally {
      await server.stop()
    }
  })

  it('is a 503 when the keys are past the time that they may serve in an outage', async () => {
    const server = await startKeyServer({ keys: [key.publicJwk] })
    const clock = createTestClock()
    const { verifyToken } = createVerifier({ issuer: server.issuer, audience, clock })
    const text = createToken({ claims: { iss: server.issuer, exp: now + 100 * 3600 } })
    await verifyToken(text)
    await server.stop()
    clock.advanceMs(24 * 3600 * second - 1)
    await verifyToken(text)
    clock.advanceMs(1)
    expect(await refusalOf(verifyToken(text))).toMatchObject({ reason: 'keys_unavailable', status: 503 })
  })

  it('is refused by the very next request after its tenant was shut out, and 503 while nobody knows', async () => {
    let answer: () => boolean = () => true
    const { verifyToken } = startVerifier({ issuer: { ...trusted, isTenantAllowed: () => answer() } })
    const text = createToken()
    await verifyToken(text)
    answer = () => false
    await expectInvalidToken(verifyToken(text), 'tenant_mismatch')
    answer = () => {
      throw new Error('the database is gone')
    }
    expect(await refusalOf(verifyToken(text))).toMatchObject({ reason: 'verification_unavailable', status: 503 })
    answer = () => true
    await verifyToken(text)
  })

  it.each([
    ['leaves it out', () => ({})],
    ['makes something else of it', () => ({ tid: 'tenant-of-somebody-else' })],
  ])('is refused after its tenant was shut out, also where a claims schema %s', async (_, makeOutput) => {
    const shutOut = new Set<unknown>()
    const isTenantAllowed = ({ claims }: { claims: Record<string, unknown> }) => !shutOut.has(claims.tid)
    const claims = { '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ value: makeOutput() }) } }
    const { verifyToken } = startVerifier({ issuer: { ...trusted, isTenantAllowed }, claims })
    const text = createToken({ claims: { tid: 'tenant-a' } })
    await verifyToken(text)
    await verifyToken(text)
    shutOut.add('tenant-a')
    await expectInvalidToken(verifyToken(text), 'tenant_mismatch')
  })

  it.each([
    ['at once', (answer: boolean) => answer],
    ['later', async (answer: boolean) => answer],
  ])('is refused after its key was withdrawn, also where its tenant is asked about and answered %s', async (_, say) => {
    const { kty, crv, x, y } = key.publicJwk
    const publicKey = await importPublicKey({ kty, crv, x, y } as object, 'ES256')
    const known = { kid: key.kid, algorithms: ['ES256'] as const, key: publicKey }
    let found: typeof known | undefined = known
    const keys = { create: () => ({ findKey: () => found }) }
    const endpoints = trusted.endpoints.map((endpoint) => ({ ...endpoint, keys }))
    const { verifyToken } = startVerifier({ issuer: { ...trusted, endpoints, isTenantAllowed: () => say(true) } })
    const text = createToken()
    await verifyToken(text)
    await verifyToken(text)
    found = undefined
    await expectInvalidToken(verifyToken(text), 'key_not_found')
  })

  it('was not remembered while something was missing in its principal that could not be had', async () => {
    const answers = [() => Promise.reject(new Error('no answer')), async () => ({ roles: ['admin'] })]
    const enrichPrincipal = () => answers.shift()?.()
    const { verifyToken } = startVerifier({ issuer: { ...trusted, enrichPrincipal } })
    const text = createToken()
    expect((await verifyToken(text)).principal.roles).toEqual([])
    expect((await verifyToken(text)).principal.roles).toEqual(['admin'])
    expect((await verifyToken(text)).principal.roles).toEqual(['admin'])
  })

  it('is refused when it comes in a header that is not its issuer’s', async () => {
    const { verifyToken } = startVerifier()
    const text = createToken()
    await verifyToken(text, { header: 'authorization' })
    await expectInvalidToken(verifyToken(text, { header: 'x-amzn-oidc-data' }), 'token_in_wrong_header')
  })

  it('is a stranger to another verifier, which has another audience', async () => {
    const [one, two] = [
      startVerifier(),
      startVerifier({ issuer: { ...trusted, audience: ['https://other.example.com'] } }),
    ]
    const text = createToken()
    await one.verifyToken(text)
    await expectInvalidToken(two.verifyToken(text), 'audience_mismatch')
    await one.verifyToken(text)
  })
})

describe('a token that comes while another request has it verified', () => {
  /** A schema that answers when the test says so. */
  async function startSlowly(makeOutput: () => object, options = {}) {
    const waiting: (() => void)[] = []
    const validate = () =>
      new Promise<{ value: object }>((resolve) => waiting.push(() => resolve({ value: makeOutput() })))
    const claims = { '~standard': { version: 1 as const, vendor: 'test', validate } }
    const goOn = async () => {
      while (waiting.length > 0) {
        for (const answer of waiting.splice(0)) answer()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    /** Until a first request waits for its schema, and whoever came with it has joined. */
    const firstWaits = async () => {
      await expect.poll(() => waiting.length, { interval: 1 }).toBeGreaterThan(0)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const verifier = startVerifier({ claims, ...options })
    await verifier.ready()
    return { ...verifier, firstWaits, goOn }
  }

  it('shares nothing with it that a handler could change', async () => {
    const { verifyToken, firstWaits, goOn } = await startSlowly(() => ({ issued: new Date(0) }))
    const text = createToken()
    const verified: Awaited<ReturnType<typeof verifyToken>>[] = []
    const both = [verifyToken(text), verifyToken(text)].map((one) => one.then((auth) => verified.push(auth)))
    await firstWaits()
    const verifiedSoFar = () => goOn().then(() => verified.length)
    await expect.poll(verifiedSoFar, { interval: 1 }).toBe(2)
    await Promise.all(both)
    const [first, second] = verified
    const { issued } = first?.claims as unknown as { issued: Date }
    issued.setFullYear(1999)
    expect((second?.claims as unknown as { issued: Date }).issued.getTime()).toBe(0)
  })

  it('is refused when its time was over before it came', async () => {
    const { verifyToken, clock, firstWaits, goOn } = await startSlowly(() => ({}))
    const text = createToken({ claims: { exp: now + 60 } })
    // The first is refused, too: its time was over while its schema was waited for.
    const early = expectInvalidToken(verifyToken(text), 'token_expired')
    await firstWaits()
    clock.advanceMs(90 * second)
    const late = expectInvalidToken(verifyToken(text), 'token_expired')
    await goOn()
    await early
    await late
  })

  it('is refused when its tenant was shut out before it came', async () => {
    let admitted = true
    const { verifyToken, firstWaits, goOn } = await startSlowly(() => ({}), {
      issuer: { ...trusted, isTenantAllowed: () => admitted },
    })
    const text = createToken()
    const early = verifyToken(text)
    await firstWaits()
    admitted = false
    const late = expectInvalidToken(verifyToken(text), 'tenant_mismatch')
    await goOn()
    await early
    await late
  })
})
