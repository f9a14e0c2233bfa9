import { expect, test } from 'vitest'
import { createPrivateSlot } from '../../src/internal/private-slot.ts'

const kinds: readonly [kind: string, make: () => object][] = [
  ['a plain object', () => ({ method: 'GET' })],
  ['an instance', () => new URL('https://api.example.com')],
  ['an object without a prototype', () => Object.create(null) as object],
  ['a frozen object', () => Object.freeze({ method: 'GET' })],
  ['a sealed object', () => Object.seal({ method: 'GET' })],
  ['a proxy', () => new Proxy({ method: 'GET' }, {})],
  ['a function', () => () => undefined],
]

test.each(kinds)('keeps a value on %s', (_, make) => {
  const slot = createPrivateSlot<number>()
  const [object, other] = [make(), make()]
  slot.set(object, 1)
  slot.set(other, 2)
  slot.set(object, 3)
  expect([slot.get(object), slot.get(other), slot.get(make())]).toEqual([3, 2, undefined])
})

test('what was put on an object before it was frozen can still be changed', () => {
  const slot = createPrivateSlot<number>()
  const object = {}
  slot.set(object, 1)
  slot.set(Object.freeze(object), 2)
  expect(slot.get(object)).toBe(2)
})

test.each([undefined, null, 1, 'GET'])('finds no value on %s, which is no object', (value) => {
  expect(createPrivateSlot<number>().get(value as unknown as object)).toBeUndefined()
})

test('slots are independent', () => {
  const [slot, other] = [createPrivateSlot<number>(), createPrivateSlot<number>()]
  const object = {}
  slot.set(object, 1)
  expect(other.get(object)).toBeUndefined()
})

test('no copy and no heir of an object has its value', () => {
  const slot = createPrivateSlot<number>()
  const object = { method: 'GET' }
  slot.set(object, 1)
  const others = [{ ...object }, Object.create(object) as object, structuredClone(object), new Proxy(object, {})]
  expect(others.map((one) => slot.get(one))).toEqual(others.map(() => undefined))
})

test('the object shows no sign of it', () => {
  const slot = createPrivateSlot<string>()
  const object = { method: 'GET' }
  slot.set(object, 'secret')
  expect(Reflect.ownKeys(object)).toEqual(['method'])
  expect(JSON.stringify(object)).toBe('{"method":"GET"}')
})
