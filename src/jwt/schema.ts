// Applies the application's own schema to verified claims, so that handlers get typed ones.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import {
  type BuiltIn,
  builtInOf,
  itemBytes,
  layoutBytes,
  listBytes,
  memberBytes,
  objectBytes,
  textBytes,
} from '../internal/freeze.ts'
import { printable } from '../internal/printable.ts'
import { registeredClaims } from './claims.ts'

/** Claims as handlers get them. */
export interface TypedClaims extends FrozenOutput {
  readonly claims: JsonObject
}

/**
 * Validates `claims` and returns the schema's output, frozen, with the registered claims as they were verified: a schema can
 * strip, rename and transform the application's claims, but never replace, add or remove a registered one.
 *
 * A schema that throws or rejects, writes to the frozen claims, or puts out an instance of a class is a broken part of ours, not a bad
 * token: `claims_schema_unavailable`.
 */
export function applySchema(schema: StandardSchema, claims: JsonObject): MaybePromise<TypedClaims | ValidationError> {
  try {
    const result = schema['~standard'].validate(claims)
    // Not only for a Promise of our own realm.
    return 'then' in result
      ? Promise.resolve(result)
          .then((settled) => readResult(settled, claims))
          .catch((cause: unknown) => unavailable({ details: { cause } }))
      : readResult(result, claims)
  } catch (cause) {
    return unavailable({ details: { cause } })
  }
}

function unavailable(why: Pick<ValidationError, 'hint' | 'details'>): ValidationError {
  return { reason: 'claims_schema_unavailable', ...why }
}

function readResult(result: SchemaResult<unknown>, claims: JsonObject): TypedClaims | ValidationError {
  if (result.issues) {
    return { reason: 'claims_schema_mismatch', details: { claim: printable(pathsOf(result.issues)) } }
  }
  if (!isJsonObject(result.value)) throw new TypeError('The claims schema must return an object.')
  if (builtInOf(result.value) !== 'Object') return unavailable({ hint: instanceHint(result.value, '') })
  const typed = withRegistered(result.value, claims)
  const frozen = freezeOutput(typed)
  return 'hint' in frozen ? unavailable(frozen) : { claims: typed, ...frozen }
}

/** Copies members as they are, accessors and symbols included: the types promise them all. */
function withRegistered(output: JsonObject, verified: JsonObject): JsonObject {
  const claims: Record<string, unknown> = {}
  for (const name of Reflect.ownKeys(output)) {
    // Defined, not assigned: a member called `__proto__` stays a member.
    if (!isRegistered(name)) Object.defineProperty(claims, name, Object.getOwnPropertyDescriptor(output, name) ?? {})
  }
  for (const name of registeredClaims) if (Object.hasOwn(verified, name)) claims[name] = verified[name]
  return claims
}

function isRegistered(name: PropertyKey): boolean {
  return (registeredClaims as readonly PropertyKey[]).includes(name)
}

// The part of the Standard Schema 1.1 interface that claimcheck uses (zod, valibot, arktype and others implement it).

/** A validator of any library that implements Standard Schema. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Names the members that a schema did not like; its messages may quote values, so they are left out. */
export function pathsOf(issues: readonly SchemaIssue[]): readonly string[] {
  return issues.map(({ path = [] }) => path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'))
}

// Takes what a claims schema puts out. Plain data is frozen, and requests share it. Date, URL, Map and Set, functions, accessors and
// members under symbols can change all the same, so each request gets its own. Any other class may have getters that no policy would find.

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
