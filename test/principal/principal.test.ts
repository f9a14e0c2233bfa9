// The key that stands for a caller in the application's database.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { principalKey } from '../../src/principal/principal.ts'
import { anyText } from '../support/any-text.ts'

// Strings that a key could be tricked with: its own separator, its own escapes, and all of Unicode.
const part = fc.oneof(
  fc.string({ unit: fc.constantFrom('|', '%', '7', 'C', '2', '5', 'a', ' ', 'é', '😀'), maxLength: 6 }),
  anyText({ maxLength: 12 }).filter((text) => text.isWellFormed()),
)
const parts = fc.array(part, { minLength: 1, maxLength: 4 })

describe('a key', () => {
  it('[RFC8725bis-3.8-2] is never the same for two different lists of parts', () => {
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(parts, (list) => {
        const key = principalKey(...list)
        const text = JSON.stringify(list)
        expect(seen.get(key) ?? text).toBe(text)
        seen.set(key, text)
      }),
      { numRuns: 5000 },
    )
  })

  it('can be taken apart again, so its parts are all in it', () => {
    fc.assert(
      fc.property(parts, (list) => {
        expect(
          principalKey(...list)
            .split('|')
            .map(decodeURIComponent),
        ).toEqual(list)
      }),
    )
  })

  it('is printable ASCII without a space', () => {
    fc.assert(fc.property(parts, (list) => /^[\x21-\x7e]*$/.test(principalKey(...list))))
  })

  it.each([
    [['https://sts.example.com', 'alice'], 'https://sts.example.com|alice'],
    [['https://sts.example.com', 'auth0|42'], 'https://sts.example.com|auth0%7C42'],
    [['a|b', 'c'], 'a%7Cb|c'],
    [['a', 'b|c'], 'a|b%7Cc'],
    [['a%7Cb'], 'a%257Cb'],
    [['Jörg Müller'], 'J%C3%B6rg%20M%C3%BCller'],
  ])('of %j is %s', (list, key) => {
    expect(principalKey(...list)).toBe(key)
  })
})
