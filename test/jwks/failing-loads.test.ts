// How often a failing issuer is asked again, what that looks like from outside, and what a broken clock does to it.
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
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

describe('without usable keys', () => {
  it('tries again one second after the last failure, however many there were', async () => {
    const cache = createTestKeyCache({ random: () => 1 })
    for (let failures = 1; failures <= 20; failures++) {
      const lookup = cache.find('a')
      expect(cache.loads()).toBe(failures)
      await cache.fail()
      expect(await stateOf(lookup)).toBe('503 after 1')
      cache.clock.advanceMs(999)
      expect(await stateOf(cache.find('a'))).toBe('503 after 1')
      await expect(cache.ready()).rejects.toThrow('cannot be checked right now')
      expect(cache.loads()).toBe(failures)
      cache.clock.advanceMs(1)
    }
    const lookup = cache.find('a')
    await cache.succeed(['a'])
    expect(await stateOf(lookup)).toBe('a')
  })

  it('tries at the moment the old keys end, though the back-off that began with them was longer', async () => {
    const cache = await createWarmKeyCache(['a'], { random: () => 1 })
    cache.clock.advanceMs(20 * minute)
    for (let failures = 0; failures < 10; failures++) {
      const lookup = cache.find('a')
      await cache.fail()
      expect(await stateOf(lookup)).toBe('a')
      cache.clock.advanceMs(minute)
    }
    cache.clock.advanceMs(24 * hour - 30 * minute - 10 * second)
    const last = cache.find('a')
    await cache.fail()
    expect(await stateOf(last)).toBe('a')
    expect(cache.events.at(-1)).toMatchObject({ retryInMs: 10 * second, serving: true })
    const loads = cache.loads()
    cache.clock.advanceMs(10 * second)
    const lookup = cache.find('a')
    expect(cache.loads()).toBe(loads + 1)
    await cache.succeed(['a'])
    expect(await stateOf(lookup)).toBe('a')
  })
})

describe('with usable keys', () => {
  it.each([0, 0.5, 1])(
    'is asked at most eight times in two minutes, then once a minute, for 23 hours (chance %d)',
    async (random) => {
      const cache = await createWarmKeyCache(['a'], { random: () => random })
      cache.clock.advanceMs(9 * minute)
      const begunMs: number[] = []
      const startMs = cache.clock.nowMs()
      while (cache.clock.nowMs() < startMs + 23 * hour) {
        const loads = cache.loads()
        const lookup = cache.find('a')
        if (cache.loads() > loads) {
          begunMs.push(cache.clock.nowMs())
          await cache.fail()
        }
        expect(await stateOf(lookup)).toBe('a')
        cache.clock.advanceMs(cache.clock.nowMs() < startMs + 5 * minute ? 250 : 15 * second)
      }
      expect(begunMs.filter((ms) => ms < startMs + 2 * minute).length).toBeLessThanOrEqual(7) // the eighth is the retry
      const later = begunMs.filter((ms) => ms >= startMs + 2 * minute)
      for (const [index, ms] of later.slice(1).entries())
        expect(ms - Number(later[index])).toBeGreaterThanOrEqual(minute)
      expect(later.length).toBeGreaterThan(23 * 60 * 0.6)
    },
  )

  it.each([
    ['no longer', 0, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]],
    ['a quarter longer', 1, [1250, 2500, 5000, 10_000, 20_000, 40_000, 75_000, 75_000, 75_000]],
  ])('waits 1 s, doubled with each failure up to a minute, %s by chance %i', async (_, random, waits) => {
    const cache = await createWarmKeyCache(['a'], { random: () => random })
    cache.clock.advanceMs(9 * minute)
    let loads = 1
    for (const retryInMs of waits) {
      expect(await stateOf(cache.find('a'))).toBe('a')
      expect(cache.loads()).toBe(++loads)
      await cache.fail(new Error('sts.example.com answered 500'))
      expect(cache.events.at(-1)).toEqual({
        type: 'keys.refresh_failed',
        issuer: keyCacheIssuer,
        reason: 'sts.example.com answered 500',
        retryInMs,
        serving: true,
      })
      cache.clock.advanceMs(retryInMs - 1)
      expect(await stateOf(cache.find('a'))).toBe('a')
      expect(await stateOf(cache.find('unknown'))).toBe('503 after 1')
      expect(cache.loads()).toBe(loads)
      cache.clock.advanceMs(1)
    }
  })

  it('tells the bearer of an unknown kid how long the back-off lasts', async () => {
    const cache = await createWarmKeyCache(['a'], { random: () => 0 })
    for (const waitMs of [1000, 2000, 4000]) {
      const lookup = cache.find('b')
      await cache.fail()
      expect(await stateOf(lookup)).toBe(`503 after ${waitMs / 1000}`)
      expect(await stateOf(cache.find('c'))).toBe(`503 after ${waitMs / 1000}`)
      cache.clock.advanceMs(waitMs)
    }
  })

  it('begins with a short wait again after a success, which also ends the back-off', async () => {
    const cache = await createWarmKeyCache(['a'])
    cache.clock.advanceMs(5 * minute)
    await cache.find('a')
    await cache.fail()
    cache.clock.advanceMs(1000)
    await cache.find('a')
    await cache.succeed(['a'])
    const unknown = cache.find('b')
    await cache.fail()
    expect(await stateOf(unknown)).toBe('503 after 1')
    expect(cache.events.at(-1)).toMatchObject({ retryInMs: 1000 })
  })
})

