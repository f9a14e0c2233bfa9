// One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1), made only of characters that RFC 6750 §3 allows.

import { type AuthErrorReason, errorTable } from './reasons.ts'

export type ChallengeParams = Readonly<Record<string, string | undefined>>

/** One challenge: its error, and what it says besides. */
export interface Challenge {
  readonly reason: AuthErrorReason
  readonly params: ChallengeParams
}

/** `WWW-Authenticate`, one line for each challenge: clients that read only the first find a whole one. */
export function challengeHeader(
  first: Challenge,
  more: readonly Challenge[] = [],
): { readonly 'WWW-Authenticate'?: string | string[] } {
  // Nearly always there is one challenge: then no list is made.
  if (more.length === 0) {
    const line = challengeOf(first.reason, first.params)
    return line === undefined ? {} : { 'WWW-Authenticate': line }
  }
  const lines = [first, ...more].flatMap(({ reason, params }) => challengeOf(reason, params) ?? [])
  return lines.length === 0 ? {} : { 'WWW-Authenticate': lines }
}

/** The `Bearer` challenge for `reason`, or `undefined` where none would help the client (RFC 6750 §3). */
export function challengeOf(reason: AuthErrorReason, params: ChallengeParams = {}): string | undefined {
  const { code, text } = errorTable[reason]
  if (code === 'access_denied' || code === 'temporarily_unavailable') return undefined
  const realm = params.realm ?? 'api'
  // "SHOULD NOT include an error code" when no credential was sent, RFC 6750 §3.1.
  if (code === 'unauthenticated') return formatChallenge('Bearer', { realm, ...params })
  return formatChallenge('Bearer', { realm, error: code, error_description: text, ...params })
}

const quotable = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** True when `value` may stand between the quotes of an auth-param without escaping (RFC 6750 §3). */
export function isQuotable(value: string): boolean {
  return quotable.test(value)
}

/**
 * Writes `scheme name="value", …`, leaving out parameters without a value.
 *
 * @throws TypeError when a value holds a quote, a backslash, or anything but printable ASCII: values are checked
 * where they are configured, so this is a second lock against header injection, never a filter.
 */
export function formatChallenge(scheme: string, params: Readonly<Record<string, string | undefined>>): string {
  const written: string[] = []
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue
    if (!isQuotable(value)) throw new TypeError(`The ${name} of a challenge must be printable ASCII without " and \\.`)
    written.push(`${name}="${value}"`)
  }
  return `${scheme} ${written.join(', ')}`
}
