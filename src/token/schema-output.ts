// Takes what a claims schema puts out. Plain data is frozen, and requests share it. Date, URL, Map and Set, functions, accessors and
// members under symbols can change all the same, so each request gets its own. Any other class may have getters that no policy would find.
import { type BuiltIn, builtInOf } from '../internal/built-in.ts'
import { itemBytes, layoutBytes, listBytes, memberBytes, objectBytes, textBytes } from '../internal/heap-bytes.ts'
import { printable } from '../internal/printable.ts'

/** More than a token can have. An accessor that makes a new object each time would lead on for ever. */
const maxObjects = 100_000

export interface FrozenOutput {
  /** Whether requests may share it. */
  readonly shared: boolean
  /** About how many bytes it takes in memory, where requests share it. */
  readonly bytes: number
}

interface Place {
  readonly path: string
  /** Whether only plain data leads to it: what may change is left as it is. */
  readonly fixed: boolean
}

/**
 * Freezes the plain data of `output` at every depth, or says why a schema must not put it out.
 *
 * @throws what an accessor or a proxy throws, and TypeError for what only looks like a Map or a Set.
 */
export function freezeOutput(output: object): FrozenOutput | { readonly hint: string } {
  const places = new Map<object, Place>([[output, { path: '', fixed: true }]])
  let shared = true
  let bytes = 0
  // The iteration reaches what is added meanwhile: no depth overflows the stack, and a cycle ends.
  for (const [value, { path, fixed }] of places) {
    if (places.size > maxObjects) return { hint: `the claims schema puts out more than ${maxObjects} objects` }
    const builtIn = builtInOf(value)
    if (builtIn === undefined) return { hint: instanceHint(value, path) }
    const members = membersOf(value, builtIn)
    const isPlain = builtIn === 'Object' || builtIn === 'Array'
    if (isPlain && fixed) Object.freeze(value)
    shared &&= isPlain && members.every(({ isData }) => isData)
    bytes += bytesOf(members, builtIn)
    for (const { name, member, isData } of members) {
      if (typeof member !== 'object' || member === null || places.has(member)) continue
      places.set(member, { path: path ? `${path}.${name}` : name, fixed: fixed && isData })
    }
  }
  return { shared, bytes }
}

interface Member {
  readonly name: string
  readonly member: unknown
  /** Whether it stays what it is once its object is frozen. */
  readonly isData: boolean
}

function membersOf(value: object, builtIn: BuiltIn): readonly Member[] {
  const own = Reflect.ownKeys(value).map((name) => {
    const member = (value as Record<PropertyKey, unknown>)[name]
    const isData = typeof name === 'string' && typeof member !== 'function' && !isAccessor(value, name)
    return { name: String(name), member, isData }
  })
  return [...own, ...entriesOf(value, builtIn)]
}

/** Read by the class's own iterator, which throws for what is none of it. */
function entriesOf(value: object, builtIn: BuiltIn): readonly Member[] {
  if (builtIn === 'Set') return Array.from(Set.prototype.values.call(value), (item) => entry('item', item))
  if (builtIn !== 'Map') return []
  return Array.from(Map.prototype.entries.call(value)).flatMap(([key, item]) => [
    entry('key', key),
    entry('value', item),
  ])
}

function entry(name: string, member: unknown): Member {
  return { name, member, isData: false }
}

function isAccessor(value: object, name: string): boolean {
  return !Object.hasOwn(Object.getOwnPropertyDescriptor(value, name) ?? {}, 'value')
}

function bytesOf(members: readonly Member[], builtIn: BuiltIn): number {
  const isList = builtIn === 'Array'
  let bytes = isList ? listBytes : objectBytes
  for (const { member } of members) {
    bytes += isList ? itemBytes : memberBytes + layoutBytes
    if (typeof member === 'string') bytes += textBytes(member)
  }
  return bytes
}

/** Why `value` may not stand at `place`. */
export function instanceHint(value: object, place: string): string {
  const { constructor } = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } }
  const name = printable(constructor?.name || 'a class')
  const where = place === '' ? '' : ` at ${printable(place)}`
  return (
    `the claims schema puts out an instance of ${name}${where}: ` +
    'let it put out a plain object, with plain objects, lists, primitives, Date, URL, Map and Set in it'
  )
}
