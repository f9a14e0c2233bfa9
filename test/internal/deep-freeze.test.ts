import { describe, expect, it } from 'vitest'
import { constant, deepFreeze, freezeAndMeasure } from '../../src/internal/freeze.ts'

it('freezes objects and arrays at every depth and returns the same value', () => {
  const value = { list: [{ name: 'a' }, [1]], inner: { deeper: { deepest: 1 } } }
  expect(deepFreeze(value)).toBe(value)
  for (const part of [value, value.list, value.list[0], value.list[1], value.inner, value.inner.deeper]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
})

it('freezes an object without a prototype, and what is in it', () => {
  const value = Object.assign(Object.create(null), { inner: {} }) as { inner: object }
  deepFreeze(value)
  expect(Object.isFrozen(value)).toBe(true)
  expect(Object.isFrozen(value.inner)).toBe(true)
})

it('freezes what is inside an object that was frozen before', () => {
  const value = Object.freeze({ inner: { list: [1] } })
  deepFreeze(value)
  expect(Object.isFrozen(value.inner.list)).toBe(true)
})

it('freezes a value that refers to itself', () => {
  const value: { self?: unknown; list: unknown[] } = { list: [] }
  value.self = value
  value.list.push(value.list, value)
  expect(deepFreeze(value)).toBe(value)
  expect(Object.isFrozen(value.list)).toBe(true)
})

it.each([
  ['a Date', new Date(0)],
  ['a Map', new Map([[{}, {}]])],
  ['a Set', new Set([1])],
  ['a typed array, which cannot be frozen', new Uint8Array(4)],
  ['an instance of a class', new (class Account {})()],
  ['a regular expression', /a/g],
])('leaves %s as it is, alone or inside of something', (_, instance) => {
  expect(deepFreeze(instance)).toBe(instance)
  deepFreeze({ list: [instance] })
  expect(Object.isFrozen(instance)).toBe(false)
})

it.each([undefined, null, 1, 'text', true, 10n, Symbol.iterator])('returns %s, which needs no freezing', (value) => {
  expect(deepFreeze(value)).toBe(value)
  expect(deepFreeze([value])).toEqual([value])
})

it('freezes a constant, and takes it for frozen as a part of something else', () => {
  const shared = constant({ list: [] as string[] })
  expect(Object.isFrozen(shared.list)).toBe(true)
  expect(freezeAndMeasure({ shared })).toBeDefined()
})

it('takes no constant for frozen that cannot be', () => {
  const shared = constant({ since: new Date(0) })
  expect(freezeAndMeasure({ shared })).toBeUndefined()
})

it.each([
  ['a Date', () => new Date(0)],
  ['a function', () => () => {}],
  ['an instance of a class', () => new (class Account {})()],
])('says that a value is not frozen that has %s in it, wherever that is, and freezes the rest', (_, make) => {
  expect(freezeAndMeasure(make())).toBeUndefined()
  const deep = (depth: number): unknown => (depth === 0 ? make() : { inner: [deep(depth - 1)] })
  for (const odd of [make(), deep(1), deep(4)]) {
    const rest = { list: [1] }
    for (const value of [[odd, 1], [1, odd], [odd, rest], { odd, rest }, { rest, odd }, { list: [odd, rest], a: 1 }])
      expect(freezeAndMeasure(value)).toBeUndefined()
    expect(Object.isFrozen(rest.list)).toBe(true)
  }
  const [first, second] = [{ list: [] }, { list: [] }]
  freezeAndMeasure({ odd: make(), first })
  freezeAndMeasure([make(), second])
  expect([first.list, second.list].map(Object.isFrozen)).toEqual([true, true])
})

describe('the bytes of a value', () => {
  const bytesOf = (value: unknown, counted?: object) => freezeAndMeasure(value, counted) ?? Number.NaN

  it('grow with its objects, lists, members and texts', () => {
    const sizes = [
      {},
      { a: 1 },
      { a: 'text' },
      { a: 'longer text' },
      { a: ['longer text'] },
      { a: ['longer text', {}] },
    ].map((value) => bytesOf(value))
    expect(sizes).toEqual(sizes.toSorted((one, other) => one - other))
    expect(new Set(sizes).size).toBe(sizes.length)
  })

  it('are counted once for what occurs twice far in, and for a cycle', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = [cycle, cycle]
    expect(bytesOf({ a: { b: { c: { cycle } } } })).toBeLessThan(2000)
  })

  it('do not count constants', () => {
    expect(bytesOf({ a: constant({ long: 'x'.repeat(1000) }) })).toBe(bytesOf({ a: 1 }))
  })

  it('do not count a long list that is counted as a member of something else', () => {
    const list = Array.from({ length: 17 }, () => 'x'.repeat(100))
    expect(bytesOf({ list }, { list })).toBe(bytesOf({ list: 1 }))
    expect(bytesOf({ list: [...list] }, { list })).toBeGreaterThan(1700)
    expect(bytesOf({ list }, { inner: { list } })).toBeGreaterThan(1700)
  })
})
