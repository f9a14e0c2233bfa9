// Events for operators: one typed union, and a sink that can never break a verification.
import type { AuthErrorCode, AuthErrorReason, ErrorDetails } from './auth-error.ts'
import { dropErrors } from '../internal/maybe-promise.ts'
import { maxReasonLength, printable } from '../internal/json.ts'
import { checkBoolean, checkOptionNames } from '../internal/options.ts'

/** An event of a verifier or resource server. Never holds a token, a proof or a key. */
export type ClaimcheckEvent =
  | {
      /** A request or token was refused. Emitted once per refusal. */
      readonly type: 'refusal'
      readonly code: AuthErrorCode
      readonly reason: AuthErrorReason
      readonly status: number
      readonly hint?: string | undefined
      readonly details: ErrorDetails
      /** The refused request, where there was one. */
      readonly request?: RequestFacts
    }
  | { readonly type: 'keys.refreshed'; readonly issuer: string; readonly keys: number; readonly skipped: number }
  | {
      readonly type: 'keys.refresh_failed'
      readonly issuer: string
      readonly reason: string
      readonly retryInMs: number
      /** Whether keys from an earlier refresh still serve. */
      readonly serving: boolean
    }
  /** The keys of an earlier process serve until the STS gives out new ones. */
  | { readonly type: 'keys.restored'; readonly issuer: string; readonly keys: number; readonly ageMs: number }
  /** The key store's snapshot could not be read, or must not be used. */
  | { readonly type: 'keys.snapshot_refused'; readonly issuer: string; readonly reason: string }
  /** The snapshot could not be written. */
  | { readonly type: 'keys.snapshot_failed'; readonly issuer: string; readonly reason: string }
  /** The STS gave out another key under a kid that it had used before. */
  | { readonly type: 'keys.replaced'; readonly issuer: string; readonly kid: string }
  /** The issuer's metadata names another `jwks_uri` than before. */
  | { readonly type: 'metadata.moved'; readonly issuer: string; readonly jwksUri: string }
  /** The issuer's metadata could not be refreshed. The last metadata stays in use. */
  | { readonly type: 'metadata.refresh_failed'; readonly issuer: string; readonly reason: string }
  /** A token named a key that is not in the set. The set is fetched once more. */
  | { readonly type: 'keys.unknown_kid'; readonly issuer: string; readonly kid: string }
  /**
   * The metadata does not name the requirements of this policy. It was made after the first request, or the metadata names too many
   * already. Make a route's policy once, at start, and not for each request. Emitted once.
   */
  | { readonly type: 'policy.not_published'; readonly policy: string; readonly reason: string }
  /** A fact that a token left out could not be read elsewhere (Entra: the groups of a user with too many). */
  | { readonly type: 'principal.incomplete'; readonly issuer: string; readonly reason: string }

/** What logs may know of a request. Never its query, where clients put tokens. */
export interface RequestFacts {
  readonly id?: string
  readonly method: string
  /** The pattern of its route. */
  readonly route?: string
  /** The path without the query, for those who ask for it. It may hold personal data, so it is in no JSON, spread or clone. */
  readonly path?: string
}

export type Emit = (event: ClaimcheckEvent) => void

/** Wraps the user's sink. Drops its errors, since no log may change the outcome of a request. */
export function createEmit(onEvent: ((event: ClaimcheckEvent) => unknown) | undefined): Emit {
  return onEvent ? dropErrors(onEvent) : () => {}
}

/** The facts of a request to `url`, a path or a whole URL, with or without a query. */
export function createRequestFacts(facts: RequestFacts, url: string): RequestFacts {
  const [, path] = /^(?:[a-z][\w+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(url) ?? []
  return Object.defineProperty(facts, 'path', { value: path || undefined })
}

/**
 * Makes an `onEvent` that writes one line per event to `logger.warn` (refusals and failures) or `logger.info`.
 *
 * @param options `path: true` adds the path of a refused request, without its query. A path may hold personal data.
 * @example createVerifier({ issuer, audience, onEvent: logTo(console) })
 * @throws TypeError for an unknown option.
 */
export function logTo(
  logger: { warn(line: string): void; info(line: string): void },
  options: { readonly path?: boolean | undefined } = {},
): (event: ClaimcheckEvent) => void {
  checkOptionNames('logTo()', options, ['path'])
  const { path = false } = options
  checkBoolean('path', path)
  // The result goes back to the caller of `onEvent`: an asynchronous logger may reject.
  return (event) => logger[informational.includes(event.type) ? 'info' : 'warn'](formatEvent(event, path))
}

/** Events of normal operation. */
const informational = ['keys.refreshed', 'keys.restored', 'keys.unknown_kid', 'keys.replaced', 'metadata.moved']

const fieldName = /^\w+$/

/** Writes the event, then `name=value` for each field, the hint last. No field can pass for another, or for two. */
function formatEvent(event: ClaimcheckEvent, withPath: boolean): string {
  const { type, ...rest } = event
  const {
    details = {},
    hint,
    request,
    ...other
  } = rest as {
    details?: ErrorDetails
    hint?: string
    request?: RequestFacts
  }
  const { id: requestId, method, route } = request ?? {}
  const facts = { ...other, requestId, method, route, path: withPath ? request?.path : undefined }
  const { hint: _, ...more } = details as { hint?: unknown }
  const words = Object.entries({ ...facts, ...more, ...facts })
    .filter(([name, value]) => value !== undefined && fieldName.test(name))
    .map(([name, value]) => `${name}=${name === 'reason' ? quoted(value, maxReasonLength) : formatValue(value)}`)
  return [`claimcheck ${type}`, ...words, ...(hint ? [`hint=${quoted(hint, maxReasonLength)}`] : [])].join(' ')
}

/** Writes a number or boolean as it is, and the rest as quoted text. A cause may repeat a client's text, or be anything. */
function formatValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return quoted(value instanceof Error ? `${value.name}: ${value.message}` : value)
}

/** Writes a JSON string, which ends neither its line nor its quotes. */
function quoted(value: unknown, maxLength?: number): string {
  return JSON.stringify(printable(value, maxLength))
}
