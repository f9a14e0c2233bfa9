// A copy stays as it was, whatever happens to the original.
import { expect, it } from 'vitest'
import { frozenCopy } from '../../src/internal/freeze.ts'

it('copies lists and objects all the way down, and freezes the copy', () => {
  const value = { list: [{ name: 'a' }], nested: { deep: { er: [1] } }, none: undefined, nothing: null }
  const copy = frozenCopy(value)
  expect(copy).toEqual({ list: [{ name: 'a' }], nested: { deep: { er: [1] } }, none: undefined, nothing: null })
  for (const part of [copy, copy.list, copy.list[0], copy.nested, copy.nested.deep, copy.nested.deep.er])
    expect(Object.isFrozen(part)).toBe(true)
  value.list.push({ name: 'b' })
  value.nested.deep.er.push(2)
  expect(copy).toEqual({ list: [{ name: 'a' }], nested: { deep: { er: [1] } }, none: undefined, nothing: null })
})

it('copies expressions with their flags, from their beginning', () => {
  const pattern = /^a+$/giy
  pattern.lastIndex = 2
  const { one } = frozenCopy({ one: pattern })
  pattern.compile('.*')
  expect([one.source, one.flags, one.lastIndex]).toEqual(['^a+$', 'giy', 0])
})

it('keeps functions as they are, and of a class only own members', () => {
  class Made {
    readonly own = 1
    get inherited(): number {
      return 2
    }
  }
  const run = (): number => 1
  expect(frozenCopy({ run }).run).toBe(run)
  expect(frozenCopy(new Made()).inherited).toBeUndefined()
  expect(frozenCopy(new Made()).own).toBe(1)
})

it('makes no member called __proto__ a prototype', () => {
  const copy = frozenCopy(JSON.parse('{"__proto__":{"admin":true}}') as { admin?: boolean })
  expect(copy.admin).toBeUndefined()
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
})
