// The options of the key cache: complete by default, and refused where they cannot be meant.
import { createVerifier } from 'claimcheck'
import { expect, it } from 'vitest'
import { readKeyCacheOptions } from '../../src/jwks/settings.ts'

const hour = 3_600_000

it('has defaults for production', () => {
  expect(readKeyCacheOptions()).toEqual({
    maxFreshMs: hour,
    staleMs: 24 * hour,
    graceMs: 0,
    unknownKidBurst: 3,
    unknownKidRefillMs: 10_000,
  })
})

it('takes seconds', () => {
  const options = {
    maxFreshSeconds: 60,
    staleSeconds: 61,
    graceSeconds: 61,
    unknownKidBurst: 1,
    unknownKidRefillSeconds: 2,
  }
  expect(readKeyCacheOptions(options)).toEqual({
    maxFreshMs: 60_000,
    staleMs: 61_000,
    graceMs: 61_000,
    unknownKidBurst: 1,
    unknownKidRefillMs: 2000,
  })
})

it.each([
  ['maxFreshSeconds', 60, 86_400],
  ['staleSeconds', 3600, 604_800],
  ['graceSeconds', 0, 86_400],
  ['unknownKidBurst', 1, 10],
  ['unknownKidRefillSeconds', 1, 600],
])('%s is from %i to %i', (name, min, max) => {
  for (const value of [min, max]) expect(() => readKeyCacheOptions({ [name]: value })).not.toThrow()
  for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, '60', null]) {
    expect(() => readKeyCacheOptions({ [name]: value as number })).toThrow(TypeError)
  }
})

it('of seconds stays a number of seconds where others allow more', () => {
  const week = 7 * 86_400
  expect(() => readKeyCacheOptions({ staleSeconds: week, graceSeconds: week })).not.toThrow()
  expect(() => readKeyCacheOptions({ staleSeconds: week, graceSeconds: week + 1 })).toThrow('keyCache.graceSeconds')
})

it.each([
  [{ maxFreshSeconds: 3600, staleSeconds: 3599 }, 'at least maxFreshSeconds (3600)'],
  [{ staleSeconds: 3600, graceSeconds: 3601 }, 'at most staleSeconds (3600)'],
  [{ staleMs: 5 }, 'keyCache has no option staleMs'],
])('refuses %j', (options, words) => {
  expect(() => readKeyCacheOptions(options as object)).toThrow(words)
})

it('is read when the verifier is made', () => {
  const options = { issuer: 'https://sts.example.com', audience: 'https://api.example.com' }
  expect(() => createVerifier({ ...options, keyCache: { staleSeconds: 1 } })).toThrow('keyCache.staleSeconds')
  expect(() => createVerifier({ ...options, keyCache: null as never })).toThrow(TypeError)
  expect(() => createVerifier({ ...options, keyStore: {} as never })).toThrow('keyStore.load')
  expect(() => createVerifier({ ...options, keyStore: { load: async () => undefined } as never })).toThrow(
    'keyStore.save',
  )
})
