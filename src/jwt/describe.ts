// What a log may know of a token, cut to what is safe to print.
import type { ErrorDetails } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'

/** The facts of a token for `AuthError.details` and events. `verified` says whether its signature had been verified. */
export function describeToken(
  token: { readonly header: JsonObject; readonly claims: JsonObject },
  verified: boolean,
): ErrorDetails {
  const { header, claims } = token
  // Members one by one, since a flood of refusals spends its time here.
  const facts: Record<string, unknown> = { verified }
  addText(facts, 'iss', claims.iss)
  addText(facts, 'aud', claims.aud)
  addText(facts, 'azp', claims.azp ?? claims.client_id ?? claims.appid)
  addText(facts, 'tid', claims.tid)
  addText(facts, 'kid', header.kid)
  addText(facts, 'alg', header.alg)
  addText(facts, 'typ', header.typ)
  addTime(facts, 'iat', claims.iat)
  addTime(facts, 'nbf', claims.nbf)
  addTime(facts, 'exp', claims.exp)
  return facts
}

function addText(facts: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) facts[name] = printable(value)
}

function addTime(facts: Record<string, unknown>, name: string, value: unknown): void {
  if (typeof value === 'number') facts[name] = value
}
