// Misuse is a TypeError at creation, with the value to write instead.
import { describe, expect, it } from 'vitest'
import {
  checkArgumentCount,
  checkFunction,
  checkNumber,
  checkOptionNames,
  checkString,
  checkStrings,
  shown,
} from '../../src/internal/options.ts'

describe('option names', () => {
  it('must be among those allowed, which the message lists', () => {
    expect(() => checkOptionNames('make()', {}, ['a'])).not.toThrow()
    expect(() => checkOptionNames('make()', { a: 1, b: undefined }, ['a', 'b'])).not.toThrow()
    expect(() => checkOptionNames('make()', Object.create(null), ['a'])).not.toThrow()
    const misspelt = () => checkOptionNames('make()', { a: 1, audence: 1 }, ['a', 'audience'])
    expect(misspelt).toThrow(new TypeError('make() has no option audence. It has: a, audience.'))
  })

  it.each([undefined, null, 'https://sts.example.com', 1])('must be in an object, which %s is not', (options) => {
    const call = () => checkOptionNames('make()', options, ['a'])
    expect(call).toThrow(new TypeError('make() needs an options object, a plain one.'))
  })
})

describe('arguments', () => {
  it.each([
    [[], 1],
    [['a'], 1],
    [[undefined], 1],
    [['a', 'b'], 2],
  ])('%j are no more than %d', (args, max) => {
    expect(() => checkArgumentCount('not()', args, max)).not.toThrow()
  })

  it.each([
    [['a', 'b'], 1, 'not() takes 1 argument, not 2: the rest would be ignored.'],
    [['a', undefined], 1, 'not() takes 1 argument, not 2: the rest would be ignored.'],
    [[undefined], 0, 'not() takes 0 arguments, not 1: the rest would be ignored.'],
    [['a', 'b', 'c', 'd'], 2, 'not() takes 2 arguments, not 4: the rest would be ignored.'],
  ])('%j are more than %d', (args, max, message) => {
    expect(() => checkArgumentCount('not()', args, max)).toThrow(new TypeError(message))
  })
})

describe('a number', () => {
  it('may be each of its bounds and what is between', () => {
    for (const value of [1, 2, 3]) expect(() => checkNumber('n', value, 1, 3)).not.toThrow()
  })

  it('is no text, which the message tells from a number', () => {
    expect(() => checkNumber('n', '2', 1, 2)).toThrow(new TypeError("n must be a whole number from 1 to 2, not '2'."))
  })

  it('is whole: half a millisecond is no deadline, and half a turn is one that never runs out', () => {
    const message = 'n must be a whole number from 1 to 3, not 1.5: write 2.'
    expect(() => checkNumber('n', 1.5, 1, 3)).toThrow(new TypeError(message))
  })

  it.each([0.999, 2.001, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, 1n])('cannot be %s', (value) => {
    const message = `n must be a whole number from 1 to 2, not ${String(value)}.`
    expect(() => checkNumber('n', value, 1, 2)).toThrow(new TypeError(message))
  })
})

describe('a string', () => {
  it('must not be empty or anything else', () => {
    expect(() => checkString('s', 'x')).not.toThrow()
    for (const value of ['', 1, null, undefined, {}, ['x']])
      expect(() => checkString('s', value)).toThrow(new TypeError(`s must be a non-empty string, not ${shown(value)}.`))
  })

  it.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['https://api.example.com/', 'https://api.example.com'],
    ['https://api.example.com/v1/', 'https://api.example.com/v1'],
  ])('[RFC8707-2-1] is what to write instead of new URL(%j)', (text, instead) => {
    const message = `s must be a string, not a URL object: write '${instead}' (or with the slash, if your STS does).`
    expect(() => checkString('s', new URL(text))).toThrow(new TypeError(message))
  })
})

describe('a list of strings', () => {
  it('has at least one of them, unless it may be empty', () => {
    expect(() => checkStrings('l', ['x', 'y'])).not.toThrow()
    expect(() => checkStrings('l', [], 0)).not.toThrow()
    expect(() => checkStrings('l', [])).toThrow(new TypeError('l must be a list of at least one string, not [].'))
  })

  it('is a list, and every member is a string', () => {
    for (const value of ['x', { length: 1 }, new Set(['x']), 7, null])
      expect(() => checkStrings('l', value)).toThrow(
        new TypeError(`l must be a list of at least one string, not ${shown(value)}.`),
      )
    expect(() => checkStrings('l', 'x', 0)).toThrow(new TypeError("l must be a list of strings, not 'x'."))
    for (const value of [[''], ['x', 1], [null], [['x']]])
      expect(() => checkStrings('l', value, 0)).toThrow(/^l\[\] must be a non-empty string, not /)
  })
})

it.each([
  ['5', "'5'"],
  [5, '5'],
  [null, 'null'],
  [undefined, 'undefined'],
  [[], '[]'],
  [['x'], 'a list'],
  [{ secret: 'x' }, 'an object'],
  [() => 'x', 'a function'],
])('a value that is no option is shown without its inside: %j', (value, text) => {
  expect(shown(value)).toBe(text)
})

it('a function is nothing else', () => {
  expect(() => checkFunction('f', () => {})).not.toThrow()
  for (const value of [undefined, null, {}, 'f'])
    expect(() => checkFunction('f', value)).toThrow(new TypeError(`f must be a function, not ${shown(value)}.`))
})
