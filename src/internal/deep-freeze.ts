// What requests share must not change under them.
import { itemBytes, listBytes, memberBytes, objectBytes, textBytes } from './heap-bytes.ts'

/** Down to here nothing is remembered of what was seen: a cycle costs little, and most values end above. */
const shallow = 4

/** A list up to this length is not worth a comparison. */
const shortList = 16

interface Walk {
  /** An object whose members are counted elsewhere. */
  readonly counted: object
  seen?: Set<object>
}

/**
 * Freezes plain objects and arrays all the way down. Returns about how many bytes they take in memory, or `undefined` when something
 * in `value` cannot be frozen: instances of classes (Date, Map, Set, …) and functions stay as they are, since freezing them would not
 * make them immutable.
 *
 * A long list that is also a member of `counted` takes no bytes of its own.
 */
export function freezeAndMeasure(value: unknown, counted: object = nothing): number | undefined {
  const bytes = freeze(value, 0, { counted })
  return Number.isNaN(bytes) ? undefined : bytes
}

const nothing = Object.freeze({})

/** Freezes like `freezeAndMeasure` and returns `value`. */
export function deepFreeze<T>(value: T): T {
  freezeAndMeasure(value)
  return value
}

const constants = new WeakSet<object>()

/** Freezes what the process has once: as a part of something else it needs no second look, and takes no bytes. */
export function constant<T extends object>(value: T): T {
  if (freezeAndMeasure(value) !== undefined) constants.add(value)
  return value
}

/** The bytes that `value` takes besides its slot. NaN, which no sum gets rid of, where something cannot be frozen. */
function freeze(value: unknown, depth: number, walk: Walk): number {
  if (typeof value === 'string') return textBytes(value)
  if (typeof value === 'function') return Number.NaN
  if (typeof value !== 'object' || value === null || walk.seen?.has(value) || constants.has(value)) return 0
  if (!isPlain(value)) return Number.NaN
  if (depth >= shallow) (walk.seen ??= new Set()).add(value)
  Object.freeze(value)
  return Array.isArray(value) ? freezeItems(value, depth + 1, walk) : freezeMembers(value, depth + 1, walk)
}

function freezeItems(list: readonly unknown[], depth: number, walk: Walk): number {
  if (list.length > shortList && Object.values(walk.counted).includes(list)) return 0
  let bytes = listBytes
  for (const item of list) bytes += itemBytes + freeze(item, depth, walk)
  return bytes
}

function freezeMembers(value: object, depth: number, walk: Walk): number {
  let bytes = objectBytes
  // Without a list of its members: this is done for every token.
  for (const name in value) {
    if (Object.hasOwn(value, name)) bytes += memberBytes + freeze((value as Record<string, unknown>)[name], depth, walk)
  }
  return bytes
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
