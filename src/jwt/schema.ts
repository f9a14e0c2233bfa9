// Applies the application's own schema to verified claims, so that handlers get typed ones.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { builtInOf } from '../internal/objects.ts'
import { printable } from '../internal/printable.ts'
import { registeredClaims } from './claims.ts'
import { freezeOutput, type FrozenOutput, instanceHint } from './schema-output.ts'

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
