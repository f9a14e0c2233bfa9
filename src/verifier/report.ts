// The errors of a verification: each made once, handed on as a value, and told to whoever listens.
import { AuthError, copyOf, type ErrorDetails, type Refusal } from '../errors/auth-error.ts'
import type { Emit } from '../errors/events.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { describeToken } from '../jwt/describe.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { Issuer } from '../issuer/issuer.ts'
import { hintOf } from '../issuer/checks.ts'

type Token = Pick<ParsedToken, 'header' | 'claims'>

/** What came of a check: a refusal is a value, since throwing one costs more than most checks. */
export type Outcome<T> = T | AuthError

/** Goes on with what was not refused, as `after` does. */
export function unlessRefused<T, S, U>(
  outcome: MaybePromise<Outcome<T>>,
  next: (value: T, state: S) => MaybePromise<Outcome<U>>,
  state: S,
): MaybePromise<Outcome<U>> {
  if (isPromise(outcome)) return unlessRefusedLater(outcome, next, state)
  return outcome instanceof AuthError ? outcome : next(outcome, state)
}

/** Apart, as in `after`. */
function unlessRefusedLater<T, S, U>(
  outcome: Promise<Outcome<T>>,
  next: (value: T, state: S) => MaybePromise<Outcome<U>>,
  state: S,
): Promise<Outcome<U>> {
  return outcome.then((settled) => unlessRefused(settled, next, state))
}

export interface Refusals {
  /** The error for `token`, of which `verified` says whether its signature had been verified. */
  refuse(refusal: Refusal, token?: Token, verified?: boolean): AuthError
  /** Another error like this one, for a request that waited for the same verification. */
  refuseAgain(error: AuthError): AuthError
  /** What `ask` finds out, or that it could not, whether it throws or rejects: told with the token it was about. */
  orUnavailable<T, S>(
    token: Token,
    ask: (token: Token, state: S) => T | PromiseLike<T>,
    state: S,
  ): MaybePromise<Outcome<T>>
  /** For what nobody foresaw: a preset or a clock that throws is our fault, not the token's; and no door opens because of it. */
  broken(cause: unknown): AuthError
}

/** @param emit Where nobody listens, nothing is described for nobody: leave it out. */
export function createRefusals(profiles: readonly Issuer[], emit: Emit | undefined): Refusals {
  function refuse({ code, hint, details }: Refusal, token?: Token, verified = false): AuthError {
    const facts = token ? describeToken(token, verified) : { verified }
    const better = token && hintOf(profiles, code, token)
    return told(new AuthError(code, { hint: better ?? hint, details: details ? { ...facts, ...details } : facts }))
  }

  function orUnavailable<T, S>(
    token: Token,
    ask: (token: Token, state: S) => T | PromiseLike<T>,
    state: S,
  ): MaybePromise<Outcome<T>> {
    try {
      const found = ask(token, state)
      return isPromise(found) ? orUnavailableLater(token, found as PromiseLike<T>) : unlessError(found as T)
    } catch (error) {
      return unavailable(token, error)
    }
  }

  function orUnavailableLater<T>(token: Token, found: PromiseLike<T>): Promise<Outcome<T>> {
    return Promise.resolve(found)
      .then(unlessError)
      .catch((error: unknown) => unavailable(token, error))
  }

  function unavailable(token: Token, cause: unknown): AuthError {
    const error = cause instanceof AuthError ? cause : new AuthError('keys_unavailable', { details: { cause } })
    return emit ? told(error, { ...describeToken(token, false), ...error.details }) : error
  }

  function broken(cause: unknown): AuthError {
    // A refusal that was thrown is somebody else's, and nobody has been told of it: ours are handed on as values.
    return told(cause instanceof AuthError ? cause : new AuthError('verification_unavailable', { details: { cause } }))
  }

  function told(error: AuthError, details?: ErrorDetails): AuthError {
    return tellRefusal(emit, error, details)
  }

  return { refuse, refuseAgain: (error) => told(copyOf(error)), orUnavailable, broken }
}

/** @throws AuthError that somebody else gives back as an answer: nobody has been told of it. */
function unlessError<T>(found: T): T {
  if (found instanceof AuthError) throw found
  return found
}

/** Tells whoever listens of `error`, once, and returns it. */
export function tellRefusal(emit: Emit | undefined, error: AuthError, details?: ErrorDetails): AuthError {
  const { code, status, hint } = error
  emit?.({ type: 'refusal', code, status, hint, details: details ?? error.details })
  return error
}
