// Takes what a claims schema puts out. Plain data is frozen, and requests share it. Date, URL, Map and Set, functions, accessors and
// members under symbols can change all the same, so each request gets its own. Any other class may have getters that no policy would find.
import { type BuiltIn, builtInOf } from '../internal/objects.ts'
import { itemBytes, layoutBytes, listBytes, memberBytes, objectBytes, textBytes } from '../internal/freeze.ts'
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
  /** Whether only plain data leads to it: what may change all the same is left as it is. */
  readonly fixed: boolean
}

interface Walk {
  /** The objects found so far. */
  readonly places: Map<object, Place>
  shared: boolean
  bytes: number
}

/**
 * Freezes the plain data of `output` at every depth, or says why a schema must not put it out.
 *
 * @throws what an accessor or a proxy throws, and TypeError for what only looks like a Map or a Set.
 */
export function freezeOutput(output: object): FrozenOutput | { readonly hint: string } {
  const walk: Walk = { places: new Map([[output, { path: '', fixed: true }]]), shared: true, bytes: 0 }
  // The iteration reaches what is added meanwhile: no depth overflows the stack, and a cycle ends.
  for (const [value, place] of walk.places) {
    if (walk.places.size > maxObjects) return { hint: `the claims schema puts out more than ${maxObjects} objects` }
    const builtIn = builtInOf(value)
    if (builtIn === undefined) return { hint: instanceHint(value, place.path) }
    // Frozen before its members are read: from then on a proxy, too, must always give the same.
    const isPlain = builtIn === 'Object' || builtIn === 'Array'
    if (!isPlain) walk.shared = false
    else if (place.fixed) Object.freeze(value)
    addMembers(walk, value, place)
    for (const [name, item] of entriesOf(value, builtIn)) add(walk, item, { path: pathTo(place, name), fixed: false })
  }
  return { shared: walk.shared, bytes: walk.bytes }
}

function addMembers(walk: Walk, value: object, place: Place): void {
  const names = Reflect.ownKeys(value)
  walk.bytes += Array.isArray(value) ? listBytes + names.length * itemBytes : objectBytes + names.length * namedBytes
  for (const name of names) {
    const member = (value as Record<PropertyKey, unknown>)[name]
    const isData = typeof name === 'string' && typeof member !== 'function' && !isAccessor(value, name)
    if (!isData) walk.shared = false
    if (typeof member === 'string') walk.bytes += textBytes(member)
    if (isObject(member)) add(walk, member, { path: pathTo(place, name), fixed: place.fixed && isData })
  }
}

const namedBytes = memberBytes + layoutBytes

function add({ places }: Walk, value: unknown, place: Place): void {
  if (isObject(value) && !places.has(value)) places.set(value, place)
}

function pathTo({ path }: Place, name: PropertyKey): string {
  return path === '' ? String(name) : `${path}.${String(name)}`
}

/** Read by the class's own iterator, which throws for what is none of it. */
function entriesOf(value: object, builtIn: BuiltIn): readonly (readonly [name: string, item: unknown])[] {
  if (builtIn === 'Set') return Array.from(Set.prototype.values.call(value), (item) => ['item', item])
  if (builtIn !== 'Map') return []
  return Array.from(Map.prototype.entries.call(value)).flatMap(([key, item]) => [
    ['key', key],
    ['value', item],
  ])
}

function isAccessor(value: object, name: string): boolean {
  return !Object.hasOwn(Object.getOwnPropertyDescriptor(value, name) ?? {}, 'value')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
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
