// Notes on objects of our own: nothing but the object itself has them.
import { expect, it } from 'vitest'
import { createNotes } from '../../src/internal/freeze.ts'

it('lie on one object, and on no copy, heir or list of its members', () => {
  const notes = createNotes<string>()
  const object = { name: 'policy' }
  notes.set(object, 'first')
  notes.set(object, 'noted')
  expect(notes.get(object)).toBe('noted')
  expect(createNotes<string>().get(object)).toBeUndefined()
  const copies = [{ ...object }, structuredClone(object), Object.create(object) as object]
  const exact = Object.defineProperties({}, Object.getOwnPropertyDescriptors(object))
  for (const other of [...copies, exact, {}, []]) expect(notes.get(other)).toBeUndefined()
  expect(Object.keys(object)).toEqual(['name'])
  expect(JSON.stringify(object)).toBe('{"name":"policy"}')
})

it('can be set again, and on an object that is frozen', () => {
  const notes = createNotes<number>()
  const frozen = Object.freeze({})
  for (const object of [{}, frozen]) {
    for (const value of [1, 2]) notes.set(object, value)
    expect(notes.get(object)).toBe(2)
    expect(notes.get({ ...object })).toBeUndefined()
  }
})

it('may be set before an object is frozen', () => {
  const notes = createNotes<true>()
  const list: string[] = []
  notes.set(list, true)
  expect(notes.get(Object.freeze(list))).toBe(true)
})

it('are replaced on an object that was closed after the first note', () => {
  for (const close of [Object.preventExtensions, Object.seal, Object.freeze]) {
    const notes = createNotes<number>()
    const object = {}
    notes.set(object, 1)
    close(object)
    notes.set(object, 2)
    expect(notes.get(object)).toBe(2)
  }
})

it('are on no copy that a cloner makes of every member, its notes included', () => {
  const notes = createNotes<number>()
  const object = {}
  notes.set(object, 1)
  const copy = {}
  for (const key of Reflect.ownKeys(object)) {
    const note = Reflect.get(object, key) as object
    const clone = Object.create(Object.getPrototypeOf(note) as object) as object
    Object.defineProperties(clone, Object.getOwnPropertyDescriptors(note))
    Object.defineProperty(copy, key, { value: clone })
  }
  expect(notes.get(copy)).toBeUndefined()
})
