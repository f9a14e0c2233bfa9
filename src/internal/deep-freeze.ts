// What requests share must not change under them.

/** Down to here nothing is remembered of what was seen: a cycle costs little, and most values end above. */
const shallow = 4

/**
 * Freezes plain objects and arrays all the way down, and returns whether everything in `value` is frozen now. Instances of
 * classes (Date, Map, Set, …) and functions are left alone: freezing them would not make them immutable.
 */
export function freezeDeeply(value: unknown): boolean {
  return freeze(value, 0, undefined)
}

/** Freezes like `freezeDeeply` and returns `value`. */
export function deepFreeze<T>(value: T): T {
  freezeDeeply(value)
  return value
}

const constants = new WeakSet<object>()

/** Freezes what many values will share: as a part of one of them it needs no second look. */
export function constant<T extends object>(value: T): T {
  if (freezeDeeply(value)) constants.add(value)
  return value
}

function freeze(value: unknown, depth: number, seen: Set<object> | undefined): boolean {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null || seen?.has(value) || constants.has(value)) return true
  if (!isPlain(value)) return false
  const known = depth < shallow ? undefined : (seen ?? new Set()).add(value)
  Object.freeze(value)
  let all = true
  if (Array.isArray(value)) {
    for (const item of value) all = freeze(item, depth + 1, known) && all
    return all
  }
  // Without a list of its members: this is done for every token.
  for (const name in value) {
    if (Object.hasOwn(value, name)) all = freeze((value as Record<string, unknown>)[name], depth + 1, known) && all
  }
  return all
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
