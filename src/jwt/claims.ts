// The checks of single claims (RFC 7519 §4.1), each by the function that owns it. None of them needs a key.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'

/** The claims that RFC 7519 §4.1 registers, as they are after verification. */
export interface RegisteredClaims {
  readonly iss: string
  readonly exp: number
  readonly aud?: string | readonly string[]
  readonly sub?: string
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
}

export const registeredClaims = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'] as const

const strings = ['iss', 'sub', 'jti', 'client_id', 'azp', 'appid', 'tid', 'oid']
// "A JSON numeric value", RFC 7519 §2; 1e400 parses to Infinity, which no clock reaches.
const numericDates = ['exp', 'nbf', 'iat', 'auth_time']
/** The first second of the year 10000. A date in milliseconds lies beyond it, and would make a token endless. */
const endOfDates = 253_402_300_800

/** Checks that the claims we read have the type that their definition gives them, where they are present; but for `loose` ones. */
export function checkClaimTypes(claims: JsonObject, loose: readonly string[] = []): ValidationError | undefined {
  for (const name of strings)
    if (Object.hasOwn(claims, name) && typeof claims[name] !== 'string' && !loose.includes(name))
      return wrongType(claims, name)
  for (const name of numericDates)
    if (Object.hasOwn(claims, name) && !isNumericDate(claims[name]) && !loose.includes(name))
      return wrongDate(claims, name)
  if (Object.hasOwn(claims, 'aud') && !isStringOrStrings(claims.aud)) return wrongType(claims, 'aud')
  // An actor that nobody can read must not count as none (RFC 8693 §4.1).
  if (Object.hasOwn(claims, 'act') && !isJsonObject(claims.act) && !loose.includes('act'))
    return wrongType(claims, 'act')
  return undefined
}

function wrongType(claims: JsonObject, name: string): ValidationError {
  return { reason: 'claim_invalid', details: { claim: name, received: printable(claims[name]) } }
}

function isNumericDate(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) < endOfDates
}

function wrongDate(claims: JsonObject, name: string): ValidationError {
  const refusal = wrongType(claims, name)
  if (!Number.isFinite(claims[name])) return refusal
  return { ...refusal, hint: `${name} lies beyond the year 9999: it looks like milliseconds, and must be in seconds` }
}

/** Checks that every claim of `names` is there and not null. */
export function checkRequired(claims: JsonObject, names: readonly string[]): ValidationError | undefined {
  const missing = names.find((name) => !Object.hasOwn(claims, name) || claims[name] === null)
  return missing ? { reason: 'claim_missing', details: { claim: missing } } : undefined
}

export interface TimeRules {
  readonly clockToleranceSeconds: number
  readonly maxTokenAgeSeconds: number | undefined
}

/** The times of a token whose types are right. */
export interface Times {
  readonly exp: number
  readonly nbf?: number | undefined
  readonly iat?: number | undefined
}

/** Checks `exp`, `nbf` and `iat` (RFC 7519 §4.1.4–4.1.6) against `nowMs`. */
export function checkTimes({ exp, nbf, iat }: Times, nowMs: number, rules: TimeRules): ValidationError | undefined {
  const now = nowMs / 1000
  const { clockToleranceSeconds: tolerance, maxTokenAgeSeconds: maxAge } = rules
  // "on or after which the JWT MUST NOT be accepted", so at exp itself it is over.
  if (now >= exp + tolerance) return { reason: 'token_expired', details: { claim: 'exp' } }
  if (nbf !== undefined && now < nbf - tolerance) return { reason: 'token_not_yet_valid', details: { claim: 'nbf' } }
  if (iat !== undefined && now < iat - tolerance) return { reason: 'token_not_yet_valid', details: { claim: 'iat' } }
  if (maxAge === undefined) return undefined
  if (iat === undefined) return { reason: 'claim_missing', details: { claim: 'iat' } }
  return now >= iat + maxAge + tolerance ? { reason: 'token_too_old', details: { claim: 'iat' } } : undefined
}

