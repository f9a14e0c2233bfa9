// AuthError: the facts of one refusal.
import { deepFreeze } from '../internal/freeze.ts'
import { type Challenge, challengeHeader, type ChallengeParams } from './challenge.ts'
import { type AuthErrorCode, type AuthErrorReason, errorTable } from './reasons.ts'

export type { AuthErrorCode, AuthErrorReason } from './reasons.ts'

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
export interface ValidationError {
  readonly reason: AuthErrorReason
  readonly hint?: string
  readonly details?: ErrorDetails
}

/** Header values by name; a list has one line for each of its members. */
export type RefusalHeaders = Readonly<Record<string, string | string[]>>

export interface AuthErrorOptions {
  readonly hint?: string | undefined
  readonly details?: ErrorDetails | undefined
  /** Seconds until a retry is worth while. Only a 503 says so. Default 1. */
  readonly retryAfterSeconds?: number | undefined
  /** More auth-params for the challenge, such as `realm` and `scope`. */
  readonly challengeParams?: ChallengeParams | undefined
  /** Where one challenge cannot say all that would help. */
  readonly moreChallenges?: readonly Challenge[] | undefined
}

/** Set by the class: what its errors were made of is on no property. */
let optionsOf: (error: AuthError) => AuthErrorOptions

/**
 * The one error that claimcheck throws for a request it does not let through. Misuse of the library is a `TypeError`.
 *
 * `code`, `status`, `headers`, `message` and `stack` hold only the fixed public text of the reason, so a framework's own error page
 * leaks nothing. `stack` names no place: a refusal is an answer and not a fault. `reason`, `hint` and `details` are for the operator.
 * JSON, spread and clones hold none of them. `util.inspect` shows the reason and the hint, and never the details.
 */
export class AuthError extends Error {
  /** The reason as clients may know it. Frameworks print it. */
  declare readonly code: AuthErrorCode
  /** 400, 401, 403 or 503: whose fault it is decides. */
  declare readonly status: 400 | 401 | 403 | 503
  readonly #reason: AuthErrorReason
  readonly #options: AuthErrorOptions

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'AuthError' })
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: AuthError) {
        return inspectionOf(this)
      },
    })
    optionsOf = (error) => error.#options
  }

  constructor(reason: AuthErrorReason, options: AuthErrorOptions = {}) {
    const { code, text, status } = errorTable[reason]
    // A stack tells nothing of a refusal. Looking for one would be most of what a flood of them costs.
    const { stackTraceLimit } = Error
    limitStackTraces(0)
    try {
      super(text)
    } finally {
      limitStackTraces(stackTraceLimit)
    }
    // Not writable: no error handler on the way can turn a refusal into something else.
    Object.defineProperty(this, 'code', { value: code, enumerable: true })
    Object.defineProperty(this, 'status', { value: status, enumerable: true })
    const { hint, details, retryAfterSeconds, challengeParams, moreChallenges } = options
    this.#reason = reason
    this.#options = { hint, details: { ...details }, retryAfterSeconds, challengeParams, moreChallenges }
  }

  /** Why, in one word. For logs and tests, never for the client. */
  get reason(): AuthErrorReason {
    return this.#reason
  }

  /** What to change so that it works, in words. For logs, never for the client. */
  get hint(): string | undefined {
    return this.#options.hint
  }

  /** For logs, never for the client. */
  get details(): ErrorDetails {
    // Frozen when it is read: floods are made of errors whose details are never read.
    return Object.freeze(this.#options.details ?? {})
  }

  /** Ready to be sent: `Cache-Control`, and `WWW-Authenticate` or `Retry-After` where the status asks for one. */
  get headers(): RefusalHeaders {
    return deepFreeze(headersOf(this, {}))
  }
}

/** What `util.inspect` shows. Not the details: they may be personal data. */
function inspectionOf(error: AuthError): string {
  const hint = error.hint === undefined ? '' : `, hint: ${JSON.stringify(error.hint)}`
  return `${error.stack} { code: '${error.code}', reason: '${error.reason}'${hint} }`
}

/** Has no effect where intrinsics are frozen. Measured: `Reflect.set` would take a quarter of what an error costs. */
function limitStackTraces(limit: number): void {
  try {
    Error.stackTraceLimit = limit
  } catch {}
}

/** The same refusal for another request, with `facts` besides: a change to one error does not show on the other. */
export function copyOf(error: AuthError, facts?: ErrorDetails): AuthError {
  return new AuthError(error.reason, { ...optionsOf(error), details: { ...facts, ...error.details } })
}

/** The headers of `error`, with `params` (such as the realm) in each challenge; its own win. Their values come from configuration only. */
export function headersOf(error: AuthError, params: ChallengeParams): RefusalHeaders {
  const { retryAfterSeconds = 1, challengeParams, moreChallenges = [] } = optionsOf(error)
  const own = { reason: error.reason, params: { ...params, ...challengeParams } }
  const more = moreChallenges.map((one) => ({ reason: one.reason, params: { ...params, ...one.params } }))
  return {
    'Cache-Control': 'no-store',
    ...(error.status === 503 && { 'Retry-After': retryAfter(retryAfterSeconds) }),
    ...challengeHeader(own, more),
  }
}

/** "A non-negative decimal integer", RFC 9110 §10.2.3. The default stands in for a number without such a form. */
function retryAfter(seconds: number): string {
  const whole = Math.ceil(seconds)
  return String(Number.isSafeInteger(whole) ? Math.max(1, whole) : 1)
}
