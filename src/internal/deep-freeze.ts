// What requests share must not change under them.

/**
 * Freezes plain objects and arrays all the way down and returns `value`. Instances of classes (Date, Map, Set, …) are
 * left alone: freezing them would not make them immutable, and some cannot be frozen.
 */
export function deepFreeze<T>(value: T): T {
  freeze(value, new Set())
  return value
}

function freeze(value: unknown, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value) || !isPlain(value)) return
  seen.add(value)
  Object.freeze(value)
  for (const member of Object.values(value)) freeze(member, seen)
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
