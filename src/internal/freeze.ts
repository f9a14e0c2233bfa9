// Freezes and measures values that requests share.

/** Down to this depth the walk records no objects: most values end above, and a cycle costs little. */
const shallow = 4

/** A list up to this length is not worth a comparison. */
const shortList = 16

interface Walk {
  /** An object whose members are counted elsewhere. */
  readonly counted: object
  seen?: Set<object>
}

/**
 * Freezes plain objects and arrays at every depth. Returns about how many bytes they take in memory, or `undefined` when `value` holds
 * something that cannot be frozen. Instances of classes (Date, Map, Set, …) and functions stay as they are: freezing would not make
 * them immutable.
 *
 * A long list that is also a member of `counted` adds no bytes.
 */
export function freezeAndMeasure(value: unknown, counted: object = {}): number | undefined {
  const bytes = freeze(value, 0, { counted })
  return Number.isNaN(bytes) ? undefined : bytes
}

/** Freezes like `freezeAndMeasure` and returns `value`. */
export function deepFreeze<T>(value: T): T {
  freezeAndMeasure(value)
  return value
}

const constants = new WeakSet<object>()

/** Freezes a value that exists once in the process. As a part of another value it is not walked again, and adds no bytes. */
export function constant<T extends object>(value: T): T {
  if (freezeAndMeasure(value) !== undefined) constants.add(value)
  return value
}

/** Returns the bytes of `value` besides its slot. NaN, which every sum keeps, when something cannot be frozen. */
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
  // Not Object.entries: every token runs this.
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

/**
 * Makes a frozen copy of data that its owner may go on changing. It shares only functions with `value`. Objects are copied as plain
 * ones, by their own members: a class's methods are lost. Regular expressions are copied, too, since their owner can recompile them.
 */
export function frozenCopy<T>(value: T): T
export function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof RegExp) return new RegExp(value.source, value.flags)
  if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => frozenCopy(item)))
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, member]) => [name, frozenCopy(member)])))
}

// About how many bytes the parts of a value take on V8's heap, for the bound of the token cache. Measured on Node 20 and 24;
// test/verifier/cache-memory.test.ts compares these figures with the heap.

export const objectBytes = 48
export const listBytes = 32
/** An item of a list: its slot, and the header of the string or number in it. */
export const itemBytes = 24
/** A member of an object: the same. */
export const memberBytes = 16
/** The entry of a member in its object's layout (V8: its map). Objects with the same names in the same order share one layout. */
export const layoutBytes = 96

/** Estimates the bytes of a string's characters: one each, or two when any of them is beyond Latin-1. */
export function textBytes(text: string): number {
  return Math.ceil(1.5 * text.length)
}

// Tells built-in classes from the application's, also for instances of another realm: jest and node:vm make realms.

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
 * Returns the built-in class of `value`, or `undefined` for any other class, also for one that extends a built-in class. Objects without
 * a prototype count as plain.
 */
export function builtInOf(value: object): BuiltIn | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null) return 'Object'
  return prototypes.get(prototype) ?? foreignBuiltIn(prototype)
}

/** Only a realm itself makes functions with this text: other functions have their source, or no name. */
const native = /^function (Object|Array|Date|Map|Set)\(\)\s*\{\s*\[native code\]\s*\}$/

function foreignBuiltIn(prototype: object): BuiltIn | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof constructor !== 'function' || constructor.prototype !== prototype) return undefined
  return native.exec(Function.prototype.toString.call(constructor))?.[1] as BuiltIn | undefined
}

/** Notes of one kind, each on an object of its own. A copy or an heir of an object has none of its notes, and no log shows one. */
export interface Notes<T> {
  get(object: object): T | undefined
  set(object: object, value: T): void
}

/**
 * Makes notes that lie on their objects. Measured: with a WeakMap for the state of requests a guard takes 2.4 times as long, and one for
 * policies holds up to 8 MB after 50,000 that were made for requests, since its table does not shrink.
 */
export function createNotes<T>(): Notes<T> {
  const key = Symbol('claimcheck')
  // Objects that take no new member. Asked first: an object may have been closed after an earlier note.
  let closed: WeakMap<object, T> | undefined
  return {
    get(object) {
      const late = closed?.get(object)
      if (late !== undefined) return late
      const note: unknown = (object as Readonly<Record<symbol, unknown>>)[key]
      return note instanceof Note ? (note as Note<T>).of(object) : undefined
    },
    set(object, value) {
      if (!Object.isExtensible(object)) (closed ??= new WeakMap()).set(object, value)
      else Object.defineProperty(object, key, { value: new Note(object, value), configurable: true })
    },
  }
}

/** A class with private members: no copy of it, however deep, is a note. */
class Note<T> {
  readonly #owner: object
  readonly #value: T

  constructor(owner: object, value: T) {
    this.#owner = owner
    this.#value = value
  }

  /** The value, where `object` is the one that was noted: an inherited or a copied note belongs to another. */
  of(object: object): T | undefined {
    return #owner in this && this.#owner === object ? this.#value : undefined
  }
}
