// Values of a client, made safe for a log line.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { printable } from '../../src/internal/json.ts'

it('leaves printable ASCII as it is', () => {
  const all = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
  expect(printable(all)).toBe(all)
  expect(printable('')).toBe('')
})

it.each(['\n', '\r', '\t', '\0', '\x1b', '\x7f', '\x9b', '\u2028', '\u202e', 'é', '\ud800'])(
  'replaces %j by a question mark',
  (character) => {
    expect(printable(`a${character}b${character}`)).toBe('a?b?')
  },
)

it('cuts at 200 characters, and says so', () => {
  expect(printable('x'.repeat(200))).toBe('x'.repeat(200))
  expect(printable('x'.repeat(201))).toBe(`${'x'.repeat(200)}...`)
  expect(printable('\n'.repeat(100_000))).toBe(`${'?'.repeat(200)}...`)
})

it.each([
  [['a', 'b\n'], 'a b?'],
  [[], ''],
  [Array.from({ length: 11 }, (_, index) => index), '0 1 2 3 4 5 6 7 8 9'],
  [[['a', 'b'], {}], 'a b an object'],
  [{ secret: 1 }, 'an object'],
  [null, 'null'],
  [undefined, 'undefined'],
  [true, 'true'],
  [1.5, '1.5'],
])('prints %j as %j', (value, text) => {
  expect(printable(value)).toBe(text)
})

it('prints what JSON cannot hold', () => {
  expect(printable(10n)).toBe('10')
  expect(printable(Symbol('s'))).toBe('Symbol(s)')
})

it('cuts a list as a whole and each of its members', () => {
  const long = printable(Array.from({ length: 10 }, () => 'y'.repeat(500)))
  expect(long).toBe(`${'y'.repeat(200)}...`)
  expect(printable(['y'.repeat(150), 'z'.repeat(49)])).toBe(`${'y'.repeat(150)} ${'z'.repeat(49)}`)
})

it('prints at most 203 characters of printable ASCII, whatever it is given', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (value) => {
      expect(printable(value)).toMatch(/^[\x20-\x7e]{0,203}$/)
    }),
  )
})
