// Applies the application's own schema to verified claims, so that handlers get typed ones.
import type { Refusal } from '../errors.ts'
import type { Eventually } from '../internal/eventually.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'
import { registeredClaims } from './claims.ts'
import { pathsOf, type SchemaResult, type StandardSchema } from './standard-schema.ts'

/**
 * Validates `claims` and returns the schema's output with the registered claims as they were verified: a schema can
 * strip, rename and transform the application's claims, but never replace, add or remove a registered one.
 *
 * A schema that throws or rejects (or writes to the frozen claims) is a broken part of ours, not a bad token:
 * `claims_schema_unavailable`.
 */
export function applySchema(schema: StandardSchema, claims: JsonObject): Eventually<{ claims: JsonObject } | Refusal> {
  const unavailable = (cause: unknown): Refusal => ({ code: 'claims_schema_unavailable', details: { cause } })
  try {
    const result = schema['~standard'].validate(claims)
    // Not only for a Promise of our own realm.
    return 'then' in result
      ? Promise.resolve(result)
          .then((settled) => readResult(settled, claims))
          .catch(unavailable)
      : readResult(result, claims)
  } catch (cause) {
    return unavailable(cause)
  }
}

function readResult(result: SchemaResult<unknown>, claims: JsonObject): { claims: JsonObject } | Refusal {
  if (result.issues) {
    return { code: 'claims_schema_mismatch', details: { claim: printable(pathsOf(result.issues)) } }
  }
  if (!isJsonObject(result.value)) throw new TypeError('The claims schema must return an object.')
  return { claims: withRegistered(result.value, claims) }
}

function withRegistered(output: JsonObject, verified: JsonObject): JsonObject {
  const own = Object.entries(output).filter(([name]) => !isRegistered(name))
  const registered = Object.entries(verified).filter(([name]) => isRegistered(name))
  // Object.fromEntries defines members and so cannot be tricked by one that is called __proto__.
  return Object.fromEntries([...own, ...registered])
}

function isRegistered(name: string): boolean {
  return (registeredClaims as readonly string[]).includes(name)
}
