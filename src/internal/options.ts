// Checks of options. Options are read once, at creation: misuse is a TypeError there, never a surprise at the first request.
import { pollutedMember } from './prototype.ts'

/** @throws TypeError when `value` is no object, or an instance of a class: a Map, for one, has its members elsewhere. */
export function checkPlain(value: unknown, message: string): asserts value is object {
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError(message)
}

/** @throws TypeError when `options` is no object or has a name outside of `allowed`. A misspelt check must not be silently off. */
export function checkOptionNames(where: string, options: unknown, allowed: readonly string[]): void {
  // Inherited members would be read in one place, and lost where options are copied.
  checkPlain(options, `${where} needs an options object, a plain one.`)
  for (const name of Object.keys(options)) {
    if (!allowed.includes(name)) throw new TypeError(`${where} has no option ${name}. It has: ${allowed.join(', ')}.`)
  }
  checkPrototype(where)
}

/** @throws TypeError while `where` would read from Object.prototype what an object leaves out. */
export function checkPrototype(where: string): void {
  const name = pollutedMember()
  if (name !== undefined)
    throw new TypeError(
      `${where}: nothing is read while Object.prototype has the member ${name}. Find the code that set it.`,
    )
}

/**
 * Checks the last argument of a call, the one at `index`, by the rules of `checkOptionNames`. Behind other arguments it may be left out.
 *
 * @throws TypeError also when there are more arguments.
 */
export function checkOptions(where: string, args: ArrayLike<unknown>, allowed: readonly string[], index = 0): void {
  checkArgumentCount(where, args, index + 1)
  if (index === 0 || args[index] !== undefined) checkOptionNames(where, args[index], allowed)
}

/** @throws TypeError when a call has more than `max` arguments: a policy among the rest would be silently ignored. */
export function checkArgumentCount(where: string, args: ArrayLike<unknown>, max: number): void {
  if (args.length <= max) return
  throw new TypeError(
    `${where} takes ${max} argument${max === 1 ? '' : 's'}, not ${args.length}: the rest would be ignored.`,
  )
}

/** @throws TypeError when `value` is not a whole number between `min` and `max`: timers and budgets take no fraction. */
export function checkNumber(name: string, value: unknown, min: number, max: number): void {
  const isInside = typeof value === 'number' && value >= min && value <= max
  if (isInside && Number.isInteger(value)) return
  const instead = isInside ? `: write ${Math.ceil(value)}` : ''
  throw new TypeError(`${name} must be a whole number from ${min} to ${max}, not ${shown(value)}${instead}.`)
}

/** @throws TypeError when `value` is not a non-empty string. For a URL object it says which string to write. */
export function checkString(name: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && value !== '') return
  if (value instanceof URL) {
    // new URL('https://api').href has a slash more, so an identifier must never pass through a URL (RFC 8707 §2).
    throw new TypeError(
      `${name} must be a string, not a URL object: write '${value.href.replace(/\/$/, '')}' (or with the slash, if your STS does).`,
    )
  }
  throw new TypeError(`${name} must be a non-empty string, not ${shown(value)}.`)
}

/** @throws TypeError when `value` is not a list of non-empty strings with `atLeast` members. */
export function checkStrings(name: string, value: unknown, atLeast = 1): asserts value is readonly string[] {
  if (!Array.isArray(value) || value.length < atLeast) {
    throw new TypeError(
      `${name} must be a list of ${atLeast === 0 ? 'strings' : 'at least one string'}, not ${shown(value)}.`,
    )
  }
  for (const item of value) checkString(`${name}[]`, item)
}

/** @throws TypeError when `value` is neither true nor false. */
export function checkBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false, not ${shown(value)}.`)
}

/** @throws TypeError when `value` is no function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function, not ${shown(value)}.`)
}

/** A value that is no option, for messages: a text in quotes, so that '5' is told from 5. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (Object(value) !== value) return String(value)
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'a list'
  return typeof value === 'function' ? 'a function' : 'an object'
}
