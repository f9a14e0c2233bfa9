// Regular expressions that decide: an unanchored one would let in every text that holds what it looks for.

/**
 * The pattern for a whole text, without a position that a test leaves behind. A copy: other code cannot change it. `[^]` is any character:
 * where the pattern has the flag `m`, its own anchors mean lines, and these do not.
 */
export function whole({ source, flags }: RegExp): RegExp {
  return new RegExp(`(?<![^])(?:${source})(?![^])`, flags.replace(/[gy]/g, ''))
}

/** @throws TypeError for a value that is no regular expression. A subclass may decide by a `test` of its own, which a copy has not. */
export function checkPattern(name: string, value: unknown): asserts value is RegExp {
  if (value instanceof RegExp && Object.getPrototypeOf(value) === RegExp.prototype) return
  throw new TypeError(`${name} must be a regular expression such as /[a-z]{1,32}/.`)
}
