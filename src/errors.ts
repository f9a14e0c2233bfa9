// AuthError and its one table: code → whose fault it is, HTTP status, OAuth error, and the only text that a client sees.
import { formatChallenge } from './internal/auth-params.ts'

/** Why a request was refused. Stable: codes are added, never renamed. */
export type AuthErrorCode =
  | 'credential_missing'
  | 'credential_malformed'
  | 'credential_repeated'
  | 'token_too_large'
  | 'token_malformed'
  | 'token_encrypted'
  | 'token_in_wrong_header'
  | 'critical_header_unsupported'
  | 'issuer_unknown'
  | 'algorithm_not_allowed'
  | 'token_type_not_accepted'
  | 'not_an_access_token'
  | 'token_for_other_resource'
  | 'claim_missing'
  | 'claim_invalid'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_too_old'
  | 'audience_mismatch'
  | 'tenant_mismatch'
  | 'sender_constrained'
  | 'token_without_permissions'
  | 'key_not_found'
  | 'signature_invalid'
  | 'claims_schema_mismatch'
  | 'token_revoked'
  | 'keys_unavailable'
  | 'claims_schema_unavailable'
  | 'verification_unavailable'
  | 'revocation_unavailable'
  | 'policy_unavailable'
  | 'insufficient_scope'
  | 'access_denied'

interface ErrorRow {
  readonly fault: 'request' | 'token' | 'policy' | 'dependency'
  readonly status: 400 | 401 | 403 | 503
  /** The `error` of RFC 6750 §3.1; without one the challenge, if any, is bare. */
  readonly error?: string
  readonly text: string
}

// One answer for every unacceptable token: whoever guesses at tokens learns nothing from it.
const badToken: ErrorRow = {
  fault: 'token',
  status: 401,
  error: 'invalid_token',
  text: 'The access token is malformed, expired, revoked, or not meant for this resource.',
}
const unavailable: ErrorRow = {
  fault: 'dependency',
  status: 503,
  text: 'The access token cannot be checked right now. It may be good: please try again.',
}

export const errorTable: Readonly<Record<AuthErrorCode, ErrorRow>> = {
  credential_missing: { fault: 'request', status: 401, text: 'This resource needs an access token.' },
  credential_malformed: {
    fault: 'request',
    status: 400,
    error: 'invalid_request',
    text: 'The Authorization header must be the word Bearer, a space, and one access token.',
  },
  credential_repeated: {
    fault: 'request',
    status: 400,
    error: 'invalid_request',
    text: 'The request must carry exactly one Authorization header.',
  },
  token_too_large: badToken,
  token_malformed: badToken,
  token_encrypted: badToken,
  token_in_wrong_header: badToken,
  critical_header_unsupported: badToken,
  issuer_unknown: badToken,
  algorithm_not_allowed: badToken,
  token_type_not_accepted: badToken,
  not_an_access_token: badToken,
  token_for_other_resource: badToken,
  claim_missing: badToken,
  claim_invalid: badToken,
  token_expired: badToken,
  token_not_yet_valid: badToken,
  token_too_old: badToken,
  audience_mismatch: badToken,
  tenant_mismatch: badToken,
  sender_constrained: badToken,
  token_without_permissions: badToken,
  key_not_found: badToken,
  signature_invalid: badToken,
  claims_schema_mismatch: badToken,
  token_revoked: badToken,
  keys_unavailable: unavailable,
  claims_schema_unavailable: unavailable,
  verification_unavailable: unavailable,
  revocation_unavailable: unavailable,
  policy_unavailable: { ...unavailable, text: 'Access cannot be decided right now. Please try again.' },
  insufficient_scope: {
    fault: 'policy',
    status: 403,
    error: 'insufficient_scope',
    text: 'The access token lacks a scope that this resource needs.',
  },
  access_denied: { fault: 'policy', status: 403, text: 'The caller may not do this.' },
}

/**
 * What the operator may know of a refusal and the client must not: never a token, a proof or a key. Strings that came
 * with the token are cut to 200 printable characters.
 */
