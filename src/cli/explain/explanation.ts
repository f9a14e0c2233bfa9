// Asks the resource server about one token, and the gateway about one request. The verdict is theirs.
import { AuthError, type RefusalHeaders } from '../../errors/auth-error.ts'
import { reasonOf } from '../../internal/json.ts'
import type { Principal } from '../../principal/principal.ts'
import type { RequestGuard } from '../../server/request-guard.ts'
import type { Outcome } from '../../verifier/report.ts'
import type { TokenByIssuer, VerifiedToken } from '../../verifier/verified-token.ts'
import { adviceFor } from './advice.ts'
import { type CheckRow, createRecorder, type Recorder } from './checks.ts'
import { type Given, lineOf, viewOf } from './credential.ts'
import { explainRequest, type RequestExplanation, type WrittenRequest } from './request.ts'
import type { Setup } from './setup.ts'

export type Verdict = 'accepted' | 'refused' | 'unknown'

export interface Explanation {
  /** Of the token and the request: the worse of the two. */
  readonly verdict: Verdict
  readonly token: TokenExplanation
  readonly request?: RequestExplanation
}

export interface TokenExplanation {
  readonly verdict: Verdict
  readonly refusal?: RefusalFacts
  readonly checks: readonly CheckRow[]
  /** Of an accepted token alone. */
  readonly principal?: Principal
  readonly expires?: string
}

/** Why a token or a request is refused, and what the client is told. */
export interface RefusalFacts {
  readonly reason: string
  readonly hint?: string
  /** The failure of ours behind it. */
  readonly cause?: string
  readonly status: number
  readonly headers: RefusalHeaders
  readonly body: string
}

export async function explain(setup: Setup, given: Given, written?: WrittenRequest): Promise<Explanation> {
  const recorder = createRecorder(setup)
  const guard = setup.guard.watched(recorder.watch)
  const outcome = await verify(guard, given)
  const token = explainToken(guard, recorder, outcome, given)
  if (written === undefined || setup.gateway === undefined) return { verdict: token.verdict, token }
  const line = lineOf(given, recorder.trusted()?.profile.tokenHeader ?? 'authorization')
  const request = await explainRequest(setup, written, line)
  const verdicts = [token.verdict, request.verdict]
  const verdict = verdicts.includes('refused') ? 'refused' : verdicts.includes('unknown') ? 'unknown' : 'accepted'
  return { verdict, token, request }
}

/** A token alone is verified as `verifyToken` does it, and a line as it would be in a request. */
async function verify<C>(guard: RequestGuard<C>, given: Given): Promise<Outcome<TokenByIssuer<C>>> {
  if ('token' in given) return guard.verify({ token: given.token })
  const view = viewOf(given.line)
  const authentication = guard.authenticate(view)
  const result = await guard.authorizeRequest(view, authentication, { policy: undefined, resource: undefined })
  return result.outcome === 'refused' ? result.error : result.auth
}

function explainToken<C>(
  guard: RequestGuard<C>,
  recorder: Recorder,
  outcome: Outcome<TokenByIssuer<C>>,
  given: Given,
): TokenExplanation {
  const error = outcome instanceof AuthError ? outcome : undefined
  const rows = recorder.rows(error)
  const checks = 'line' in given ? [credentialRow(rows, error), ...rows] : rows
  if (error)
    return { verdict: error.status === 503 ? 'unknown' : 'refused', refusal: refusalFacts(guard, error), checks }
  const { principal, expiresAt } = outcome as VerifiedToken
  return { verdict: 'accepted', checks, principal, expires: new Date(expiresAt * 1000).toISOString() }
}

/** The line is read before any check of the token. */
function credentialRow(rows: readonly CheckRow[], error: AuthError | undefined): CheckRow {
  const isRead = error === undefined || rows.some(({ outcome }) => outcome !== 'not reached')
  return { check: 'credential', outcome: isRead ? 'passed' : 'failed', expected: 'one line with one token' }
}

function refusalFacts<C>(guard: RequestGuard<C>, error: AuthError): RefusalFacts {
  const { reason, hint, details } = error
  return {
    reason,
    ...adviceFor(reason, hint),
    ...(details.cause !== undefined && { cause: reasonOf(details.cause) }),
    ...guard.challenge(error),
  }
}
