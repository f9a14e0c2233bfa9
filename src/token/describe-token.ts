// What a log may know of a token, cut to what is safe to print.
import type { ErrorDetails } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'

/** The facts of a token for `AuthError.details` and events. `verified` says whether its signature had been verified. */
export function describeToken(
  token: { readonly header: JsonObject; readonly claims: JsonObject },
  verified: boolean,
): ErrorDetails {
  const { header, claims } = token
  return {
    verified,
    ...textOf('iss', claims.iss),
    ...textOf('aud', claims.aud),
    ...textOf('azp', claims.azp ?? claims.client_id ?? claims.appid),
    ...textOf('tid', claims.tid),
    ...textOf('kid', header.kid),
    ...textOf('alg', header.alg),
    ...textOf('typ', header.typ),
    ...timeOf('iat', claims.iat),
    ...timeOf('nbf', claims.nbf),
    ...timeOf('exp', claims.exp),
  }
}

function textOf(name: string, value: unknown): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: printable(value) }
}

function timeOf(name: string, value: unknown): Readonly<Record<string, number>> {
  return typeof value === 'number' ? { [name]: value } : {}
}
