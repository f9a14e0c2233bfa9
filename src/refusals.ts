// The errors of a verification: each made once, told to whoever listens, and of no more work than that where nobody does.
import { AuthError, type ErrorDetails, type Refusal } from './errors.ts'
import type { Emit } from './events.ts'
import { type Eventually, isPromise } from './internal/eventually.ts'
import { describeToken } from './token/describe-token.ts'
import type { ParsedToken } from './token/parse-token.ts'
import type { Issuer } from './trust/issuer.ts'
import { hintOf } from './trust/profile-checks.ts'

type Token = Pick<ParsedToken, 'header' | 'claims'>

export interface Refusals {
  /** The error for `token`, of which `verified` says whether its signature had been verified. */
  refuse(refusal: Refusal, token?: Token, verified?: boolean): AuthError
  /** Throws the error of one request for another that waited for the same verification. */
  refuseAgain(error: unknown): never
  /** What `ask` finds out. That it could not is told with the token it was about, whether it throws or rejects. */
  orUnavailable<T>(token: Token, ask: () => T | PromiseLike<T>): Eventually<T>
  /** Throws what came of asking about `token` in vain. */
  unavailable(token: Token, error: unknown): never
  /** Throws `error`. A preset or a clock that throws is our fault, not the token's; and no door opens because of it. */
  rethrow(error: unknown): never
}

/** @param emit Where nobody listens, nothing is described for nobody: leave it out. */
export function createRefusals(profiles: readonly Issuer[], emit: Emit | undefined): Refusals {
  function refuse({ code, hint, details }: Refusal, token?: Token, verified = false): AuthError {
    const facts = token ? describeToken(token, verified) : { verified }
    const better = token && hintOf(profiles, code, token)
    return told(new AuthError(code, { hint: better ?? hint, details: details ? { ...facts, ...details } : facts }))
  }

  function orUnavailable<T>(token: Token, ask: () => T | PromiseLike<T>): Eventually<T> {
    try {
      const found = ask()
      if (!isPromise(found)) return found as T
      return Promise.resolve(found as PromiseLike<T>).catch((error: unknown) => unavailable(token, error))
    } catch (error) {
      return unavailable(token, error)
    }
  }

  function unavailable(token: Token, cause: unknown): never {
    const error = cause instanceof AuthError ? cause : new AuthError('keys_unavailable', { details: { cause } })
    throw emit ? told(error, { ...describeToken(token, false), ...error.details }) : error
  }

  function rethrow(error: unknown): never {
    if (error instanceof AuthError) throw error
    throw told(new AuthError('verification_unavailable', { details: { cause: error } }))
  }

  function refuseAgain(error: unknown): never {
    throw error instanceof AuthError ? told(error) : error
  }

  function told(error: AuthError, details: ErrorDetails = error.details): AuthError {
    const { code, status, hint } = error
    emit?.({ type: 'refusal', code, status, hint, details })
    return error
  }

  return { refuse, refuseAgain, orUnavailable, unavailable, rethrow }
}
