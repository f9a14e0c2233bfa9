// The writer of challenges: what it writes a strict reader can read, and what it must not write it throws for.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatChallenge, isQuotable } from '../../src/errors/challenge.ts'

it('writes parameters in order with commas between, and leaves out those without a value', () => {
  expect(formatChallenge('Bearer', { realm: 'a b', scope: undefined, error: 'x', error_description: '' })).toBe(
    'Bearer realm="a b", error="x", error_description=""',
  )
})

it('[RFC6750-3-4] calls exactly the characters quotable that RFC 6750 §3 allows between quotes', () => {
  const inRfc6750 = (code: number) => code === 0x20 || code === 0x21 || (code >= 0x23 && code <= 0x7e && code !== 0x5c)
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code)
    expect(isQuotable(`a${character}b`), `0x${code.toString(16)}`).toBe(inRfc6750(code))
    expect(isQuotable(character), `0x${code.toString(16)} alone`).toBe(inRfc6750(code))
  }
  expect(isQuotable('')).toBe(true)
})

it.each(['"', '\\', 'a\r\nSet-Cookie: a=b', '\0', '\t', '\x7f', 'é', '\u2028', '😀'])(
  '[RFC6750-3-4] throws for %j instead of writing it into a header',
  (value) => {
    expect(() => formatChallenge('Bearer', { realm: 'ok', scope: value })).toThrow(TypeError)
    expect(() => formatChallenge('Bearer', { realm: 'ok', scope: value })).toThrow(/scope.*printable ASCII/)
  },
)

// Mostly what is allowed, so that whole values of it occur.
const unit = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 1, arbitrary: fc.nat(0xffff) },
)
const text = fc.string({ unit: unit.map((code) => String.fromCharCode(code)) })

it('[RFC6750-3-4] writes one line of printable ASCII or throws a TypeError, whatever the value', () => {
  fc.assert(
    fc.property(text, (value) => {
      let line: string
      try {
        line = formatChallenge('Bearer', { realm: value })
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError)
        return
      }
      expect(line).toBe(`Bearer realm="${value}"`)
      expect(value).toMatch(/^[ !#-[\]-~]*$/)
    }),
  )
})