export interface ErrorDetails {
  /** Whether the signature had been verified; while `false`, everything below may be made up. */
  readonly verified?: boolean
  readonly claim?: string
  readonly expected?: string | readonly string[]
  readonly received?: string
  readonly iss?: string
  readonly aud?: string
  readonly azp?: string
  readonly tid?: string
  readonly kid?: string
  /** How many keys of the issuer are known, and how many milliseconds ago it gave them out. */
  readonly keys?: number
  readonly keysAgeMs?: number
  readonly alg?: string
  readonly typ?: string
  readonly iat?: number
  readonly nbf?: number
  readonly exp?: number
  /** The policy that decided, and why it could not, where a policy refused. */
  readonly policy?: string
  /** What failed underneath: a network error, or what your own function threw. */
  readonly cause?: unknown
}

/** A check's answer when it does not pass; `undefined` is its answer when it does. */
export interface Refusal {
  readonly code: AuthErrorCode
  readonly hint?: string
  readonly details?: ErrorDetails
}

export type ChallengeParams = Readonly<Record<string, string | undefined>>

export interface AuthErrorOptions {
  readonly hint?: string | undefined
  readonly details?: ErrorDetails | undefined
  /** Seconds until a retry is worth while. Only a 503 says so. Default 1. */
  readonly retryAfterSeconds?: number
  /** More auth-params for the challenge, such as `realm` and `scope`. */
  readonly challengeParams?: ChallengeParams | undefined
}

/**
 * The one error that claimcheck throws for a request it does not let through. Misuse of the library is a `TypeError`.
 *
 * `message`, `stack`, `headers` and `util.inspect(error)` hold only the fixed public text of the code, so a framework's
 * own error page leaks nothing. `hint` and `details` are for the operator and do not show up unless they are asked for.
 */
export class AuthError extends Error {
  readonly code: AuthErrorCode
  /** 400, 401, 403 or 503: whose fault it is decides. */
  readonly status: number
  /** Ready to be sent: `Cache-Control`, and `WWW-Authenticate` or `Retry-After` where the status asks for one. */
  readonly headers: Readonly<Record<string, string>>
  /** What to change so that it works, in words. For logs, never for the client. */
  declare readonly hint: string | undefined
  /** For logs, never for the client. */
  declare readonly details: ErrorDetails
  /** What the challenge says besides `error` and `error_description`; its values come from configuration only. */
  declare readonly challengeParams: ChallengeParams

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'AuthError' })
  }

  constructor(code: AuthErrorCode, options: AuthErrorOptions = {}) {
    const row = errorTable[code]
    super(row.text)
    this.code = code
    this.status = row.status
    this.headers = Object.freeze(headersOf(code, options))
    Object.defineProperty(this, 'hint', { value: options.hint })
    Object.defineProperty(this, 'details', { value: Object.freeze({ ...options.details }) })
    Object.defineProperty(this, 'challengeParams', { value: Object.freeze({ ...options.challengeParams }) })
  }
}

function headersOf(code: AuthErrorCode, options: AuthErrorOptions): Record<string, string> {
  const row = errorTable[code]
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' }
  if (row.status === 503) headers['Retry-After'] = String(Math.max(1, Math.ceil(options.retryAfterSeconds ?? 1)))
  const challenge = challengeOf(code, options.challengeParams)
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge
  return headers
}

/** The `Bearer` challenge for `code`, or `undefined` where none would help the client (RFC 6750 §3). */
export function challengeOf(code: AuthErrorCode, params: ChallengeParams = {}): string | undefined {
  const { status, error, text } = errorTable[code]
  const realm = params.realm ?? 'api'
  if (error) return formatChallenge('Bearer', { realm, error, error_description: text, ...params })
  // "SHOULD NOT include an error code" when no credential was sent, RFC 6750 §3.1.
  return status === 401 ? formatChallenge('Bearer', { realm, ...params }) : undefined
}
