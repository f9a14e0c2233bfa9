// Object.prototype, which other code of the process may have changed: a careless merge of a client's JSON does it by `__proto__`.

const empty = {}

/**
 * The name of a member that every object now seems to have, or `undefined`. Nothing can be decided then: what a token, a policy or an
 * option leaves out would be read from it. Does not see members that are not enumerable: to make one takes code, and not data alone.
 */
export function pollutedMember(): string | undefined {
  for (const name in empty) return name
  return undefined
}
