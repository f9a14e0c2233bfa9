// An STS that changes its keys: no good token is refused, and no withdrawn key outlives its time.
import { describe, expect, it } from 'vitest'
import { faults } from '../support/key-server.ts'
import type { TestKey } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'
import { hour, isDue, key, minute, newKey, refreshEnded, second, startSts, type TestSts } from './sts.ts'

function publish(sts: TestSts, ...keys: readonly TestKey[]): void {
  sts.server.keys = keys.map(({ publicJwk }) => publicJwk)
}

describe('a rotation one second after a fetch', () => {
  it.each([
    ['kept', [key, newKey]],
    ['retired', [newKey]],
  ])('refuses none of 1000 valid tokens, old key %s, for one fetch', async (_, published) => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    sts.clock.advanceMs(second)
    publish(sts, ...published)
    const tokens = Array.from({ length: 1000 }, (__, index) => sts.token(published[index % published.length]))
    const verified = await Promise.all(tokens.map((one) => verifyToken(one)))
    expect(new Set(verified.map(({ header }) => header.kid))).toEqual(new Set(published.map(({ kid }) => kid)))
    expect(sts.server.count()).toBe(2)
  })

  it('is survived four times in a row: three at once, the fourth after 10 s, never with a 401', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    for (const published of [newKey, key, newKey]) {
      publish(sts, published)
      await verifyToken(sts.token(published))
    }
    publish(sts, key)
    sts.clock.advanceMs(10 * second - 1)
    expect(await refusalOf(verifyToken(sts.token(key)))).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } })
    sts.clock.advanceMs(1)
    await verifyToken(sts.token(key))
    expect(sts.server.count()).toBe(5)
  })
})

describe('a new key under an old kid', () => {
  const sameKid = { ...newKey, kid: key.kid, publicJwk: { ...newKey.publicJwk, kid: key.kid } }

  it('is found when a signature fails, and the old key no longer verifies', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    publish(sts, sameKid)
    await verifyToken(sts.token(sameKid))
    expect(sts.events).toContainEqual({ type: 'keys.replaced', issuer: sts.server.issuer, kid: key.kid })
    await expectInvalidToken(verifyToken(sts.token()), 'signature_invalid')
  })

  it('refuses none of 1000 valid tokens that come at once, for one fetch', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    publish(sts, sameKid)
    await Promise.all(Array.from({ length: 1000 }, () => verifyToken(sts.token(sameKid))))
    expect(sts.server.count()).toBe(2)
  })

  it('is looked for once for all forged signatures that come together', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    const forge = () => expectInvalidToken(verifyToken(sts.token(sameKid)), 'signature_invalid')
    await Promise.all(Array.from({ length: 50 }, forge))
    // It began after all of these tokens were seen, also where some signatures were verified later than others.
    expect(sts.server.count()).toBe(1 + 1)
  })
})

describe('a key removed from the set', () => {
  it('is refused after the next refresh, though its token was verified before', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier()
    const token = sts.token()
    await verifier.verifyToken(token)
    publish(sts, newKey)
    sts.clock.advanceMs(minute)
    await verifier.verifyToken(token)
    await verifier.verifyToken(sts.token(newKey))
    await expectInvalidToken(verifier.verifyToken(token), 'key_not_found')
  })

  it('serves one last time when its ten minutes are over, while the refresh that ends it runs', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier()
    await verifier.verifyToken(sts.token())
    publish(sts, newKey)
    sts.clock.advanceMs(10 * minute)
    expect(verifier.keys()).toMatchObject([{ state: 'stale', keys: 1 }])
    await verifier.verifyToken(sts.token())
    await refreshEnded(verifier)
    await expectInvalidToken(verifier.verifyToken(sts.token()), 'key_not_found')
  })

  it('is refused at once by a process that was idle for twice that time', async () => {
    const sts = await startSts()
    const { verifyToken, keys } = sts.startVerifier()
    await verifyToken(sts.token())
    publish(sts, newKey)
    sts.clock.advanceMs(20 * minute)
    expect(isDue(keys)).toBe(true)
    await expectInvalidToken(verifyToken(sts.token()), 'key_not_found')
  })

  it('costs a refresh as usual, and then what one made-up kid costs for as long as its tokens come', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    publish(sts, newKey)
    sts.clock.advanceMs(20 * minute)
    await expectInvalidToken(verifyToken(sts.token()), 'key_not_found')
    expect(sts.server.count()).toBe(2)
    for (let seconds = 0; seconds < 60; seconds++) {
      await expectInvalidToken(verifyToken(sts.token()), 'key_not_found')
      await verifyToken(sts.token(newKey))
      sts.clock.advanceMs(second)
    }
    expect(sts.server.count()).toBeLessThanOrEqual(2 + 6)
  })

  it('does not serve longer than an hour because the STS said that it may', async () => {
    const sts = await startSts()
    sts.server.answer('/jwks', faults.json({ keys: sts.server.keys }, { 'cache-control': 'max-age=31536000' }))
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    sts.server.answer('/jwks', faults.json({ keys: [newKey.publicJwk] }))
    sts.clock.advanceMs(2 * hour)
    await expectInvalidToken(verifyToken(sts.token()), 'key_not_found')
  })
})

