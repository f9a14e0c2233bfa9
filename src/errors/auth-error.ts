// AuthError: the facts of one refusal, and the headers of its response.
import { deepFreeze } from '../internal/freeze.ts'
import { type Challenge, challengeOf, type ChallengeParams } from './challenge.ts'
import { type AuthErrorCode, type AuthErrorReason, errorTable } from './reasons.ts'

export type { AuthErrorCode, AuthErrorReason } from './reasons.ts'

/**
 * Facts of a refusal for the operator alone, never for the client. They hold no token, proof or key. Strings of the token are cut to
 * 200 printable characters.
 */
export interface ErrorDetails {
  /** Whether the signature had been verified. While `false`, all facts below may be made up. */
  readonly verified?: boolean
  readonly claim?: string
  readonly expected?: string | readonly string[]
  readonly received?: string
  readonly iss?: string
  readonly aud?: string
  readonly azp?: string
  readonly tid?: string
  readonly kid?: string
  /** The number of the issuer's keys in the cache, and their age in milliseconds. */
  readonly keys?: number
  readonly keysAgeMs?: number
  readonly alg?: string
  readonly typ?: string
  readonly iat?: number
  readonly nbf?: number
  readonly exp?: number
  /** The policy that refused. */
  readonly policy?: string
  /** The scopes and roles of a caller that a policy refused, and what the policy needed. */
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  readonly needed?: readonly string[]
  /** The ids of the rules that decided, where the policy names them. */
  readonly reasons?: readonly string[]
  /** The underlying failure: a network error, or the error of your own function. */
  readonly cause?: unknown
}

/** The answer of a check that fails. A check that passes answers `undefined`. */
export interface ValidationError {
  readonly reason: AuthErrorReason
  /** Words on what to change. A function makes them only when they are read: a flood of refusals reads none. */
  readonly hint?: string | (() => string)
  readonly details?: ErrorDetails
}

/** Header values by name. Each member of a list is a header line of its own. */
export type RefusalHeaders = Readonly<Record<string, string | string[]>>

export interface AuthErrorOptions {
  readonly hint?: ValidationError['hint'] | undefined
  readonly details?: ErrorDetails | undefined
  /** Seconds until a retry is worthwhile, for 503 alone. Default 1. */
  readonly retryAfterSeconds?: number | undefined
  /** More auth-params for the challenge, such as `realm` and `scope`. */
  readonly challengeParams?: ChallengeParams | undefined
  /** More challenges, where one cannot name all that would help. */
  readonly moreChallenges?: readonly Challenge[] | undefined
}

/** The same symbol in every copy of claimcheck: a process may hold one as ES modules and one as CommonJS. */
const brand = Symbol.for('claimcheck.AuthError')

/**
 * Takes an assignment, and keeps its value. Koa assigns the status of every error that it answers: when that throws, it answers nothing
 * and the request hangs. Made once: V8 is slow with an accessor that each error has anew.
 */
function statusProperty(status: number): PropertyDescriptor {
  return { get: () => status, set: () => {}, enumerable: true }
}

const statusProperties = {
  400: statusProperty(400),
  401: statusProperty(401),
  403: statusProperty(403),
  503: statusProperty(503),
} as const

/** Set by the class: the options of its errors are on no property. */
let optionsOf: (error: AuthError) => AuthErrorOptions
let isMade: (value: object) => boolean
let takeFacts: (error: AuthError, facts: () => ErrorDetails) => boolean
let paramsOf: (error: AuthError) => (() => ChallengeParams) | undefined
let takeParams: (error: AuthError, params: () => ChallengeParams) => void

/**
 * The one error that claimcheck throws for a refused request. Misuse of the library is a `TypeError`.
 *
 * `code`, `status`, `headers`, `message` and `stack` hold only the fixed public text of the reason: a framework's own error page
 * leaks nothing. `stack` names no place, since a refusal is an answer and not a fault. `reason`, `hint` and `details` are for the
 * operator. JSON, spread and clones hold none of them. `util.inspect` shows the reason and the hint, and never the details.
 */
