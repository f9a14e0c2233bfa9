// Patterns that decide are for whole texts, whatever their flags.
import { describe, expect, it } from 'vitest'
import { checkPattern, whole } from '../../src/internal/patterns.ts'

describe('a pattern for a whole text', () => {
  it.each([
    [/[a-z]+/, ['abc'], ['', 'a1', '1a', 'a\nb', 'a\n', '\na']],
    [/^[a-z]+$/m, ['abc'], ['a\nb', 'a\n', '\na']],
    [/^a$\n^b$/m, ['a\nb'], ['a\nb\n', 'x\na\nb']],
    [/(?![^]*^evil$)[^]+/m, ['ok', 'no evil'], ['evil', 'ok\nevil', 'evil\nok']],
    [/a|ab|abc/, ['a', 'ab', 'abc'], ['abcd', 'xa']],
    [/(a)\1/, ['aa'], ['a', 'aaa']],
    [/[a-z]+/i, ['ABC'], ['A1']],
    [/\p{L}+/u, ['é', '𝒜'], ['é1']],
    [/./s, ['\n', 'a'], ['ab']],
    [/[a-z]+/g, ['abc'], ['abc1']],
    [/[a-z]+/y, ['abc'], ['1abc']],
  ])('%s', (pattern, good, bad) => {
    const made = whole(pattern)
    for (let times = 0; times < 2; times++) {
      for (const text of good) expect(made.test(text)).toBe(true)
      for (const text of bad) expect(made.test(text)).toBe(false)
    }
  })

  it('is a regular expression and nothing derived from it, whose own test a copy would lose', () => {
    class Stricter extends RegExp {}
    for (const value of ['^a$', undefined, null, {}, new Stricter('a')])
      expect(() => checkPattern('pattern', value)).toThrow(
        new TypeError('pattern must be a regular expression such as /[a-z]{1,32}/.'),
      )
    checkPattern('pattern', /a/)
  })
})
