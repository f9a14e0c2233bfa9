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

it('may be set before an object is frozen', () => {
  const notes = createNotes<true>()
  const list: string[] = []
  notes.set(list, true)
  expect(notes.get(Object.freeze(list))).toBe(true)
})