export class AuthError extends Error {
  /** The public code. Frameworks print it. */
  declare readonly code: AuthErrorCode
  /** Decided by whose fault it is. */
  declare readonly status: 400 | 401 | 403 | 503
  readonly #reason: AuthErrorReason
  readonly #options: AuthErrorOptions
  /** Facts of the request. They join the details when those are read. */
  #facts: (() => ErrorDetails) | undefined
  #details: ErrorDetails | undefined
  /** The auth-params of the server that refused. They join the challenge when the headers are read. */
  #params: (() => ChallengeParams) | undefined

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'AuthError' })
    Object.defineProperty(this.prototype, brand, { value: true })
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      /** Hides the details: they may be personal data. */
      value(this: AuthError): string {
        const hint = this.hint === undefined ? '' : `, hint: ${JSON.stringify(this.hint)}`
        return `${this.stack} { code: '${this.code}', reason: '${this.reason}'${hint} }`
      },
    })
    optionsOf = (error) => error.#options
    isMade = (value) => #reason in value
    paramsOf = (error) => error.#params
    takeParams = (error, params) => void (error.#params ??= params)
    takeFacts = (error, facts) => {
      if (error.#facts || error.#details) return false
      error.#facts = facts
      return true
    }
  }

  /** True for the errors of every copy of claimcheck in the process. A subclass of yours is asked as any other class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== AuthError) return super[Symbol.hasInstance](value)
    return typeof value === 'object' && value !== null && brand in value
  }

  constructor(reason: AuthErrorReason, options: AuthErrorOptions = {}) {
    const { code, text, status } = errorTable[reason]
    // The stack of a refusal tells nothing. Measured: to collect it makes a refusal 2.3 times as expensive.
    const { stackTraceLimit } = Error
    limitStackTraces(0)
    try {
      super(text)
    } finally {
      limitStackTraces(stackTraceLimit)
    }
    // Not writable: no error handler on the way can turn a refusal into something else.
    Object.defineProperty(this, 'code', { value: code, enumerable: true })
    Object.defineProperty(this, 'status', statusProperties[status])
    const { hint, details, retryAfterSeconds, challengeParams, moreChallenges } = options
    this.#reason = reason
    this.#options = { hint, details: { ...details }, retryAfterSeconds, challengeParams, moreChallenges }
  }

  /** The inner reason. For logs and tests, never for the client. */
  get reason(): AuthErrorReason {
    return this.#reason
  }

  /** Words on what to change. For logs, never for the client. */
  get hint(): string | undefined {
    const { hint } = this.#options
    return typeof hint === 'function' ? hint() : hint
  }

  /** For logs, never for the client. */
  get details(): ErrorDetails {
    // Made on first access: in a flood most details are never read.
    return (this.#details ??= Object.freeze({ ...this.#facts?.(), ...this.#options.details }))
  }

  /** Ready to be sent: `Cache-Control`, and `WWW-Authenticate` or `Retry-After` where the status asks for one. */
  get headers(): RefusalHeaders {
    // An heir, such as a clone by Object.create(), has no facts: its challenge is not known.
    return deepFreeze(isMade(this) ? headersOf(this, {}) : { 'Cache-Control': 'no-store' })
  }
}

/** Has no effect where intrinsics are frozen. Measured: `Reflect.set` instead takes a quarter of an error's time. */
function limitStackTraces(limit: number): void {
  try {
    Error.stackTraceLimit = limit
  } catch {}
}

/** Whether the constructor made `value`: an heir of the prototype has no facts. */
export function isAuthError(value: unknown): value is AuthError {
  return typeof value === 'object' && value !== null && isMade(value)
}

/**
 * Gives a refusal the facts of its request. It takes them once: an error that a source throws at every request is copied for the next.
 * Measured: to copy each one doubles what a made-up kid costs in a flood.
 */
export function withFacts(error: AuthError, facts: () => ErrorDetails): AuthError {
  if (takeFacts(error, facts)) return error
  const options = optionsOf(error)
  return new AuthError(error.reason, { ...options, details: { ...facts(), ...options.details } })
}

/** Gives a refusal the auth-params of the server that refuses, such as its realm. The error's own win. It takes them once. */
export function withChallengeParams(error: AuthError, params: () => ChallengeParams): AuthError {
  takeParams(error, params)
  return error
}

/** The scopes that the challenge of `error` names. The body repeats them: a page of another origin cannot read the header. */
export function scopeOf(error: AuthError): string | undefined {
  return isMade(error) ? optionsOf(error).challengeParams?.scope : undefined
}

/** Copies a refusal for another request: a change to one error does not show on the other. */
export function copyOf(error: AuthError): AuthError {
  return new AuthError(error.reason, { ...optionsOf(error), details: error.details })
}

/**
 * Returns the headers of `error`, with `params` (such as the realm) in each challenge; the error's own params win. Their values come
 * from configuration only. Each challenge has a line of its own: clients that read only the first find a whole one.
 */
export function headersOf(error: AuthError, params: ChallengeParams): RefusalHeaders {
  // Made by another copy of claimcheck, whose options are out of reach: what it says itself is a whole answer.
  if (!isMade(error)) return error.headers
  const { retryAfterSeconds = 1, challengeParams, moreChallenges = [] } = optionsOf(error)
  const common = { ...paramsOf(error)?.(), ...params }
  const first = challengeOf(error.reason, { ...common, ...challengeParams })
  const more = moreChallenges.flatMap((one) => challengeOf(one.reason, { ...common, ...one.params }) ?? [])
  const lines = moreChallenges.length === 0 ? first : [...(first === undefined ? [] : [first]), ...more]
  return {
    'Cache-Control': 'no-store',
    ...(error.status === 503 && { 'Retry-After': retryAfter(retryAfterSeconds) }),
    ...(lines !== undefined && lines.length > 0 && { 'WWW-Authenticate': lines }),
  }
}

/** "A non-negative decimal integer", RFC 9110 §10.2.3. The default stands in for a number without such a form. */
function retryAfter(seconds: number): string {
  const whole = Math.ceil(seconds)
  return String(Number.isSafeInteger(whole) ? Math.max(1, whole) : 1)
}
