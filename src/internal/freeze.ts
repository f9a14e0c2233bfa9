// What requests share must not change under them.
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

// About how many bytes the parts of a value take on the heap of V8, for the bound of the token cache. Measured on Node 20 and 24:
// test/verifier/cache-memory.test.ts holds these figures against the heap.

export const objectBytes = 48
export const listBytes = 32
/** An item of a list: its slot, and the header of the string or number in it. */
export const itemBytes = 24
/** A member of an object, likewise. */
export const memberBytes = 16
/** The entry of a member in its object's layout (V8: its map). Objects with the same names in the same order share one layout. */
export const layoutBytes = 96

/** The characters of a string that is no part of the token. One takes a byte, or two where any of them is beyond Latin-1. */
export function textBytes(text: string): number {
  return Math.ceil(1.5 * text.length)
}

// Tells built-in classes from an application's own, also where another realm made the instance: jest and node:vm have realms.

export type BuiltIn = 'Object' | 'Array' | 'Date' | 'URL' | 'Map' | 'Set'

const prototypes: ReadonlyMap<object, BuiltIn> = new Map<object, BuiltIn>([
  [Object.prototype, 'Object'],
  [Array.prototype, 'Array'],
  [Date.prototype, 'Date'],
  [URL.prototype, 'URL'],
  [Map.prototype, 'Map'],
  [Set.prototype, 'Set'],
])

/**
 * The built-in class that made `value`, or `undefined` for any other class: one that extends a built-in class is another. Objects
 * without a prototype count as plain.
 */
export function builtInOf(value: object): BuiltIn | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null) return 'Object'
  return prototypes.get(prototype) ?? foreignBuiltIn(prototype)
}

/** Only a realm itself makes functions with this text: that of any other function is its source, or has no name. */
const native = /^function (Object|Array|Date|Map|Set)\(\)\s*\{\s*\[native code\]\s*\}$/

function foreignBuiltIn(prototype: object): BuiltIn | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof constructor !== 'function' || constructor.prototype !== prototype) return undefined
  return native.exec(Function.prototype.toString.call(constructor))?.[1] as BuiltIn | undefined
}