it('names what failed, whatever was thrown, in printable characters', async () => {
  const reasons = ['just\ttext', { secret: 'value' }, undefined, new Error('line\nbreak')]
  for (const [index, reason] of ['just?text', 'an object', 'no answer', 'line?break'].entries()) {
    const cache = createTestKeyCache()
    const lookup = cache.find('a')
    await cache.fail(reasons[index])
    expect(await stateOf(lookup)).toBe('503 after 1')
    expect(cache.events).toEqual([
      { type: 'keys.refresh_failed', issuer: keyCacheIssuer, reason, retryInMs: second, serving: false },
    ])
  }
})

describe('a clock that is set back by an hour', () => {
  it('does not keep old keys an hour longer', async () => {
    const cache = await createWarmKeyCache(['old'])
    cache.clock.advanceMs(-hour)
    expect(await stateOf(cache.find('old'))).toBe('old')
    cache.clock.advanceMs(5 * minute)
    await cache.find('old')
    expect(cache.loads()).toBe(2)
  })

  it('does not stop the next try after a failure', async () => {
    const cache = createTestKeyCache()
    const refused = cache.find('a')
    await cache.fail()
    expect(await stateOf(refused)).toBe('503 after 1')
    cache.clock.advanceMs(-hour)
    expect(await stateOf(cache.find('a'))).toBe('503 after 1')
    cache.clock.advanceMs(second)
    const lookup = cache.find('a')
    await cache.succeed(['a'])
    expect(await stateOf(lookup)).toBe('a')
  })

  it('does not call a new key absent for an hour, nor make its bearer wait for one', async () => {
    const cache = await createWarmKeyCache(['a'])
    for (const kid of ['b', 'x2', 'x3']) {
      const lookup = cache.find(kid)
      await cache.succeed(['a'])
      expect(await stateOf(lookup)).toBe('absent')
    }
    cache.clock.advanceMs(-hour)
    expect(await stateOf(cache.find('c'))).toBe('503 after 10')
    cache.clock.advanceMs(10 * second)
    const lookup = cache.find('b')
    await cache.succeed(['a', 'b'])
    expect(await stateOf(lookup)).toBe('b')
  })
})

it('survives a clock that throws while a refresh ends in the background', async () => {
  const clock = { ...createTestClock(), broken: false }
  const { nowMs } = clock
  clock.nowMs = () => {
    if (clock.broken) throw new Error('no time')
    return nowMs()
  }
  const cache = await createWarmKeyCache(['a'], { clock })
  clock.advanceMs(5 * minute)
  await cache.find('a')
  clock.broken = true
  // Nobody waits for this refresh: had it rejected, the process (here: the test run) would end with an error.
  await cache.succeed(['a'])
  await everyoneGoesOn()
  clock.broken = false
  expect(await stateOf(cache.find('a'))).toBe('a')
  expect(cache.loads()).toBe(3)
})
