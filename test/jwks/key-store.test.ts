// Keys that outlive a process: what is saved, and what is refused when it is read again.
import { type ClaimcheckEvent, type KeySnapshot, type KeyStore, createVerifier } from 'claimcheck'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSnapshots } from '../../src/jwks/snapshot.ts'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createKey, createToken, issuer, keyFor } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

const nowMs = now * 1000
const hour = 3_600_000
const settings = { staleMs: 24 * hour }
const jwks = { keys: [keyFor('ES256').publicJwk] }
/** Where a verifier looks for the keys of an issuer that it knows by its name. */
const source =
  'https://sts.example.com/.well-known/oauth-authorization-server https://sts.example.com/.well-known/openid-configuration'
const good: KeySnapshot = { version: 1, issuer, loadedAtMs: nowMs - hour, jwks, source }

function snapshotsOf(keyStore: KeyStore) {
  const events: ClaimcheckEvent[] = []
  const clock = createTestClock()
  const emit = (event: ClaimcheckEvent) => void events.push(event)
  return {
    events,
    ...createSnapshots({ issuer, source, keyStore, algorithms: ['ES256'], settings, network: { clock, emit } }),
  }
}

const holding = (value: unknown): KeyStore => ({ load: async () => value, save: async () => {} })

describe('a snapshot', () => {
  it('is restored with its age', async () => {
    const { restore, events } = snapshotsOf(holding(good))
    const restored = await restore()
    expect(restored?.keys.map(({ kid }) => kid)).toEqual(['ES256'])
    expect(restored?.loadedAtMs).toBe(nowMs - hour)
    expect(events).toEqual([{ type: 'keys.restored', issuer, keys: 1, ageMs: hour }])
  })

  it.each([undefined, null])('that is not there (%s) is no event', async (value) => {
    const { restore, events } = snapshotsOf(holding(value))
    expect(await restore()).toBeUndefined()
    expect(events).toEqual([])
  })

  it.each([
    ['damaged', 'text'],
    ['damaged', []],
    ['damaged', { ...good, version: 2 }],
    ['damaged', { ...good, jwks: 'x' }],
    ['damaged', { ...good, loadedAtMs: 'now' }],
    ['damaged', { ...good, loadedAtMs: Number.NaN }],
    ['for another issuer', { ...good, issuer: `${issuer}/` }],
    ['from another address', { ...good, source: 'https://sts.example.com/other' }],
    ['from another address', { ...good, source: undefined }],
    ['too old', { ...good, loadedAtMs: nowMs - 24 * hour }],
    ['from the future', { ...good, loadedAtMs: nowMs + 60_001 }],
    ['no usable key', { ...good, jwks: { keys: [] } }],
    ['no usable key', { ...good, jwks: { keys: [{ ...keyFor('ES256').publicJwk, use: 'enc' }] } }],
  ])('that is %s is refused, and an event says so', async (words, value) => {
    const { restore, events } = snapshotsOf(holding(value))
    expect(await restore()).toBeUndefined()
    expect(events).toMatchObject([{ type: 'keys.snapshot_refused', issuer, reason: expect.stringContaining(words) }])
  })

  it('may be as old as stale keys may be, and a clock may have stepped back a minute', async () => {
    const oldest = { ...good, loadedAtMs: nowMs - 24 * hour + 1 }
    expect((await snapshotsOf(holding(oldest)).restore())?.loadedAtMs).toBe(nowMs - 24 * hour + 1)
    const ahead = { ...good, loadedAtMs: nowMs + 60_000 }
    expect((await snapshotsOf(holding(ahead)).restore())?.loadedAtMs).toBe(nowMs)
  })

  it('that cannot be read or written is an event, and nothing worse', async () => {
    const failing = () => Promise.reject(new Error('disk\nfull'))
    const { restore, save, events } = snapshotsOf({ load: failing, save: failing })
    expect(await restore()).toBeUndefined()
    await save({ jwks })
    expect(events).toEqual([
      { type: 'keys.snapshot_refused', issuer, reason: 'disk?full' },
      { type: 'keys.snapshot_failed', issuer, reason: 'disk?full' },
    ])
  })
})

