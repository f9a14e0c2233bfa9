// How keys age: fresh, refreshed ahead, past fresh, stale, gone. No request and no second passes but by the test's hand.
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createTestKeyCache,
  createWarmKeyCache,
  everyoneGoesOn,
  keyCacheIssuer,
  stateOf,
} from '../support/key-cache.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const ahead = 5 * minute // random 0 refreshes at half of ten minutes

afterEach(() => void vi.useRealTimers())

describe('the first request', () => {
  it('waits for a load, and so do 999 more, but there is one load only', async () => {
    const cache = createTestKeyCache()
    const lookups = Array.from({ length: 1000 }, () => cache.find('a'))
    expect(await stateOf(lookups.at(0))).toBe('waiting')
    await cache.succeed(['a'])
    expect(new Set(await Promise.all(lookups.map(stateOf)))).toEqual(new Set(['a']))
    expect(cache.loads()).toBe(1)
    expect(cache.events).toEqual([{ type: 'keys.refreshed', issuer: keyCacheIssuer, keys: 1, skipped: 0 }])
  })

  it('finds everything ready after ready(), which is satisfied with what is there', async () => {
    const cache = await createWarmKeyCache(['a', 'b'])
    expect(await stateOf(cache.find('b'))).toBe('b')
    await cache.ready()
    cache.clock.advanceMs(ahead)
    await cache.ready()
    await cache.fail()
    await cache.ready()
    expect(cache.loads()).toBe(2)
  })

  it('gets a 503 when the load fails, as ready() does', async () => {
    const cache = createTestKeyCache()
    const [lookup, ready] = [cache.find('a'), cache.ready()]
    await cache.fail(new Error('out of order'))
    expect(await stateOf(lookup)).toBe('503 after 1')
    await expect(ready).rejects.toMatchObject({
      reason: 'keys_unavailable',
      hint: expect.stringContaining('could not be fetched'),
      details: { iss: keyCacheIssuer, cause: new Error('out of order') },
    })
  })

  it('reports how many keys came and how many were skipped', async () => {
    const cache = createTestKeyCache()
    const lookup = cache.find('a')
    await cache.succeed(['a', 'b'], { skipped: 3 })
    await lookup
    expect(cache.events).toEqual([{ type: 'keys.refreshed', issuer: keyCacheIssuer, keys: 2, skipped: 3 }])
  })
})

describe('a refresh ahead of time', () => {
  it.each([
    ['nothing', undefined, 10 * minute],
    ['no time', 0, minute],
    ['59 s', 59 * second, minute],
    ['60 s', 60 * second, minute],
    ['61 s', 61 * second, 61 * second],
    ['an hour', hour, hour],
    ['more than an hour', hour + second, hour],
    ['a year', 365 * 24 * hour, hour],
  ])(
    'when the answer allowed %s, begins between half and nine tenths of what we make of that',
    async (_, maxAgeMs, freshMs) => {
      for (const [random, share] of [
        [0, 0.5],
        [0.5, 0.7],
        [1, 0.9],
      ] as const) {
        const cache = await createWarmKeyCache(['a'], { random: () => random, changes: { maxAgeMs } })
        cache.clock.advanceMs(freshMs * share - 1)
        expect(await stateOf(cache.find('a'))).toBe('a')
        expect(cache.loads()).toBe(1)
        cache.clock.advanceMs(1)
        expect(await stateOf(cache.find('a'))).toBe('a')
        expect(cache.loads()).toBe(2)
      }
    },
  )

  it('delays no request while it lasts, is one for all, and brings the new set', async () => {
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(ahead)
    for (let request = 0; request < 3; request++) expect(await stateOf(cache.find('a'))).toBe('a')
    expect(cache.loads()).toBe(2)
    await cache.succeed(['b'])
    expect(await stateOf(cache.find('b'))).toBe('b')
    expect(cache.events).toEqual([{ type: 'keys.refreshed', issuer: keyCacheIssuer, keys: 1, skipped: 0 }])
  })

  it('happens again and again, each time counted from the last', async () => {
    const cache = await createWarmKeyCache(['a'])
    for (let loads = 2; loads < 6; loads++) {
      cache.clock.advanceMs(ahead - 1)
      await cache.find('a')
      expect(cache.loads()).toBe(loads - 1)
      cache.clock.advanceMs(1)
      await cache.find('a')
      expect(cache.loads()).toBe(loads)
      await cache.succeed(['a'])
    }
  })

  it('removes what the issuer removed', async () => {
    const cache = await createWarmKeyCache(['a', 'b'])
    cache.clock.advanceMs(ahead)
    expect(await stateOf(cache.find('a'))).toBe('a')
    await cache.succeed(['b'])
    const removed = cache.find('a')
    expect(await stateOf(removed)).toBe('waiting')
    await cache.succeed(['b'])
    expect(await stateOf(removed)).toBe('absent')
  })
})

