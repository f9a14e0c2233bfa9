// The checks of claims (RFC 7519 §4.1), one function for each. None of them needs a key.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import { withoutSlash } from '../internal/urls.ts'

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

/** The first second of the year 10000. A date in milliseconds lies beyond it, and would make a token endless. */
const endOfDates = 253_402_300_800

const strings = ['iss', 'sub', 'jti', 'client_id', 'azp', 'appid', 'tid', 'oid']
const numericDates = ['exp', 'nbf', 'iat', 'auth_time']

/** Checks the types of the claims that claimcheck reads, where they are present. Those in `nonStandard` may have any type, except `aud`. */
export function checkClaimTypes(claims: JsonObject, nonStandard: readonly string[] = []): ValidationError | undefined {
  for (const name of strings)
    if (Object.hasOwn(claims, name) && typeof claims[name] !== 'string' && !nonStandard.includes(name))
      return wrongType(claims, name)
  for (const name of numericDates)
    if (Object.hasOwn(claims, name) && !isNumericDate(claims[name]) && !nonStandard.includes(name))
      return wrongType(claims, name)
  if (Object.hasOwn(claims, 'aud') && !isStringOrStrings(claims.aud)) return wrongType(claims, 'aud')
  // An actor that claimcheck cannot read must not count as absent (RFC 8693 §4.1).
  if (Object.hasOwn(claims, 'act') && !isJsonObject(claims.act) && !nonStandard.includes('act'))
    return wrongType(claims, 'act')
  return undefined
}

/** "A JSON numeric value", RFC 7519 §2. 1e400 parses to Infinity, which no clock reaches. */
function isNumericDate(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) < endOfDates
}

function isStringOrStrings(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
}

function wrongType(claims: JsonObject, name: string): ValidationError {
  const refusal = { reason: 'claim_invalid', details: { claim: name, received: printable(claims[name]) } } as const
  if (!numericDates.includes(name) || !Number.isFinite(claims[name])) return refusal
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
  // "on or after which the JWT MUST NOT be accepted": at exp itself the token has expired.
  if (now >= exp + tolerance) return tooLate('token_expired', 'exp', exp, now)
  if (nbf !== undefined && now < nbf - tolerance) return tooEarly('nbf', nbf, now)
  if (iat !== undefined && now < iat - tolerance) return tooEarly('iat', iat, now)
  if (maxAge === undefined) return undefined
  if (iat === undefined) return { reason: 'claim_missing', details: { claim: 'iat' } }
  return now >= iat + maxAge + tolerance ? tooLate('token_too_old', 'iat', iat, now) : undefined
}

// The hints are functions: a flood of expired tokens reads none. The time of this machine stands there, and in no detail: measured, one
// member more in the details makes each of these refusals a fifth dearer.

function tooLate(reason: ValidationError['reason'], claim: string, time: number, now: number): ValidationError {
  const word = claim === 'exp' ? 'expired' : 'issued'
  return { reason, hint: () => `${word} ${durationOf(now - time)} ago: ${clockOf(now)}`, details: { claim } }
}

function tooEarly(claim: string, time: number, now: number): ValidationError {
  const hint = () => `${claim} is ${durationOf(time - now)} ahead: ${clockOf(now)}. Do the clocks differ?`
  return { reason: 'token_not_yet_valid', hint, details: { claim } }
}

function clockOf(now: number): string {
  return `the clock of this machine says ${new Date(now * 1000).toISOString()}`
}

