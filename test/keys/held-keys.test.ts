// Which keys may verify when: those of the last set, and for a grace those that vanished from it. No clock but the numbers.
import { describe, expect, it } from 'vitest'
import { type HeldKeys, holdKeys, usableKeys } from '../../src/keys/held-keys.ts'
import { readKeyCacheOptions } from '../../src/keys/key-settings.ts'
import type { VerificationKey } from '../../src/keys/key-source.ts'

const minute = 60_000
const hour = 60 * minute
const settings = readKeyCacheOptions()
const graceful = readKeyCacheOptions({ graceSeconds: 3600 })

function key(kid: string | undefined, algorithms: VerificationKey['algorithms'] = ['ES256']): VerificationKey {
  return { ...(kid !== undefined && { kid }), algorithms, key: undefined as never }
}

function hold(kids: readonly (string | undefined)[], atMs: number, earlier?: HeldKeys, rules = graceful): HeldKeys {
  return holdKeys({ keys: kids.map((kid) => key(kid)), skipped: 0 }, atMs, 0, rules, earlier)
}

function usable(held: HeldKeys | undefined, atMs: number, rules = graceful): readonly (string | undefined)[] {
  return usableKeys(held, atMs, rules).keys.map(({ kid }) => kid)
}

describe('times', () => {
  it.each([
    [undefined, 10 * minute],
    [0, minute],
    [59_999, minute],
    [60_001, 60_001],
    [hour, hour],
    [hour + 1, hour],
  ])('a max-age of %s ms keeps keys fresh for %i ms', (maxAgeMs, freshMs) => {
    const held = holdKeys({ keys: [key('a')], skipped: 0, maxAgeMs }, 1000, 0.5, settings)
    expect(held).toMatchObject({
      loadedAtMs: 1000,
      refreshAtMs: 1000 + 0.7 * freshMs,
      freshUntilMs: 1000 + freshMs,
      idleAtMs: 1000 + 2 * freshMs,
      staleAtMs: 1000 + 24 * hour,
    })
  })

  it('spread the refreshes over 50 to 90 percent of the fresh time', () => {
    const refreshAt = (random: number) => holdKeys({ keys: [], skipped: 0 }, 0, random, settings).refreshAtMs
    expect([refreshAt(0), refreshAt(1)]).toEqual([5 * minute, 9 * minute])
  })

  it('may be longer by an option', () => {
    const rules = readKeyCacheOptions({ maxFreshSeconds: 86_400, staleSeconds: 172_800 })
    const held = holdKeys({ keys: [], skipped: 0, maxAgeMs: 48 * hour }, 0, 0, rules)
    expect(held).toMatchObject({ freshUntilMs: 24 * hour, staleAtMs: 48 * hour })
  })
})

describe('listed keys', () => {
  it('serve until they are stale, and not a millisecond longer', () => {
    const held = hold(['a', 'b'], 0)
    expect(usable(held, 24 * hour - 1)).toEqual(['a', 'b'])
    expect(usable(held, 24 * hour)).toEqual([])
    expect(usable(undefined, 0)).toEqual([])
  })

  it('are gone with the next set, where there is no grace', () => {
    const held = hold(['b'], minute, hold(['a', 'b'], 0, undefined, settings), settings)
    expect(usable(held, minute, settings)).toEqual(['b'])
    expect(held.keys).toHaveLength(1)
  })
})

describe('vanished keys', () => {
  it('serve until they were last seen and the grace, whatever comes', () => {
    const vanished = hold(['b'], 10 * minute, hold(['a', 'b'], 0))
    expect(usable(vanished, 10 * minute)).toEqual(['b', 'a'])
    expect(usable(vanished, hour - 1)).toEqual(['b', 'a'])
    // Not the sum: a failing STS does not lengthen the grace.
    expect(usable(vanished, hour)).toEqual(['b'])
    const still = hold(['b'], 20 * minute, vanished)
    expect(usable(still, hour - 1)).toEqual(['b', 'a'])
    expect(usable(still, hour)).toEqual(['b'])
    expect(hold(['b'], hour, still).keys).toHaveLength(1)
  })

  it('have vanished although the set without them came in the same moment', () => {
    const vanished = hold(['b'], 0, hold(['a', 'b'], 0))
    expect(usable(vanished, hour - 1)).toEqual(['b', 'a'])
    expect(usable(vanished, hour)).toEqual(['b'])
  })

  it('that come back begin anew', () => {
    const back = hold(['a', 'b'], 20 * minute, hold(['b'], 10 * minute, hold(['a', 'b'], 0)))
    expect(usable(back, 23 * hour)).toEqual(['a', 'b'])
    expect(usable(hold(['b'], 30 * minute, back), hour + 20 * minute - 1)).toEqual(['b', 'a'])
  })

  it('give way to a listed key that answers to the same header', () => {
    const held = holdKeys({ keys: [key('a', ['ES256'])], skipped: 0 }, minute, 0, graceful, {
      ...hold([], 0),
      keys: [key('a', ['ES256']), key('a', ['RS256']), key('b', ['ES256'])].map((one) => ({
        key: one,
        listed: true,
        lastSeenMs: 0,
      })),
    })
    const names = usableKeys(held, minute, graceful).keys.map(({ kid, algorithms }) => `${kid} ${algorithms.join()}`)
    expect(names).toEqual(['a ES256', 'a RS256', 'b ES256'])
  })

  it('without a kid have no grace: two of them could not be told apart', () => {
    expect(usable(hold(['b'], minute, hold([undefined], 0)), minute)).toEqual(['b'])
  })

  it('are never so many that more than 1000 keys are held', () => {
    const names = (from: string) => Array.from({ length: 600 }, (_, index) => `${from}${index}`)
    const held = hold(names('new'), minute, hold(names('old'), 0))
    expect(held.keys).toHaveLength(1000)
    expect(usable(held, minute).slice(0, 600)).toEqual(names('new'))
  })
})
