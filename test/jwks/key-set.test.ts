// Which keys may verify when: those of the last set, and for a grace those that vanished from it. No clock but the numbers.
import { describe, expect, it } from 'vitest'
import { type KeySet, type LoadedKeys, updateKeySet, usableKeys } from '../../src/jwks/key-set.ts'
import { readKeyCacheOptions } from '../../src/jwks/settings.ts'
import type { VerificationKey } from '../../src/jwks/key-source.ts'

const minute = 60_000
const hour = 60 * minute
const settings = readKeyCacheOptions()
const graceful = readKeyCacheOptions({ graceSeconds: 3600 })

function key(kid: string | undefined, algorithms: VerificationKey['algorithms'] = ['ES256']): VerificationKey {
  return { ...(kid !== undefined && { kid }), algorithms, key: undefined as never }
}

const loaded = (keys: LoadedKeys['keys'], maxAgeMs?: number): LoadedKeys => {
  return { keys, skipped: 0, jwks: { keys: [] }, maxAgeMs }
}

function load(kids: readonly (string | undefined)[], atMs: number, earlier?: KeySet, rules = graceful): KeySet {
  const keys = kids.map((kid) => key(kid))
  return updateKeySet({ loaded: loaded(keys), loadedAtMs: atMs, random: 0, settings: rules, earlier })
}

function usable(keySet: KeySet | undefined, atMs: number, rules = graceful): readonly (string | undefined)[] {
  return usableKeys(keySet, atMs, rules).keys.map(({ kid }) => kid)
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
    const keySet = updateKeySet({ loaded: loaded([key('a')], maxAgeMs), loadedAtMs: 1000, random: 0.5, settings })
    expect(keySet).toMatchObject({
      loadedAtMs: 1000,
      refreshAtMs: 1000 + 0.7 * freshMs,
      freshUntilMs: 1000 + freshMs,
      overdueAtMs: 1000 + 2 * freshMs,
      staleAtMs: 1000 + 24 * hour,
    })
  })

  it('spread the refreshes over 50 to 90 percent of the fresh time', () => {
    const refreshAt = (random: number) =>
      updateKeySet({ loaded: loaded([]), loadedAtMs: 0, random, settings }).refreshAtMs
    expect([refreshAt(0), refreshAt(1)]).toEqual([5 * minute, 9 * minute])
  })

  it('may be longer by an option', () => {
    const rules = readKeyCacheOptions({ maxFreshSeconds: 86_400, staleSeconds: 172_800 })
    const keySet = updateKeySet({ loaded: loaded([], 48 * hour), loadedAtMs: 0, random: 0, settings: rules })
    expect(keySet).toMatchObject({ freshUntilMs: 24 * hour, staleAtMs: 48 * hour })
  })
})

describe('listed keys', () => {
  it('serve until they are stale, and not a millisecond longer', () => {
    const keySet = load(['a', 'b'], 0)
    expect(usable(keySet, 24 * hour - 1)).toEqual(['a', 'b'])
    expect(usable(keySet, 24 * hour)).toEqual([])
    expect(usable(undefined, 0)).toEqual([])
  })

  it('are gone with the next set, where there is no grace', () => {
    const keySet = load(['b'], minute, load(['a', 'b'], 0, undefined, settings), settings)
    expect(usable(keySet, minute, settings)).toEqual(['b'])
    expect(keySet.keys).toHaveLength(1)
  })
})

describe('vanished keys', () => {
  it('serve until they were last seen and the grace, whatever comes', () => {
    const vanished = load(['b'], 10 * minute, load(['a', 'b'], 0))
    expect(usable(vanished, 10 * minute)).toEqual(['b', 'a'])
    expect(usable(vanished, hour - 1)).toEqual(['b', 'a'])
    // Not the sum: a failing STS does not lengthen the grace.
    expect(usable(vanished, hour)).toEqual(['b'])
    const still = load(['b'], 20 * minute, vanished)
    expect(usable(still, hour - 1)).toEqual(['b', 'a'])
    expect(usable(still, hour)).toEqual(['b'])
    expect(load(['b'], hour, still).keys).toHaveLength(1)
  })

  it('have vanished although the set without them came in the same moment', () => {
    const vanished = load(['b'], 0, load(['a', 'b'], 0))
    expect(usable(vanished, hour - 1)).toEqual(['b', 'a'])
    expect(usable(vanished, hour)).toEqual(['b'])
  })

  it('that come back begin anew', () => {
    const back = load(['a', 'b'], 20 * minute, load(['b'], 10 * minute, load(['a', 'b'], 0)))
    expect(usable(back, 23 * hour)).toEqual(['a', 'b'])
    expect(usable(load(['b'], 30 * minute, back), hour + 20 * minute - 1)).toEqual(['b', 'a'])
  })

  it('give way to a listed key that answers to the same header', () => {
    const entries = [key('a', ['ES256']), key('a', ['RS256']), key('b', ['ES256'])]
    const earlier = { ...load([], 0), keys: entries.map((one) => ({ key: one, listed: true, lastSeenMs: 0 })) }
    const times = { loadedAtMs: minute, random: 0, settings: graceful, earlier }
    const keySet = updateKeySet({ loaded: loaded([key('a', ['ES256'])]), ...times })
    const names = usableKeys(keySet, minute, graceful).keys.map(({ kid, algorithms }) => `${kid} ${algorithms.join()}`)
    expect(names).toEqual(['a ES256', 'a RS256', 'b ES256'])
  })

  it('without a kid have no grace: two of them could not be told apart', () => {
    expect(usable(load(['b'], minute, load([undefined], 0)), minute)).toEqual(['b'])
  })

  it('are never so many that more than 1000 keys are kept', () => {
    const names = (from: string) => Array.from({ length: 600 }, (_, index) => `${from}${index}`)
    const keySet = load(names('new'), minute, load(names('old'), 0))
    expect(keySet.keys).toHaveLength(1000)
    expect(usable(keySet, minute).slice(0, 600)).toEqual(names('new'))
  })
})
