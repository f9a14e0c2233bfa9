// Copies what somebody else may go on changing: lists, objects and expressions, all the way down.

/**
 * A frozen copy of data, which shares only functions with `value`. Objects are copied as plain ones, by their own members; what else a
 * class gives them is lost. An expression is a copy of its own, too: whoever holds one can have it match something else.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value) as T
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof RegExp) return new RegExp(value.source, value.flags)
  if (Array.isArray(value)) return Object.freeze(value.map(copy))
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)])))
}