describe('keys that no request has refreshed', () => {
  it('are served at once up to twice their time', async () => {
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(20 * minute - 1)
    expect(await stateOf(cache.find('a'))).toBe('a')
    expect(cache.loads()).toBe(2)
  })

  it('are not served after it before the refresh has ended: a removed key is refused, a new one found', async () => {
    const cache = await createWarmKeyCache(['old'])
    cache.clock.advanceMs(20 * minute)
    const lookups = [cache.find('old'), cache.find('new'), cache.find('old')]
    expect(await Promise.all(lookups.map(stateOf))).toEqual(['waiting', 'waiting', 'waiting'])
    await cache.succeed(['new'])
    expect(await stateOf(lookups.at(0))).toBe('absent')
    expect(await stateOf(lookups.at(1))).toBe('new')
    expect(cache.loads()).toBe(2)
  })

  it('are served after one second of waiting, counted from the first request that waited', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(20 * minute)
    const first = cache.find('a')
    await vi.advanceTimersByTimeAsync(600)
    const second = cache.find('a')
    await vi.advanceTimersByTimeAsync(399)
    expect(await Promise.all([first, second].map(stateOf))).toEqual(['waiting', 'waiting'])
    await vi.advanceTimersByTimeAsync(1)
    expect(await Promise.all([first, second].map(stateOf))).toEqual(['a', 'a'])
    expect(await stateOf(cache.find('a'))).toBe('a')
    expect(cache.loads()).toBe(2)
  })

  it('are served as soon as the refresh fails, and at once until the next attempt, which is waited for again', async () => {
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(3 * hour)
    for (const backoffMs of [1000, 2000, 4000]) {
      const lookup = cache.find('a')
      expect(await stateOf(lookup)).toBe('waiting')
      await cache.fail()
      expect(await stateOf(lookup)).toBe('a')
      cache.clock.advanceMs(backoffMs - 1)
      expect(await stateOf(cache.find('a'))).toBe('a')
      cache.clock.advanceMs(1)
    }
    expect(cache.loads()).toBe(4)
  })

  it('leave no timer behind, and none that keeps a process alive', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    // No spy: it would be put back to the fake after the real timers are.
    const faked = globalThis.setTimeout
    let timer: NodeJS.Timeout | undefined
    globalThis.setTimeout = ((run: () => void, ms: number) => (timer = faked(run, ms))) as typeof setTimeout
    const cache = await createWarmKeyCache(['a'])
    for (const end of [() => cache.succeed(['a']), () => cache.fail()]) {
      cache.clock.advanceMs(20 * minute)
      const lookup = cache.find('a')
      expect(vi.getTimerCount()).toBe(1)
      expect(timer?.hasRef()).toBe(false)
      await end()
      await lookup
      expect(vi.getTimerCount()).toBe(0)
    }
    globalThis.setTimeout = faked
  })
})

describe('while every refresh fails', () => {
  it('serves the last good keys for 24 hours from the last success, and not a millisecond more', async () => {
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(24 * hour - 1)
    const last = cache.find('a')
    await cache.fail()
    expect(await stateOf(last)).toBe('a')
    expect(await stateOf(cache.find('a'))).toBe('a')
    cache.clock.advanceMs(1)
    const late = cache.find('a')
    expect(await stateOf(late)).toBe('waiting')
    await cache.fail()
    expect(await stateOf(late)).toBe('503 after 1')
    expect(cache.events).toMatchObject([{ serving: true }, { serving: false }])
  })

  it('counts those 24 hours anew from each success', async () => {
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(ahead)
    await cache.find('a')
    await cache.succeed(['a'])
    cache.clock.advanceMs(24 * hour - 1)
    const lookup = cache.find('a')
    await cache.fail()
    expect(await stateOf(lookup)).toBe('a')
  })

  it('comes back with the first load that succeeds', async () => {
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(25 * hour)
    const refused = cache.find('a')
    await cache.fail()
    expect(await stateOf(refused)).toBe('503 after 1')
    cache.clock.advanceMs(second)
    const lookup = cache.find('a')
    await cache.succeed(['a'])
    expect(await stateOf(lookup)).toBe('a')
  })
})

it('tells a key without a kid by its algorithm, and several that fit are no answer and no reason to look again', async () => {
  const one = await createWarmKeyCache([''])
  expect(await stateOf(one.find())).toBe('a key without kid')
  const two = await createWarmKeyCache(['a', 'b'])
  expect(await stateOf(two.find())).toBe('absent')
  await everyoneGoesOn()
  expect(two.loads()).toBe(1)
})
