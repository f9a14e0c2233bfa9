// Regular expressions that decide: an unanchored one would let in every text that holds what it looks for.

/** The pattern for a whole text, in one line, without a position that a test leaves behind. A copy: other code cannot change it. */
export function whole({ source, flags }: RegExp): RegExp {
  return new RegExp(`^(?:${source})$`, flags.replace(/[gmy]/g, ''))
}

/** @throws TypeError for a value that is no regular expression. */
export function checkPattern(name: string, value: unknown): asserts value is RegExp {
  if (!(value instanceof RegExp)) throw new TypeError(`${name} must be a regular expression such as /[a-z]{1,32}/.`)
}