/** Says `seconds` in the largest unit of which there are at least two. */
function durationOf(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} days`
  if (seconds >= 2 * 3600) return `${Math.floor(seconds / 3600)} hours`
  return seconds >= 120 ? `${Math.floor(seconds / 60)} minutes` : `${Math.floor(seconds)} seconds`
}

/** Checks that `aud` names one of `accepted`, compared code point by code point (RFC 7519 §4.1.3, RFC 8707 §2). */
export function checkAudience(claims: JsonObject, accepted: readonly string[]): ValidationError | undefined {
  const { aud } = claims as { aud: string | readonly string[] }
  if (typeof aud === 'string' ? accepted.includes(aud) : aud.some((one) => accepted.includes(one))) return undefined
  const received = typeof aud === 'string' ? [aud] : aud
  const hint = audienceHint(received, accepted)
  const details = { claim: 'aud', expected: accepted, received: printable(received) }
  return { reason: 'audience_mismatch', ...(hint !== undefined && { hint }), details }
}

function audienceHint(received: readonly string[], accepted: readonly string[]): string | undefined {
  if (received.some((one) => accepted.some((other) => withoutSlash(other) === withoutSlash(one))))
    return 'aud differs from the configured audience only by a trailing slash: write exactly what the token says'
  if (received.some((one) => accepted.includes(`api://${one}`) || accepted.includes(one.replace(/^api:\/\//, ''))))
    return 'aud and the configured audience differ by api://: configure both forms'
  return undefined
}

/** Checks the header's `typ` against `accepted`, where `null` stands for a header without one (RFC 8725 §3.11). */
export function checkType(typ: string | undefined, accepted: readonly (string | null)[]): ValidationError | undefined {
  if (accepted.includes(typ ?? null)) return undefined
  const received = typ === undefined ? null : mediaType(typ)
  if (accepted.some((one) => (one === null ? null : mediaType(one)) === received)) return undefined
  const expected = accepted.map((one) => one ?? '(none)')
  return { reason: 'token_type_not_accepted', details: { claim: 'typ', expected, received: printable(typ) } }
}

/** "application/" may be left out and letter case does not count (RFC 7515 §4.1.9). */
function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '')
}

/** Refuses sender-constrained tokens (`cnf`, RFC 7800): one sent as plain Bearer may be stolen. */
export function checkConfirmation(claims: JsonObject): ValidationError | undefined {
  if (!Object.hasOwn(claims, 'cnf')) return undefined
  return { reason: 'sender_constrained', hint: 'the token is bound to a key (cnf) but was sent as plain Bearer' }
}

// An issuer signs other kinds of JWT with the keys of its access tokens (RFC 8725 §3.12).

// Claims that an access token has no reason to carry, of OpenID Connect Core §3.1.3.6 and §3.3.2.11 (ID tokens), RFC 8417
// (security events, logout tokens), RFC 9701 (introspection answers), the Token Status List.
const foreignClaims = ['at_hash', 'c_hash', 's_hash', 'events', 'token_introspection', 'status_list']
const accessTypes = ['bearer', 'dpop', 'at+jwt', 'jwt', 'access', 'access_token']

/**
 * Refuses a token that calls itself an ID, refresh, logout or other token. Does not prove that the rest are access tokens. Some STSs
 * make ID tokens without any mark: only `aud` tells them apart, and it must not be the client's id.
 */
export function checkAccessToken(claims: JsonObject): ValidationError | undefined {
  const foreign = foreignClaims.find((name) => Object.hasOwn(claims, name))
  if (foreign) return notAnAccessToken(foreign)
  const { token_use: use, typ } = claims
  // Cognito and Keycloak name the kind of token in these.
  if (Object.hasOwn(claims, 'token_use') && use !== 'access') return notAnAccessToken('token_use', use)
  const isAccess = typeof typ === 'string' && accessTypes.includes(typ.toLowerCase())
  return Object.hasOwn(claims, 'typ') && !isAccess ? notAnAccessToken('typ', typ) : undefined
}

/** Makes the refusal of another kind of token, recognized by `claim`. */
export function notAnAccessToken(claim: string, received?: unknown): ValidationError {
  return {
    reason: 'not_an_access_token',
    hint: `the claim ${claim} says that this is not an access token: send the access token, not the ID or refresh token`,
    details: received === undefined ? { claim } : { claim, received: printable(received) },
  }
}
