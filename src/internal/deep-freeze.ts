// What requests share must not change under them.

/**
 * Freezes plain objects and arrays all the way down, and returns whether everything in `value` is frozen now. Instances of
 * classes (Date, Map, Set, …) and functions are left alone: freezing them would not make them immutable.
 */
export function freezeDeeply(value: unknown): boolean {
  return freeze(value, new Set())
}

/** Freezes like `freezeDeeply` and returns `value`. */
export function deepFreeze<T>(value: T): T {
  freezeDeeply(value)
  return value
}

function freeze(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null || seen.has(value)) return true
  if (!isPlain(value)) return false
  seen.add(value)
  Object.freeze(value)
  let all = true
  for (const member of Object.values(value)) all = freeze(member, seen) && all
  return all
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
