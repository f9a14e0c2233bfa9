// From a policy's decision to the one answer for it: RFC 6750 insufficient_scope, RFC 9470
// insufficient_user_authentication, Entra's insufficient_claims, or a refusal that invites no loop.
import { AuthError, type AuthErrorOptions, type ChallengeParams, type Challenge } from './errors.ts'
import { claimsChallenge, hasClaimsCapability } from './http/claims-challenge.ts'
import type { JsonObject } from './internal/json.ts'
import { own } from './internal/own.ts'
import { printable } from './internal/printable.ts'
import type { Decision } from './policy/decision.ts'
import { canBeAskedFor, type Unmet } from './policy/unmet.ts'
import { needsOf, toKeep } from './policy/needs.ts'
import { describeToken } from './token/describe-token.ts'
import { createTokenParser } from './token/parse-token.ts'

type Undecided = Extract<Decision, { effect: 'indeterminate' }>

/** What a refusal reads of the caller. */
interface Caller {
  readonly issuer: string
  /** The text, which was verified; a caller made by hand may have none. */
  readonly token: unknown
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly principal: { readonly scopes: readonly string[]; readonly authentication: { readonly acr?: string } }
}

/** What a refusal says besides the decision itself. */
export interface RefusalContext {
  readonly auth: Caller
  readonly policy: { readonly id: string; readonly requires?: readonly Unmet[] }
  /** What every challenge of the resource server says. */
  readonly params: ChallengeParams
}

/** The error that a decision calls for which does not allow. */
export function refusalOf(decision: Exclude<Decision, { effect: 'allow' }>, context: RefusalContext): AuthError {
  const { auth, policy, params } = context
  const reasons = decision.reasons?.slice(0, 20).map(({ code }) => printable(code))
  const details = { ...describeToken(auth, true), policy: printable(policy.id), ...(reasons && { reasons }) }
  if (decision.effect === 'indeterminate') return undecided(decision, details)
  const options = { details, challengeParams: params }
  const { unmet = [] } = decision
  if (unmet.length === 0 || !canHelp(unmet, auth)) return new AuthError('access_denied', options)
  // All that is needed, not only what is missing: a client that asked for just that would lose what it had.
  const { scopes: granted, authentication } = auth.principal
  const kept = toKeep(needsOf(policy), unmet, { scopes: granted, acr: own(authentication, 'acr') })
  const scopes = unmet.some(({ kind }) => kind === 'scope') ? scopeParam([...kept, ...unmet]) : {}
  const challenges = loginChallenges(unmet, kept, auth)
  const [first = { code: 'insufficient_scope' as const, params: {} }, ...more] = challenges
  return new AuthError(first.code, {
    details,
    challengeParams: { ...params, ...scopes, ...first.params },
    moreChallenges: more.map((one) => ({ ...one, params: { ...params, ...scopes, ...one.params } })),
  })
}

function undecided({ kind, cause, retryAfterSeconds }: Undecided, details: AuthErrorOptions['details']): AuthError {
  const options = { details: { ...details, cause } }
  if (kind === 'incomplete') return new AuthError('facts_incomplete', options)
  return new AuthError('policy_unavailable', {
    ...options,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}

/** All of it must be within the client's reach: to help it with a part would only send it round in circles. */
function canHelp(unmet: readonly Unmet[], auth: Caller): boolean {
  return unmet.every((one) => canBeAskedFor(one) && (one.kind !== 'authentication-context' || understandsClaims(auth)))
}

/** Read from the token itself: a claims schema may have left `xms_cc` out. */
function understandsClaims({ token, claims }: Caller): boolean {
  const parsed = createTokenParser(typeof token === 'string' ? token.length : 0)(token)
  return hasClaimsCapability('code' in parsed ? claims : parsed.claims)
}

/** One challenge says all about acr and age; Entra's is another, since its clients read only that. */
function loginChallenges(unmet: readonly Unmet[], kept: readonly Unmet[], auth: Caller): readonly Challenge[] {
  const contexts = unmet.flatMap((one) => (one.kind === 'authentication-context' ? one.context : []))
  const steps = stepUpsIn(unmet)
  return [
    ...(steps.length > 0
      ? [{ code: 'insufficient_user_authentication' as const, params: stepUpParams(steps, stepUpsIn(kept)) }]
      : []),
    ...(contexts.length > 0
      ? [{ code: 'insufficient_claims' as const, params: claimsChallenge([...new Set(contexts)], auth.issuer) }]
      : []),
  ]
}

type StepUp = Extract<Unmet, { kind: 'step-up' }>

function stepUpsIn(list: readonly Unmet[]): readonly StepUp[] {
  return list.filter((one) => one.kind === 'step-up')
}

/**
 * What a login must bring that is to satisfy everything: also what the last one did, or the next would lose it. Where no value
 * satisfies all, those of the first that is unmet; and the shortest age.
 */
function stepUpParams(unmet: readonly StepUp[], kept: readonly StepUp[]): ChallengeParams {
  const all = [...unmet, ...kept]
  const values = commonValues(all) ?? commonValues(unmet) ?? unmet.find(({ acrValues }) => acrValues)?.acrValues ?? []
  const ages = all.flatMap(({ maxAgeSeconds }) => maxAgeSeconds ?? [])
  return {
    ...(values.length > 0 && { acr_values: values.join(' ') }),
    ...(ages.length > 0 && { max_age: String(Math.min(...ages)) }),
  }
}

/** The values that are in every list, in the order of the first; `undefined` when there is none. */
function commonValues(steps: readonly StepUp[]): readonly string[] | undefined {
  const lists = steps.flatMap(({ acrValues }) => (acrValues ? [acrValues] : []))
  const common = lists[0]?.filter((value) => lists.every((list) => list.includes(value)))
  return common?.length ? common : undefined
}

/** All scopes that would help, in one `scope` parameter (RFC 6750 §3). */
export function scopeParam(unmet: readonly Unmet[] = []): ChallengeParams {
  const scopes = scopesOf(unmet)
  return scopes.length > 0 ? { scope: scopes.join(' ') } : {}
}

/** The scopes of `unmet`, once each. `offline_access` is between client and STS: no resource asks for it (MCP). */
export function scopesOf(unmet: readonly Unmet[]): readonly string[] {
  const named = unmet.flatMap((one) => (one.kind === 'scope' ? one.scopes : []))
  return [...new Set(named)].filter((scope) => scope !== 'offline_access')
}