describe('a verifier with a key store', () => {
  afterEach(() => vi.useRealTimers())
  const down = () => Promise.reject(new Error('down'))

  function start(keyStore: KeyStore, fetch: (url: string) => Promise<Response> = down) {
    const events: ClaimcheckEvent[] = []
    const onEvent = (event: ClaimcheckEvent) => void events.push(event)
    const clock = createTestClock()
    return { events, clock, ...createVerifier({ issuer, audience, keyStore, fetch, clock, onEvent }) }
  }

  it('verifies while the STS is down', async () => {
    const { verifyToken, ready, keys } = start(holding(good))
    expect((await verifyToken(createToken())).principal.subject).toBe('alice')
    expect(await ready()).toEqual([{ issuer, ok: true }])
    expect(keys()).toMatchObject([{ issuer, state: 'stale', keys: 1, ageMs: hour }])
  })

  it('reads the snapshot once, also for many first requests', async () => {
    let loads = 0
    const load = async () => {
      loads++
      return good
    }
    const { verifyToken } = start({ ...holding(good), load })
    await Promise.all(Array.from({ length: 100 }, () => verifyToken(createToken())))
    await verifyToken(createToken())
    expect(loads).toBe(1)
  })

  it('answers 503 without a good snapshot, and says why', async () => {
    const { verifyToken, events } = start(holding({ ...good, issuer: 'https://other.example.com' }))
    expect(await refusalOf(verifyToken(createToken()))).toMatchObject({ status: 503, reason: 'keys_unavailable' })
    expect(events.map(({ type }) => type)).toEqual(['keys.snapshot_refused', 'keys.refresh_failed', 'refusal'])
  })

  it('waits a second for a store that hangs, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { verifyToken } = start({ ...holding(good), load: () => new Promise(() => {}) })
    const refused = refusalOf(verifyToken(createToken()))
    await vi.advanceTimersByTimeAsync(999)
    expect(await Promise.race([refused, Promise.resolve('waiting')])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1)
    expect((await refused).status).toBe(503)
  })

  it.each([
    ['serves when nothing better has come', down, 1],
    ['does not replace the keys that the STS gave out meanwhile', undefined, 0],
  ] as const)('takes a snapshot that comes late: it %s', async (_, fetch, restored) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let arrive = (_snapshot: unknown): void => {}
    const load = () => new Promise((resolve) => (arrive = resolve))
    const newKey = createKey('ES256', { kid: 'new' })
    const answer = async (url: string) =>
      Response.json(url.endsWith('/jwks') ? { keys: [newKey.publicJwk] } : { issuer, jwks_uri: `${issuer}/jwks` })
    const { verifyToken, keys, clock } = start({ ...holding(good), load }, fetch ?? answer)
    const first = verifyToken(createToken()).catch(() => {})
    await vi.advanceTimersByTimeAsync(1000)
    await first
    clock.advanceMs(1000)
    arrive(good)
    await vi.advanceTimersByTimeAsync(0)
    vi.useRealTimers()
    expect(keys()).toMatchObject([{ keys: 1, ageMs: restored * hour + 1000 }])
    await verifyToken(createToken({ key: restored ? keyFor('ES256') : newKey }))
  })

  it('saves what the STS gave out: the usable keys, their public members, and the time', async () => {
    const saved: unknown[] = []
    const keyStore: KeyStore = { ...holding(undefined), save: async (...call) => void saved.push(call) }
    const { kty, crv, x, y, kid, alg } = keyFor('ES256').publicJwk
    const published = [
      { ...jwks.keys[0], x5c: ['MIIB'], note: 'x' },
      { ...jwks.keys[0], kid: 'private', d: 'AA' },
    ]
    const fetch = async (url: string) =>
      Response.json(url.endsWith('/jwks') ? { keys: published } : { issuer, jwks_uri: `${issuer}/jwks` })
    const clock = createTestClock()
    const { verifyToken } = createVerifier({ issuer, audience, keyStore, fetch, clock })
    await verifyToken(createToken())
    const snapshot = { version: 1, issuer, loadedAtMs: nowMs, jwks: { keys: [{ kty, crv, x, y, kid, alg }] }, source }
    expect(saved).toEqual([[issuer, snapshot]])
    expect((await start(holding(snapshot)).verifyToken(createToken())).issuer).toBe(issuer)
  })
})
