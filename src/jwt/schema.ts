// Applies the application's own schema to verified claims, so that handlers get typed ones.
import type { ValidationError } from '../errors/auth-error.ts'
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
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { registeredClaims } from './claims.ts'

/** The part of Standard Schema 1.1 that claimcheck uses: a validator of zod, valibot, arktype and others. */
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

/** Claims as handlers get them. */
export interface TypedClaims extends FrozenOutput {
  readonly claims: JsonObject
}

/**
 * Validates `claims` and returns the schema's output, frozen, with the registered claims as they were verified. A schema can
 * strip, rename and transform the application's claims. It can never replace, add or remove a registered one.
 *
 * A schema that throws, rejects, writes to the frozen claims, or returns an instance of a class gives `claims_schema_unavailable`. That is
 * the application's fault, not the token's.
 */
export function applySchema(schema: StandardSchema, claims: JsonObject): MaybePromise<TypedClaims | ValidationError> {
  try {
    const result = schema['~standard'].validate(claims)
    // Not instanceof: the promise may be of another realm.
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

/** Names the members that a schema did not accept. Leaves its messages out, since they may quote values. */
export function pathsOf(issues: readonly SchemaIssue[]): readonly string[] {
  return issues.map(({ path = [] }) => path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'))
}

/** Copies members as they are, accessors and symbols included: the types promise them all. */
function withRegistered(output: JsonObject, verified: JsonObject): JsonObject {
  const claims: Record<string, unknown> = {}
  for (const name of Reflect.ownKeys(output)) {
    if ((registeredClaims as readonly PropertyKey[]).includes(name)) continue
    // Defined, not assigned: a member called `__proto__` stays a member.
    Object.defineProperty(claims, name, Object.getOwnPropertyDescriptor(output, name) ?? {})
  }
  for (const name of registeredClaims) if (Object.hasOwn(verified, name)) claims[name] = verified[name]
  return claims
}

// Plain data of the output is frozen, and requests share it. Date, URL, Map, Set, functions, accessors and members under symbols stay
// changeable, so each request gets its own. Other classes are refused: policies would miss their getters.

/** More than a token can have. An accessor that makes a new object each time would never end. */
const maxObjects = 100_000

export interface FrozenOutput {
  /** Whether requests may share it. */
  readonly shared: boolean
  /** About how many bytes it takes in memory, where requests share it. */
  readonly bytes: number
}

interface Place {
  readonly path: string
  /** Whether only plain data leads to it. Objects elsewhere are left unfrozen, as they can change anyway. */
  readonly isFrozen: boolean
}

interface Walk {
  /** The objects found so far. */
  readonly places: Map<object, Place>
  shared: boolean
  bytes: number
}

/**
 * Freezes the plain data of `output` at every depth, or says why a schema must not return it.
 *
 * @throws the error of an accessor or a proxy, and TypeError for an imitation of a Map or a Set.
 */
export function freezeOutput(output: object): FrozenOutput | { readonly hint: string } {
  const walk: Walk = { places: new Map([[output, { path: '', isFrozen: true }]]), shared: true, bytes: 0 }
  // The iteration reaches objects added meanwhile: no depth overflows the stack, and a cycle ends.
  for (const [value, place] of walk.places) {
    if (walk.places.size > maxObjects) return { hint: `the claims schema puts out more than ${maxObjects} objects` }
    const builtIn = builtInOf(value)
    if (builtIn === undefined) return { hint: instanceHint(value, place.path) }
    // Frozen before its members are read: from then on even a proxy must always give the same.
    if (builtIn !== 'Object' && builtIn !== 'Array') walk.shared = false
    else if (place.isFrozen) Object.freeze(value)
    addMembers(walk, value, place)
    for (const [name, item] of entriesOf(value, builtIn))
      add(walk, item, { path: pathTo(place, name), isFrozen: false })
  }
  return { shared: walk.shared, bytes: walk.bytes }
}

function addMembers(walk: Walk, value: object, place: Place): void {
  const names = Reflect.ownKeys(value)
  const [ownBytes, bytesEach] = Array.isArray(value) ? [listBytes, itemBytes] : [objectBytes, memberBytes + layoutBytes]
  walk.bytes += ownBytes + names.length * bytesEach
  for (const name of names) {
    const member = (value as Record<PropertyKey, unknown>)[name]
    const isAccessor = !Object.hasOwn(Object.getOwnPropertyDescriptor(value, name) ?? {}, 'value')
    const isData = typeof name === 'string' && typeof member !== 'function' && !isAccessor
    if (!isData) walk.shared = false
    if (typeof member === 'string') walk.bytes += textBytes(member)
    add(walk, member, { path: pathTo(place, name), isFrozen: place.isFrozen && isData })
  }
}

function add({ places }: Walk, value: unknown, place: Place): void {
  if (typeof value === 'object' && value !== null && !places.has(value)) places.set(value, place)
}

function pathTo({ path }: Place, name: PropertyKey): string {
  return path === '' ? String(name) : `${path}.${String(name)}`
}

/** Reads by the class's own iterator, which throws for an imitation. */
function entriesOf(value: object, builtIn: BuiltIn): readonly (readonly [name: string, item: unknown])[] {
  if (builtIn === 'Set') return Array.from(Set.prototype.values.call(value), (item) => ['item', item])
  if (builtIn !== 'Map') return []
  return Array.from(Map.prototype.entries.call(value)).flatMap(([key, item]) => [
    ['key', key],
    ['value', item],
  ])
}

/** Says why `value` may not be at `path`. */
function instanceHint(value: object, path: string): string {
  const { constructor } = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } }
  const name = printable(constructor?.name || 'a class')
  const where = path === '' ? '' : ` at ${printable(path)}`
  return (
    `the claims schema puts out an instance of ${name}${where}: ` +
    'let it put out a plain object, with plain objects, lists, primitives, Date, URL, Map and Set in it'
  )
}
