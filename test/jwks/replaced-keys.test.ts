// An STS that puts a new key under an old kid: its tokens verify after one more look, which forgeries cannot wear out.
import { type ClaimcheckEvent, createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../support/clock.ts'
import { faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createKey, createToken, type TestKey } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const oldKey = createKey('ES256', { kid: 'same' })
const newKey = createKey('ES256', { kid: 'same' })
const forger = createKey('ES256', { kid: 'same' })

let server: KeyServer
let clock: TestClock
let events: ClaimcheckEvent[]
beforeEach(async () => {
  server = await startKeyServer({ keys: [oldKey.publicJwk] })
  clock = createTestClock()
  events = []
})
afterEach(() => server.stop())

function start() {
  const onEvent = (event: ClaimcheckEvent) => void events.push(event)
  return createVerifier({ issuer: server.issuer, audience, clock, onEvent })
}

function token(key: TestKey): string {
  return createToken({ key, claims: { iss: server.issuer } })
}

describe('new material under a known kid', () => {
  it('is found by the first token that it signs, and the old material is over', async () => {
    const { verifyToken } = start()
    await verifyToken(token(oldKey))
    server.keys = [newKey.publicJwk]
    expect((await verifyToken(token(newKey))).issuer).toBe(server.issuer)
    expect(server.count()).toBe(2)
    expect(events).toContainEqual({ type: 'keys.replaced', issuer: server.issuer, kid: 'same' })
    await expectInvalidToken(verifyToken(token(oldKey)), 'signature_invalid')
  })

  it('is looked for three times at once and then each ten seconds, however many forgeries come', async () => {
    const { verifyToken } = start()
    await verifyToken(token(oldKey))
    for (let seconds = 0; seconds < 60; seconds++) {
      for (let forgeries = 0; forgeries < 4; forgeries++) await refusalOf(verifyToken(token(forger)))
      clock.advanceMs(1000)
    }
    expect(server.count()).toBe(1 + 3 + 5)
    expect(events.filter(({ type }) => type === 'keys.replaced')).toEqual([])
  })

  it('does not cost what unknown kids need', async () => {
    const { verifyToken } = start()
    await verifyToken(token(oldKey))
    for (let forgeries = 0; forgeries < 10; forgeries++) await refusalOf(verifyToken(token(forger)))
    for (const kid of ['a', 'b', 'c']) {
      const key = createKey('ES256', { kid })
      server.keys = [...server.keys, key.publicJwk]
      expect((await verifyToken(token(key))).header.kid).toBe(kid)
    }
  })

  it('may have come with another refresh meanwhile: then nothing is fetched', async () => {
    const { verifyToken } = start()
    await verifyToken(token(oldKey))
    server.keys = [newKey.publicJwk]
    const [first, second] = await Promise.all([verifyToken(token(newKey)), verifyToken(token(newKey))])
    expect([first.issuer, second.issuer]).toEqual([server.issuer, server.issuer])
    expect(server.count()).toBe(2)
  })

  it('is not looked for in the back-off of an STS that fails: 503, which costs no budget', async () => {
    const { verifyToken } = start()
    await verifyToken(token(oldKey))
    server.answer('/jwks', faults.status(404))
    expect(await refusalOf(verifyToken(token(newKey)))).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    const requestsBefore = server.count()
    for (let requests = 0; requests < 10; requests++)
      expect(await refusalOf(verifyToken(token(newKey)))).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    expect(server.count()).toBe(requestsBefore)
    server.answer('/jwks', undefined)
    server.keys = [newKey.publicJwk]
    clock.advanceMs(1250)
    expect((await verifyToken(token(newKey))).issuer).toBe(server.issuer)
  })

  it('may be of another algorithm', async () => {
    const { verifyToken } = start()
    await verifyToken(token(oldKey))
    const edwards = createKey('EdDSA', { kid: 'same' })
    server.keys = [edwards.publicJwk]
    expect((await verifyToken(token(edwards))).header.alg).toBe('EdDSA')
  })
})

it('serves a key that is listed twice', async () => {
  server.keys = [oldKey.publicJwk, { ...oldKey.publicJwk }]
  expect((await start().verifyToken(token(oldKey))).issuer).toBe(server.issuer)
})

describe('keys()', () => {
  const hour = 3_600_000

  it('tells how the keys stand', async () => {
    const { verifyToken, keys } = start()
    const { issuer } = server
    expect(keys()).toEqual([{ issuer, state: 'empty', keys: 0, nextRefreshInMs: 0 }])
    await verifyToken(token(oldKey))
    const [fresh] = keys()
    expect(fresh).toMatchObject({ issuer, state: 'fresh', keys: 1, ageMs: 0 })
    expect(fresh?.nextRefreshInMs).toBeGreaterThanOrEqual(300_000)
    clock.advanceMs(600_000)
    expect(keys()).toEqual([{ issuer, state: 'stale', keys: 1, ageMs: 600_000, nextRefreshInMs: 0 }])
    clock.advanceMs(24 * hour - 600_001)
    expect(keys()).toMatchObject([{ state: 'stale', keys: 1 }])
    clock.advanceMs(1)
    expect(keys()).toEqual([{ issuer, state: 'expired', keys: 0, ageMs: 24 * hour, nextRefreshInMs: 0 }])
  })

  it('tells what failed last, and when it is tried again', async () => {
    server.answer('*', faults.status(500))
    const { ready, keys } = start()
    await ready()
    const [health] = keys()
    expect(health).toMatchObject({ state: 'empty', keys: 0, nextRefreshInMs: 1000 })
    expect(health?.lastFailure).toContain('no metadata')
  })

  it('lists keys that are in the options as static, without a time: they are never fetched', async () => {
    const jwks = { keys: [oldKey.publicJwk, { kty: 'oct', k: 'AA' }] }
    const { ready, keys } = createVerifier({ issuer: oidc({ issuer: server.issuer, jwks }), audience })
    await ready()
    expect(keys()).toEqual([{ issuer: server.issuer, state: 'static', keys: 1 }])
  })

  it('lists them beside those that are fetched', async () => {
    const inPlace = oidc({ issuer: 'https://partner.example.org', jwks: { keys: [oldKey.publicJwk] } })
    const { keys } = createVerifier({ issuer: [server.issuer, inPlace], audience })
    expect(keys().map(({ issuer, state }) => [issuer, state])).toEqual([
      [server.issuer, 'empty'],
      ['https://partner.example.org', 'static'],
    ])
  })
})
