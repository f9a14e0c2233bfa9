// An STS that fails, seen by those who come with its tokens: over real HTTP, time by the injected clock.
import { type ClaimcheckEvent, createResourceServer, createVerifier } from 'claimcheck'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../support/clock.ts'
import { type Answer, faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { startLoopback } from '../support/loopback.ts'
import { errorOf } from '../support/resource-servers.ts'
import { audience, createKey, createToken, keyFor, type TestKey } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const key = keyFor('ES256')
const newKey = createKey('ES256', { kid: 'new' })
const hour = 60 * 60 * 1000

let server: KeyServer
let clock: TestClock
let events: ClaimcheckEvent[]

beforeEach(async () => {
  server = await startKeyServer({ keys: [key.publicJwk] })
  clock = createTestClock()
  events = []
})
afterEach(() => server.stop())

function createTestedVerifier(fetchTimeoutMs = 5000) {
  const onEvent = (event: ClaimcheckEvent) => void events.push(event)
  return createVerifier({ issuer: server.issuer, audience, clock, fetchTimeoutMs, onEvent })
}

/** A token that is good at the clock's time. */
function token(signedWith: TestKey = key): string {
  const iat = Math.floor(clock.nowMs() / 1000)
  return createToken({ key: signedWith, claims: { iss: server.issuer, iat, exp: iat + 300 } })
}

type Trouble = readonly [name: string, begin: () => unknown, end: () => unknown]
const answering = (name: string, answer: Answer): Trouble => [
  name,
  () => server.answer('*', answer),
  () => server.answer('*', undefined),
]
const troubles: readonly Trouble[] = [
  answering('answers 500', faults.status(500)),
  answering('hangs', faults.hang),
  answering('stalls', faults.stall),
  answering('resets connections', faults.reset),
  answering('sends its maintenance page', faults.text('<html>', { 'content-type': 'text/html' })),
  ['is gone', () => server.stop(), () => server.start()],
]

describe('an STS that fails at the first request', () => {
  it.each(troubles)(
    '[OWN-JWKS-2] and %s: 503 and no challenge; back, within a second of its return',
    async (_, begin, end) => {
      const { verifyToken, ready } = createTestedVerifier(200)
      await begin()
      const error = await refusalOf(verifyToken(token()))
      expect({ reason: error.reason, status: error.status, headers: error.headers }).toEqual({
        reason: 'keys_unavailable',
        status: 503,
        headers: { 'Cache-Control': 'no-store', 'Retry-After': '1' },
      })
      expect(await ready()).toMatchObject([{ issuer: server.issuer, ok: false, error: expect.any(Error) }])
      await end()
      clock.advanceMs(1000)
      expect(await verifyToken(token())).toMatchObject({ issuer: server.issuer })
      expect(await ready()).toEqual([{ issuer: server.issuer, ok: true }])
    },
  )

  it('[OWN-JWKS-2] is asked once a second at most, and nobody waits in between', async () => {
    const { verifyToken } = createTestedVerifier()
    server.answer('*', faults.status(500))
    for (let request = 0; request < 50; request++) {
      expect(await refusalOf(verifyToken(token()))).toMatchObject({ reason: 'keys_unavailable' })
      clock.advanceMs(100)
    }
    // Five attempts, and one retry of the first.
    expect(server.count('/.well-known/oauth-authorization-server')).toBe(6)
  })

  it('[OWN-JWKS-2] answers an HTTP request with a 503 that says when to come again', async () => {
    const api = createResourceServer({ issuer: server.issuer, audience, clock })
    server.answer('*', faults.status(500))
    const headers = [['authorization', `Bearer ${token()}`]] as const
    const error = await errorOf(api.authenticate({ method: 'GET', url: '/', headers }))
    const { status, headers: sent } = api.challenge(error)
    expect(status).toBe(503)
    const lines = new Map(sent.map(([name, value]) => [name.toLowerCase(), value]))
    expect(lines.get('retry-after')).toBe('1')
    expect(lines.has('www-authenticate')).toBe(false)
  })

  it('[OWN-JWKS-2] does not make a bad token look good: what needs no key is refused with 401 all the same', async () => {
    const { verifyToken } = createTestedVerifier()
    server.answer('*', faults.status(500))
    const expired = createToken({ claims: { iss: server.issuer, exp: 1 } })
    await expectInvalidToken(verifyToken(expired), 'token_expired')
    expect(server.requests).toEqual([])
  })
})

describe('an STS that fails later', () => {
  it.each(troubles)('[OWN-JWKS-2] and %s: every good token gets in for 23 hours', async (_, begin, end) => {
    const { verifyToken } = createTestedVerifier(200)
    await verifyToken(token())
    await begin()
    for (let hours = 5; hours < 23; hours += 5) {
      clock.advanceMs(5 * hour)
      expect(await verifyToken(token())).toMatchObject({ issuer: server.issuer })
    }
    await end()
    const asked = server.count()
    const askedAgain = async () => {
      clock.advanceMs(10_000)
      expect(await verifyToken(token())).toMatchObject({ issuer: server.issuer })
      return server.count()
    }
    await expect.poll(askedAgain, { interval: 5 }).toBeGreaterThan(asked)
  })

  it('[OWN-JWKS-2] keeps bad tokens out with 503, whether their kid is known or not: the STS may have another key', async () => {
    const { verifyToken } = createTestedVerifier()
    await verifyToken(token())
    server.answer('*', faults.status(500))
    const forged = createKey('ES256', { kid: key.kid })
    for (const signedWith of [forged, newKey])
      expect(await refusalOf(verifyToken(token(signedWith)))).toMatchObject({ reason: 'keys_unavailable', status: 503 })
  })

  it('[OWN-JWKS-2] for longer than 24 hours: 503, never 401, until its first answer', async () => {
    const { verifyToken } = createTestedVerifier()
    await verifyToken(token())
    server.answer('*', faults.status(500))
    clock.advanceMs(24 * hour)
    for (let request = 0; request < 3; request++) {
      expect(await refusalOf(verifyToken(token()))).toMatchObject({ reason: 'keys_unavailable', status: 503 })
      clock.advanceMs(1000)
    }
    server.answer('*', undefined)
    expect(await verifyToken(token())).toMatchObject({ issuer: server.issuer })
  })
})

describe('a rotation', () => {
  it('one second after a fetch turns no token away, old key kept or retired', async () => {
    for (const after of [[key, newKey], [newKey]]) {
      server.keys = [key.publicJwk]
      const { verifyToken } = createTestedVerifier()
      await verifyToken(token())
      clock.advanceMs(1000)
      server.keys = after.map(({ publicJwk }) => publicJwk)
      const tokens = Array.from({ length: 50 }, () => after.map((one) => token(one))).flat()
      await Promise.all(tokens.map((one) => verifyToken(one)))
    }
    expect(server.count()).toBe(4)
  })

  it('that moves the keys to another address is followed as soon as the old one fails', async () => {
    const { verifyToken } = createTestedVerifier()
    await verifyToken(token())
    server.answer('/jwks', faults.status(404))
    server.answer('/moved', faults.json({ keys: [newKey.publicJwk] }))
    const metadata = { issuer: server.issuer, jwks_uri: `${server.issuer}/moved` }
    server.answer('/.well-known/openid-configuration', faults.json(metadata))
    expect(await verifyToken(token(newKey))).toMatchObject({ issuer: server.issuer })
  })

  it('takes a removed key out of service with the next refresh', async () => {
    const { verifyToken } = createTestedVerifier()
    await verifyToken(token())
    server.keys = [newKey.publicJwk]
    await verifyToken(token(newKey))
    await expectInvalidToken(verifyToken(token()), 'key_not_found')
  })
})

describe('a JWK Set', () => {
  it('[OWN-JWKS-3] is not taken from where a redirect points, and nothing is sent there', async () => {
    const canary = await startLoopback(faults.json({ keys: [key.publicJwk] }))
    const { verifyToken } = createTestedVerifier()
    for (const path of ['/jwks', '*']) {
      server.answer(path, faults.status(307, { location: canary.url }))
      expect(await refusalOf(verifyToken(token()))).toMatchObject({ reason: 'keys_unavailable', status: 503 })
      clock.advanceMs(1000)
    }
    expect(canary.requests()).toBe(0)
  })

  it('[OWN-JWKS-3] is not fetched over plain http when a document that came over https names it', async () => {
    const issuer = 'https://sts.example.com'
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(url)
      return Response.json({ issuer, jwks_uri: `${server.issuer}/jwks` })
    }
    const { verifyToken } = createVerifier({ issuer, audience, clock, fetch })
    expect(await refusalOf(verifyToken(createToken()))).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    expect(asked.filter((url) => !url.startsWith('https://sts.example.com/.well-known/'))).toEqual([])
    expect(server.requests).toEqual([])
  })
})
