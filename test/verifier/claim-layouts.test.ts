// Which claims share a layout in memory with those of an earlier token, so that the cache does not count it again.
import { expect, it } from 'vitest'
import { layoutBytes } from '../../src/internal/freeze.ts'
import { createClaimLayouts } from '../../src/verifier/token-cache.ts'

const named = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 1]))
const many = (count: number, prefix: string) =>
  named(...Array.from({ length: count }, (_, index) => `${prefix}${index}`))

it('counts a layout for the first claims that have it, and for no others', () => {
  const sharedBytes = createClaimLayouts()
  expect(sharedBytes(named('a', 'b'))).toBe(0)
  expect(sharedBytes(named('a', 'b'))).toBe(2 * layoutBytes)
  expect(sharedBytes({ a: {}, b: [] })).toBe(2 * layoutBytes)
})

it.each([
  ['in another order', named('b', 'a')],
  ['fewer', named('a')],
  ['more', named('a', 'b', 'c')],
  ['others', named('a', 'c')],
  ['which run together into the same text', named('a,b')],
])('takes names that are %s for another layout', (_, other) => {
  const sharedBytes = createClaimLayouts()
  sharedBytes(named('a', 'b'))
  expect(sharedBytes(other)).toBe(0)
})

it('keeps 32 layouts, of up to 64 names, and so counts those again that it lost', () => {
  const sharedBytes = createClaimLayouts()
  expect([many(64, 'x'), many(64, 'x'), many(65, 'y'), many(65, 'y')].map(sharedBytes)).toEqual([
    0,
    64 * layoutBytes,
    0,
    0,
  ])
  for (let count = 0; count < 31; count++) sharedBytes(many(1, `other${count}`))
  expect(sharedBytes(many(64, 'x'))).toBe(64 * layoutBytes)
  sharedBytes(many(1, 'one more'))
  expect(sharedBytes(many(64, 'x'))).toBe(0)
})
