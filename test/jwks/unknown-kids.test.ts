// What a kid that is in no set may cost, and when it may be called absent.
import { describe, expect, it } from 'vitest'
import {
  createTestKeyCache,
  createWarmKeyCache,
  everyoneGoesOn,
  keyCacheIssuer,
  stateOf,
  type TestKeyCache,
} from '../support/key-cache.ts'

const second = 1000

/** Looks for a kid; the load that this begins, if any, finds the same old set. */
async function lookFor(cache: TestKeyCache, kid: string): Promise<string> {
  const lookup = cache.find(kid)
  await cache.succeed(['a'])
  return stateOf(lookup)
}

async function createSpentCache(): Promise<TestKeyCache> {
  const cache = await createWarmKeyCache(['a'])
  for (const kid of ['x1', 'x2', 'x3']) expect(await lookFor(cache, kid)).toBe('absent')
  cache.events.length = 0
  return cache
}

describe('an unknown kid', () => {
  it('is looked for once, at once, and found', async () => {
    const cache = await createWarmKeyCache(['a'])
    const lookup = cache.find('b')
    expect(await stateOf(lookup)).toBe('waiting')
    expect(cache.events).toEqual([{ type: 'keys.unknown_kid', issuer: keyCacheIssuer, kid: 'b' }])
    await cache.succeed(['a', 'b'])
    expect(await stateOf(lookup)).toBe('b')
    expect(cache.loads()).toBe(2)
  })

  it('delays no request with a known one', async () => {
    const cache = await createWarmKeyCache(['a'])
    const unknown = cache.find('b')
    expect(await stateOf(cache.find('a'))).toBe('a')
    expect(await stateOf(unknown)).toBe('waiting')
  })

  it('is absent when the load that it began did not bring it', async () => {
    const cache = await createWarmKeyCache(['a'])
    expect(await lookFor(cache, 'b')).toBe('absent')
    expect(cache.loads()).toBe(2)
  })

  it('is absent after the very first load, if it was seen before that began', async () => {
    const cache = createTestKeyCache()
    expect(await lookFor(cache, 'b')).toBe('absent')
    expect(cache.loads()).toBe(1)
    expect(cache.events.map(({ type }) => type)).toEqual(['keys.refreshed'])
  })

  it('is not absent because a load that began before it was seen did not bring it', async () => {
    const cache = createTestKeyCache()
    const first = cache.find('a')
    await everyoneGoesOn()
    const early = cache.find('b')
    await cache.succeed(['a'])
    expect(await stateOf(first)).toBe('a')
    expect(await stateOf(early)).toBe('waiting')
    expect(cache.loads()).toBe(2)
    await cache.succeed(['a', 'b'])
    expect(await stateOf(early)).toBe('b')
  })

  it('joins a routine refresh under way, is found there, and costs nothing', async () => {
    const cache = await createSpentCache()
    cache.clock.advanceMs(300 * second)
    await cache.find('a')
    const before = cache.loads()
    const lookups = ['b', 'c', 'd', 'e', 'f'].map((kid) => cache.find(kid))
    await cache.succeed(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(await Promise.all(lookups.map(stateOf))).toEqual(['b', 'c', 'd', 'e', 'f'])
    expect(cache.loads()).toBe(before)
    expect(cache.events.map(({ type }) => type)).toEqual(['keys.refreshed'])
  })

  it('seen together with a thousand others shares one load with them', async () => {
    const cache = await createWarmKeyCache(['a'])
    const lookups = Array.from({ length: 1000 }, (_, index) => cache.find(`x${index}`))
    await cache.succeed(['a', 'x7'])
    const states = await Promise.all(lookups.map(stateOf))
    expect(states[7]).toBe('x7')
    expect(states.filter((state) => state === 'absent')).toHaveLength(999)
    expect(cache.loads()).toBe(2)
  })

  it('seen during the load for another shares the next one with all that were seen so', async () => {
    const cache = await createWarmKeyCache(['a'])
    const first = cache.find('x')
    expect(await stateOf(first)).toBe('waiting')
    const lookups = Array.from({ length: 1000 }, (_, index) => cache.find(`x${index}`))
    await cache.succeed(['a'])
    expect(await stateOf(first)).toBe('absent')
    expect(new Set(await Promise.all(lookups.map(stateOf)))).toEqual(new Set(['waiting']))
    await cache.succeed(['a', 'x999'])
    expect((await Promise.all(lookups.map(stateOf))).filter((state) => state === 'absent')).toHaveLength(999)
    expect(cache.loads()).toBe(3)
    expect(cache.events.filter(({ type }) => type === 'keys.unknown_kid')).toHaveLength(2)
  })

  it('gets a 503, not a 401, when the load fails: its own, or the one that it joined', async () => {
    const cache = await createWarmKeyCache(['a'])
    const own = cache.find('b')
    const joined = cache.find('c')
    await cache.fail()
    expect(await Promise.all([own, joined].map(stateOf))).toEqual(['503 after 1', '503 after 1'])
    expect(await stateOf(cache.find('d'))).toBe('503 after 1')
    expect(cache.loads()).toBe(2)
  })

  it('is named in events with printable characters only', async () => {
    const cache = await createWarmKeyCache(['a'])
    await lookFor(cache, 'b\nfaked line \u2603')
    expect(cache.events[0]).toMatchObject({ kid: 'b?faked line ?' })
  })

  it('may be no kid at all: then it is the algorithm that is looked for', async () => {
    const cache = await createWarmKeyCache([])
    const lookup = cache.find()
    await cache.succeed([''])
    expect(await stateOf(lookup)).toBe('a key without kid')
    expect(cache.events[0]).toEqual({ type: 'keys.unknown_kid', issuer: keyCacheIssuer, kid: '' })
  })
})

describe('the budget', () => {
  it('is three loads at once; the next kid gets a 503 that says when to come again', async () => {
    const cache = await createSpentCache()
    expect(await stateOf(cache.find('x4'))).toBe('503 after 10')
    expect(cache.loads()).toBe(4)
    cache.clock.advanceMs(2500)
    expect(await stateOf(cache.find('x4'))).toBe('503 after 8')
    expect(cache.events).toEqual([])
  })

  it('has one load more after ten seconds, and not a millisecond earlier', async () => {
    const cache = await createSpentCache()
    cache.clock.advanceMs(9_999)
    expect(await stateOf(cache.find('x4'))).toBe('503 after 1')
    cache.clock.advanceMs(1)
    expect(await lookFor(cache, 'x4')).toBe('absent')
    expect(await stateOf(cache.find('x5'))).toBe('503 after 10')
  })

  it('blames no failure of long ago when it is spent', async () => {
    const cache = createTestKeyCache()
    const refused = cache.find('a')
    await cache.fail(new Error('long ago'))
    await expect(refused).rejects.toMatchObject({ details: { cause: new Error('long ago') } })
    cache.clock.advanceMs(second)
    for (const kid of ['x0', 'x1', 'x2', 'x3']) await lookFor(cache, kid)
    await expect(cache.find('x4')).rejects.toMatchObject({
      hint: expect.stringContaining('the budget for looking is spent'),
      details: { iss: keyCacheIssuer, cause: undefined },
    })
  })

  it('does not pay for loads that failed', async () => {
    const cache = await createWarmKeyCache(['a'])
    for (const backoffMs of [500, 1000, 2000, 4000]) {
      const lookup = cache.find('b')
      await cache.fail()
      expect(await stateOf(lookup)).toContain('503')
      cache.clock.advanceMs(backoffMs)
    }
    for (const kid of ['x1', 'x2', 'x3']) expect(await lookFor(cache, kid)).toBe('absent')
    expect(await stateOf(cache.find('x4'))).toBe('503 after 10')
  })

  it('is not asked for a kid that is known', async () => {
    const cache = await createSpentCache()
    for (let request = 0; request < 100; request++) expect(await stateOf(cache.find('a'))).toBe('a')
    expect(cache.loads()).toBe(4)
  })
})

describe('a kid that was just found absent', () => {
  it('stays so for ten seconds without a look, and costs nothing', async () => {
    const cache = await createWarmKeyCache(['a'])
    await lookFor(cache, 'b')
    cache.clock.advanceMs(9_999)
    for (let request = 0; request < 100; request++) expect(await stateOf(cache.find('b'))).toBe('absent')
    expect(cache.loads()).toBe(2)
    for (const kid of ['x2', 'x3']) expect(await lookFor(cache, kid)).toBe('absent')
  })

  it('is looked for again when they are over, and then for ten seconds no more', async () => {
    const cache = await createWarmKeyCache(['a'])
    await lookFor(cache, 'b')
    cache.clock.advanceMs(10_000)
    expect(await lookFor(cache, 'b')).toBe('absent')
    expect(cache.loads()).toBe(3)
    cache.clock.advanceMs(9_999)
    expect(await stateOf(cache.find('b'))).toBe('absent')
    expect(cache.loads()).toBe(3)
  })

  it('is found at once when any refresh brings it', async () => {
    const cache = await createWarmKeyCache(['a'])
    await lookFor(cache, 'b')
    const other = cache.find('c')
    await cache.succeed(['a', 'b', 'c'])
    await other
    expect(await stateOf(cache.find('b'))).toBe('b')
  })

  it('is one of a thousand at most that are remembered: the oldest costs a look again', async () => {
    const cache = await createWarmKeyCache(['a'])
    expect(await lookFor(cache, 'oldest')).toBe('absent')
    const unknownKids = Array.from({ length: 1000 }, (_, index) => `x${index}`)
    for (let round = 0; round < 2; round++) {
      const lookups = unknownKids.map((kid) => cache.find(kid))
      await cache.succeed(['a'])
      expect(new Set(await Promise.all(lookups.map(stateOf)))).toEqual(new Set(['absent']))
      expect(cache.loads()).toBe(3)
    }
    expect(await stateOf(cache.find('oldest'))).toBe('waiting')
    expect(cache.loads()).toBe(4)
  })
})
