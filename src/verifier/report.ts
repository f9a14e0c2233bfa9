// The errors of a verification: what they say, and the one place where they are reported.
import { AuthError, isAuthError, type ValidationError, withChallengeParams, withFacts } from '../errors/auth-error.ts'
import type { ChallengeParams } from '../errors/challenge.ts'
import { createRequestFacts, type Emit, type RequestFacts } from '../errors/events.ts'
import type { RequestView } from '../http/request-view.ts'
import { hintOf } from '../issuer/checks.ts'
import type { Issuer } from '../issuer/issuer.ts'
import { describeToken, type ParsedToken } from '../jwt/parse.ts'

/**
 * A result, or why there is none. A refusal is a value, since a thrown one costs more than most checks. `isAuthError` tells them apart:
 * each was made here, and `instanceof`, which knows other copies of claimcheck too, cost a remembered token a tenth of its time.
 */
export type Outcome<T> = T | AuthError

type Token = Pick<ParsedToken, 'header' | 'claims'>

export interface Report {
  /** The error for `token`, of which `verified` says whether its signature had been verified. */
  refuse(refusal: ValidationError, token?: Token, verified?: boolean): AuthError
  /** The error when a source of facts about `token` failed. A failure of ours says nothing about the token: 503. */
  unavailable(cause: unknown, token: Token): AuthError
  /** Reports the error of one request, and returns it. A preset or a clock that throws is our fault, not the token's. */
  report(cause: unknown, request: RequestView | undefined): AuthError
}

/** @param challengeParams The auth-params of the server that refuses `request`. */
export function createReport(
  profiles: readonly Issuer[],
  emit: Emit | undefined,
  challengeParams?: (request: RequestView | undefined) => ChallengeParams,
): Report {
  return {
    refuse({ reason, hint, details }, token, verified = false) {
      const facts = token ? describeToken(token, verified) : { verified }
      const better = token && hintOf(profiles, reason, token)
      return new AuthError(reason, { hint: better ?? hint, details: details ? { ...facts, ...details } : facts })
    },
    unavailable(cause, token) {
      const error = isAuthError(cause) ? cause : new AuthError('keys_unavailable', { details: { cause } })
      return withFacts(error, () => describeToken(token, false))
    },
    report(cause, request) {
      const error = isAuthError(cause) ? cause : new AuthError('verification_unavailable', { details: { cause } })
      if (challengeParams) withChallengeParams(error, () => challengeParams(request))
      return reportRefusal(emit, error, request)
    },
  }
}

/** Emits the event of `error`, and returns it. */
export function reportRefusal(emit: Emit | undefined, error: AuthError, request?: RequestView): AuthError {
  if (emit) {
    const { code, reason, status, hint, details } = error
    const asked = request && { request: describeRequest(request) }
    emit({ type: 'refusal', code, reason, status, hint, details, ...asked })
  }
  return error
}

function describeRequest({ id, method, route, url }: RequestView): RequestFacts {
  return createRequestFacts({ ...(id !== undefined && { id }), method, ...(route !== undefined && { route }) }, url)
}
