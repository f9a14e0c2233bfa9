// What an operator can watch: one typed union of events, and a sink that can never break a verification.
import type { AuthErrorCode, AuthErrorReason, ErrorDetails } from './auth-error.ts'
import { dropErrors } from '../internal/maybe-promise.ts'
import { printable } from '../internal/printable.ts'

/** Something that happened inside a verifier or resource server. Never holds a token, a proof or a key. */
export type ClaimcheckEvent =
  | {
      /** A request or token was not let through. Emitted once per refusal. */
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
  /** An earlier process's keys serve until the STS gives out new ones. */
  | { readonly type: 'keys.restored'; readonly issuer: string; readonly keys: number; readonly ageMs: number }
  /** The key store's snapshot could not be read, or must not be used. */
  | { readonly type: 'keys.snapshot_refused'; readonly issuer: string; readonly reason: string }
  /** The snapshot could not be written. */
  | { readonly type: 'keys.snapshot_failed'; readonly issuer: string; readonly reason: string }
  /** The STS gave out another key under a kid that it had used before. */
  | { readonly type: 'keys.replaced'; readonly issuer: string; readonly kid: string }
  /** The issuer's metadata names another `jwks_uri` than before. */
  | { readonly type: 'metadata.moved'; readonly issuer: string; readonly jwksUri: string }
  /** The issuer's metadata could not be refreshed; what is known of it stays in use. */
  | { readonly type: 'metadata.refresh_failed'; readonly issuer: string; readonly reason: string }
  /** A token named a key that is not known; the set is fetched once more. */
  | { readonly type: 'keys.unknown_kid'; readonly issuer: string; readonly kid: string }
  /**
   * No metadata says what this policy requires: it was made after the first request, or too many things are required already. A
   * route's policy is made once, at start, and not for each request. Emitted once.
   */
  | { readonly type: 'policy.not_published'; readonly policy: string; readonly reason: string }
  /** What a token left out of its caller could not be had from elsewhere (Entra: the groups of a user with too many). */
  | { readonly type: 'principal.incomplete'; readonly issuer: string; readonly reason: string }

/** What logs may know of a request. Never its path, which may hold personal data. */
export interface RequestFacts {
  readonly id?: string
  readonly method: string
  /** The pattern of its route. */
  readonly route?: string
}

export type Emit = (event: ClaimcheckEvent) => void

/** Wraps the user's sink: what it throws or rejects with is dropped, since no door may open or jam because of a log. */
export function createEmit(onEvent: ((event: ClaimcheckEvent) => unknown) | undefined): Emit {
  return onEvent ? dropErrors(onEvent) : () => {}
}

/**
 * Makes an `onEvent` that writes one line per event to `logger.warn` (refusals and failures) or `logger.info`.
 *
 * @example createVerifier({ issuer, audience, onEvent: logTo(console) })
 */
export function logTo(logger: {
  warn(line: string): void
  info(line: string): void
}): (event: ClaimcheckEvent) => void {
  // The result goes back to the caller of `onEvent`: a logger may be asynchronous, and reject.
  return (event) => logger[quiet.includes(event.type) ? 'info' : 'warn'](formatEvent(event))
}

/** What is worth knowing, but no trouble. */
const quiet = ['keys.refreshed', 'keys.restored', 'keys.unknown_kid', 'keys.replaced', 'metadata.moved']

const fieldName = /^\w+$/
/** Hints are sentences, and longer than what a token says. */
const maxHintLength = 1000

/** The event, then `name=value` for each field, the hint last. No field can pass for another, or for two. */
function formatEvent(event: ClaimcheckEvent): string {
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
  const facts = { ...other, requestId, method, route }
  const { hint: _, ...more } = details as { hint?: unknown }
  const words = Object.entries({ ...facts, ...more, ...facts })
    .filter(([name, value]) => value !== undefined && fieldName.test(name))
    .map(([name, value]) => `${name}=${wordOf(value)}`)
  return [`claimcheck ${type}`, ...words, ...(hint ? [`hint=${quoted(hint, maxHintLength)}`] : [])].join(' ')
}

/** A number or boolean, or quoted text: a cause may repeat what a client sent, or be anything. */
function wordOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return quoted(value instanceof Error ? `${value.name}: ${value.message}` : value)
}

/** A JSON string, which ends neither its line nor its quotes. */
function quoted(value: unknown, maxLength?: number): string {
  return JSON.stringify(printable(value, maxLength))
}
