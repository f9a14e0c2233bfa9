// The WWW-Authenticate header (RFC 9110 §11.6.1), written only with characters that RFC 6750 §3 allows.
import { type AuthErrorReason, errorTable } from './reasons.ts'

export type ChallengeParams = Readonly<Record<string, string | undefined>>

/** One challenge: the reason, which decides its `error`, and more auth-params. */
export interface Challenge {
  readonly reason: AuthErrorReason
  readonly params: ChallengeParams
}

/** Returns the `Bearer` challenge for `reason`, or `undefined` where none would help the client (RFC 6750 §3). */
export function challengeOf(reason: AuthErrorReason, params: ChallengeParams = {}): string | undefined {
  const { code, text } = errorTable[reason]
  if (code === 'access_denied' || code === 'temporarily_unavailable') return undefined
  const realm = params.realm ?? 'api'
  // "SHOULD NOT include an error code" when no credential was sent, RFC 6750 §3.1.
  if (code === 'unauthenticated') return formatChallenge('Bearer', { realm, ...params })
  return formatChallenge('Bearer', { realm, error: code, error_description: text, ...params })
}

/** True when `value` needs no escape between the quotes of an auth-param (RFC 6750 §3). */
export function isQuotable(value: string): boolean {
  return /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(value)
}

/**
 * Writes `scheme name="value", …`, leaving out parameters without a value.
 *
 * @throws TypeError when a value holds a quote, a backslash, or anything but printable ASCII. Values are checked when they are
 * configured: this is a second lock against header injection, and no filter.
 */
export function formatChallenge(scheme: string, params: ChallengeParams): string {
  const written: string[] = []
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue
    if (!isQuotable(value)) throw new TypeError(`The ${name} of a challenge must be printable ASCII without " and \\.`)
    written.push(`${name}="${value}"`)
  }
  return `${scheme} ${written.join(', ')}`
}
