// AuthError, made of a row of the one table in error-table.ts, and the challenge that goes with it.
import { type AuthErrorCode, errorTable } from './reasons.ts'
import { formatChallenge } from './challenge.ts'
import { deepFreeze } from '../internal/freeze.ts'

export type { AuthErrorCode } from './reasons.ts'

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
  /** The ids of the rules that decided, where the policy names them. */
  readonly reasons?: readonly string[]
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

/** One challenge: its error, and what it says besides. */
export interface Challenge {
  readonly code: AuthErrorCode
  readonly params: ChallengeParams
}

/** Header values by name; a list has one line for each of its members. */
export type RefusalHeaders = Readonly<Record<string, string | string[]>>

export interface AuthErrorOptions {
  readonly hint?: string | undefined
  readonly details?: ErrorDetails | undefined
  /** Seconds until a retry is worth while. Only a 503 says so. Default 1. */
  readonly retryAfterSeconds?: number
  /** More auth-params for the challenge, such as `realm` and `scope`. */
  readonly challengeParams?: ChallengeParams | undefined
  /** Where one challenge cannot say all that would help. */
  readonly moreChallenges?: readonly Challenge[] | undefined
}

/**
 * The one error that claimcheck throws for a request it does not let through. Misuse of the library is a `TypeError`.
 *
 * `message`, `stack`, `headers` and `util.inspect(error)` hold only the fixed public text of the code, so a framework's
 * own error page leaks nothing; `stack` names no place, since a refusal is an answer and not a fault. `hint` and `details` are for the operator and do not show up unless they are asked for.
 */
export class AuthError extends Error {
  declare readonly code: AuthErrorCode
  /** 400, 401, 403 or 503: whose fault it is decides. */
  declare readonly status: number
  /** Ready to be sent: `Cache-Control`, and `WWW-Authenticate` or `Retry-After` where the status asks for one. */
  declare readonly headers: RefusalHeaders
  // Not properties of its own: whoever prints or copies an error finds none of these.
  readonly #hint: string | undefined
  readonly #details: ErrorDetails
  readonly #challengeParams: ChallengeParams
  readonly #moreChallenges: readonly Challenge[]

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'AuthError' })
  }

  constructor(code: AuthErrorCode, options: AuthErrorOptions = {}) {
    const { text, status } = errorTable[code]
    // Where a refusal was thrown tells nobody anything, and finding out would be most of what a flood of them costs.
    const { stackTraceLimit } = Error
    limitStackTraces(0)
    super(text)
    limitStackTraces(stackTraceLimit)
    const { hint, details, challengeParams, moreChallenges } = options
    // Not writable: no error handler on the way can turn a refusal into something else.
    Object.defineProperty(this, 'code', { value: code, enumerable: true })
    Object.defineProperty(this, 'status', { value: status, enumerable: true })
    this.headers = headersOf(code, options)
    this.#hint = hint
    this.#details = { ...details }
    this.#challengeParams = challengeParams ? Object.freeze({ ...challengeParams }) : nothing
    this.#moreChallenges = moreChallenges ? deepFreeze(structuredClone(moreChallenges)) : none
  }

  /** What to change so that it works, in words. For logs, never for the client. */
  get hint(): string | undefined {
    return this.#hint
  }

  /** For logs, never for the client. */
  get details(): ErrorDetails {
    // Not before somebody looks: floods are made of these.
    return Object.freeze(this.#details)
  }

  /** What the challenge says besides `error` and `error_description`; its values come from configuration only. */
  get challengeParams(): ChallengeParams {
    return this.#challengeParams
  }

  /** Challenges besides the first. */
  get moreChallenges(): readonly Challenge[] {
    return this.#moreChallenges
  }
}

/** Has no effect where intrinsics are frozen. Measured: `Reflect.set` would take a quarter of what an error costs. */
function limitStackTraces(limit: number): void {
  try {
    Error.stackTraceLimit = limit
  } catch {}
}

/** The same refusal for another request, with `facts` besides: a change to one error does not show on the other. */
export function copyOf(error: AuthError, facts?: ErrorDetails): AuthError {
  const { code, headers, hint, details, challengeParams, moreChallenges } = error
  return new AuthError(code, {
    hint,
    details: { ...facts, ...details },
    ...(headers['Retry-After'] !== undefined && { retryAfterSeconds: Number(headers['Retry-After']) }),
    ...(challengeParams !== nothing && { challengeParams }),
    ...(moreChallenges !== none && { moreChallenges }),
  })
}

const nothing: ChallengeParams = Object.freeze({})
const none: readonly Challenge[] = Object.freeze([])

/** The headers of errors of which there is nothing more to say than their code and a short wait: made once, since floods are made of these. */
const plainHeaders = new Map<string, RefusalHeaders>()
const maxPlainSeconds = 60

function headersOf(
  code: AuthErrorCode,
  { retryAfterSeconds = 1, challengeParams, moreChallenges }: AuthErrorOptions,
): RefusalHeaders {
  const seconds = Math.max(1, Math.ceil(retryAfterSeconds))
  if (challengeParams || moreChallenges || !(seconds <= maxPlainSeconds))
    return makeHeaders(code, seconds, challengeParams, moreChallenges)
  const name = seconds === 1 ? code : `${code} ${seconds}`
  const known = plainHeaders.get(name)
  if (known) return known
  const made = makeHeaders(code, seconds)
  plainHeaders.set(name, made)
  return made
}

function makeHeaders(
  code: AuthErrorCode,
  retryAfterSeconds: number,
  params: ChallengeParams = {},
  more?: readonly Challenge[],
): RefusalHeaders {
  return deepFreeze({
    'Cache-Control': 'no-store',
    ...(errorTable[code].status === 503 && { 'Retry-After': String(retryAfterSeconds) }),
    ...challengeHeader({ code, params }, more),
  })
}

/** `WWW-Authenticate`, one line for each challenge: clients that read only the first find a whole one. */
export function challengeHeader(
  first: Challenge,
  more: readonly Challenge[] = [],
): { readonly 'WWW-Authenticate'?: string | string[] } {
  // Nearly always there is one challenge: then no list is made.
  if (more.length === 0) {
    const line = challengeOf(first.code, first.params)
    return line === undefined ? {} : { 'WWW-Authenticate': line }
  }
  const lines = [first, ...more].flatMap(({ code, params }) => challengeOf(code, params) ?? [])
  return lines.length === 0 ? {} : { 'WWW-Authenticate': lines }
}

/** The `Bearer` challenge for `code`, or `undefined` where none would help the client (RFC 6750 §3). */
export function challengeOf(code: AuthErrorCode, params: ChallengeParams = {}): string | undefined {
  const { status, error, text } = errorTable[code]
  const realm = params.realm ?? 'api'
  if (error) return formatChallenge('Bearer', { realm, error, error_description: text, ...params })
  // "SHOULD NOT include an error code" when no credential was sent, RFC 6750 §3.1.
  return status === 401 ? formatChallenge('Bearer', { realm, ...params }) : undefined
}
