// A misspelt word must not stand for the default: the test would pass for another reason.

/** @throws TypeError when `value` is none of `allowed`. */
export function checkOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value === 'string' && allowed.includes(value)) return
  throw new TypeError(`${name} must be one of ${allowed.join(', ')}.`)
}