/** Checks that `aud` names one of `accepted`, compared code point by code point (RFC 7519 §4.1.3, RFC 8707 §2). */
export function checkAudience(claims: JsonObject, accepted: readonly string[]): ValidationError | undefined {
  const { aud } = claims as { aud: string | readonly string[] }
  if (typeof aud === 'string' ? accepted.includes(aud) : aud.some((one) => accepted.includes(one))) return undefined
  const received = typeof aud === 'string' ? [aud] : aud
  const hint = audienceHint(received, accepted)
  const details = { claim: 'aud', expected: accepted, received: printable(received) }
  return hint ? { reason: 'audience_mismatch', hint, details } : { reason: 'audience_mismatch', details }
}

/** Checks the header's `typ` against `accepted`, where `null` stands for a header without one (RFC 8725 §3.11). */
export function checkType(typ: string | undefined, accepted: readonly (string | null)[]): ValidationError | undefined {
  if (accepted.includes(typ ?? null)) return undefined
  const received = typ === undefined ? null : mediaType(typ)
  if (accepted.some((one) => (one === null ? null : mediaType(one)) === received)) return undefined
  const expected = accepted.map((one) => one ?? '(none)')
  return { reason: 'token_type_not_accepted', details: { claim: 'typ', expected, received: printable(typ) } }
}

/** Refuses sender-constrained tokens (`cnf`, RFC 7800): sent as plain Bearer they are stolen until proven otherwise. */
export function checkConfirmation(claims: JsonObject): ValidationError | undefined {
  if (!Object.hasOwn(claims, 'cnf')) return undefined
  return { reason: 'sender_constrained', hint: 'the token is bound to a key (cnf) but was sent as plain Bearer' }
}

/** "application/" may be left out and letter case does not count (RFC 7515 §4.1.9). */
function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '')
}

function isStringOrStrings(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
}

function audienceHint(received: readonly string[], accepted: readonly string[]): string | undefined {
  const near = received.find((one) => accepted.some((other) => withoutSlash(other) === withoutSlash(one)))
  if (near !== undefined)
    return 'aud differs from the configured audience only by a trailing slash: write exactly what the token says'
  const resource = received.find(
    (one) => accepted.includes(`api://${one}`) || accepted.includes(one.replace(/^api:\/\//, '')),
  )
  return resource === undefined ? undefined : 'aud and the configured audience differ by api://: configure both forms'
}

function withoutSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text
}

// Is this an access token at all? An issuer signs other kinds of JWT with the same keys (RFC 8725 §3.12).

// OpenID Connect Core §3.1.3.6 and §3.3.2.11 (ID tokens), RFC 8417 (security events, logout tokens), RFC 9701
// (introspection answers), the Token Status List: claims that an access token has no reason to carry.
const foreignClaims = ['at_hash', 'c_hash', 's_hash', 'events', 'token_introspection', 'status_list']
const accessTypes = ['bearer', 'dpop', 'at+jwt', 'jwt', 'access', 'access_token']

/**
 * Refuses what says of itself that it is an ID, refresh, logout or other token. Does not prove that the rest are access
 * tokens: where an STS makes ID tokens that nothing tells apart, only `aud` does, and it must not be the client's id.
 */
export function checkAccessToken(claims: JsonObject): ValidationError | undefined {
  const foreign = foreignClaims.find((name) => Object.hasOwn(claims, name))
  if (foreign) return notAnAccessToken(foreign)
  // Cognito and Keycloak name the kind of token in these.
  if (Object.hasOwn(claims, 'token_use') && claims.token_use !== 'access')
    return notAnAccessToken('token_use', claims.token_use)
  if (Object.hasOwn(claims, 'typ') && !isAccessType(claims.typ)) return notAnAccessToken('typ', claims.typ)
  return undefined
}

/** The refusal for another kind of token, told by `claim`. */
export function notAnAccessToken(claim: string, received?: unknown): ValidationError {
  return {
    reason: 'not_an_access_token',
    hint: `the claim ${claim} says that this is not an access token: send the access token, not the ID or refresh token`,
    details: received === undefined ? { claim } : { claim, received: printable(received) },
  }
}

function isAccessType(typ: unknown): boolean {
  return typeof typ === 'string' && accessTypes.includes(typ.toLowerCase())
}