describe('the grace for vanished keys', () => {
  const keyCache = { graceSeconds: 3600 }

  it('lets a vanished key serve until the grace ends, and not a millisecond longer', async () => {
    const sts = await startSts()
    const { verifyToken, keys } = sts.startVerifier({ keyCache })
    await verifyToken(sts.token())
    publish(sts, newKey)
    sts.clock.advanceMs(second)
    await verifyToken(sts.token(newKey))
    expect(keys()).toMatchObject([{ keys: 2 }])
    sts.clock.advanceMs(hour - second - 1)
    await verifyToken(sts.token())
    sts.clock.advanceMs(1)
    await expectInvalidToken(verifyToken(sts.token()), 'key_not_found')
    expect(keys()).toMatchObject([{ keys: 1 }])
  })

  it('is not prolonged by the refreshes that go on without the key', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier({ keyCache })
    await verifier.verifyToken(sts.token())
    publish(sts, newKey)
    for (let minutes = 0; minutes < 60; minutes += 10) {
      await verifier.verifyToken(sts.token())
      await refreshEnded(verifier)
      sts.clock.advanceMs(10 * minute)
    }
    expect(sts.server.count()).toBe(6)
    await expectInvalidToken(verifier.verifyToken(sts.token()), 'key_not_found')
  })

  it('is not added to what an outage allows: then 503, since the STS cannot be asked', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier({ keyCache })
    await verifier.verifyToken(sts.token())
    publish(sts, newKey)
    sts.clock.advanceMs(second)
    await verifier.verifyToken(sts.token(newKey))
    sts.server.answer('*', faults.status(500))
    sts.clock.advanceMs(hour - second)
    expect(await refusalOf(verifier.verifyToken(sts.token()))).toMatchObject({ status: 503 })
    await verifier.verifyToken(sts.token(newKey))
  })

  it('begins anew for a key that comes back', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier({ keyCache })
    await verifier.verifyToken(sts.token())
    publish(sts, newKey)
    await verifier.verifyToken(sts.token(newKey))
    publish(sts, key, newKey)
    sts.clock.advanceMs(30 * minute)
    await verifier.verifyToken(sts.token())
    await refreshEnded(verifier)
    publish(sts, newKey)
    sts.clock.advanceMs(hour - 1)
    await verifier.verifyToken(sts.token(newKey))
    await refreshEnded(verifier)
    await verifier.verifyToken(sts.token())
    sts.clock.advanceMs(1)
    await expectInvalidToken(verifier.verifyToken(sts.token()), 'key_not_found')
  })
})

describe('an address of the keys that has moved', () => {
  it('is followed, though the old one still serves the old set, at the first token of a new key after five minutes', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    const { server } = sts
    const { issuer } = server
    server.answer('/.well-known/openid-configuration', faults.json({ issuer, jwks_uri: `${issuer}/moved` }))
    server.answer('/moved', faults.json({ keys: [newKey.publicJwk] }))
    sts.clock.advanceMs(5 * minute)
    await verifyToken(sts.token(newKey))
    await expectInvalidToken(verifyToken(sts.token()), 'key_not_found')
    expect(sts.events).toContainEqual({ type: 'metadata.moved', issuer, jwksUri: `${issuer}/moved` })
  })

  it('is found in the metadata when the old server has gone for good', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier()
    await verifier.verifyToken(sts.token())
    const { server } = sts
    const { issuer } = server
    server.answer('/.well-known/openid-configuration', faults.json({ issuer, jwks_uri: `${issuer}/moved` }))
    server.answer('/moved', faults.json({ keys: [newKey.publicJwk] }))
    server.answer('/jwks', faults.reset)
    sts.clock.advanceMs(10 * minute)
    await verifier.verifyToken(sts.token())
    await refreshEnded(verifier)
    await verifier.verifyToken(sts.token(newKey))
  })
})
