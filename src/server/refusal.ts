// Makes the one answer of a policy's decision: insufficient_scope (RFC 6750), insufficient_user_authentication (RFC 9470),
// Entra's insufficient_claims, or a refusal that invites no loop.
import { AuthError, type AuthErrorOptions } from '../errors/auth-error.ts'
import type { Challenge, ChallengeParams } from '../errors/challenge.ts'
import { type JsonObject, ownMember, printable } from '../internal/json.ts'
import { createTokenParser, describeToken } from '../jwt/parse.ts'
import type { Decision } from '../policy/decision.ts'
import type { Principal } from '../principal/principal.ts'
import { canBeChallenged, type Requirement, requirementsOf, requirementsToKeep } from '../policy/requirements.ts'

type Undecided = Extract<Decision, { effect: 'indeterminate' }>

/** The part of a caller that a refusal reads. */
interface Caller {
  readonly issuer: string
  /** The verified text. */
  readonly token: unknown
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly principal: Pick<Principal, 'kind' | 'scopes' | 'roles' | 'authentication'>
}

/** The facts of a refusal besides its decision. */
export interface RefusalContext {
  readonly auth: Caller
  readonly policy: { readonly id: string; readonly requires?: readonly Requirement[] }
  /** The parameters of every challenge of the resource server. */
  readonly params: ChallengeParams
}

/** The error for a decision that does not allow. */
export function refusalOf(decision: Exclude<Decision, { effect: 'allow' }>, context: RefusalContext): AuthError {
  const { auth, policy, params } = context
  const reasons = decision.reasons?.slice(0, 20).map(({ code }) => printable(code))
  const { missing = [] } = decision.effect === 'deny' ? decision : {}
  const { scopes: held, roles } = auth.principal
  const details = {
    ...describeToken(auth, true),
    policy: printable(policy.id),
    ...(reasons && { reasons }),
    scopes: listed(held),
    roles: listed(roles),
    ...(missing.length > 0 && { needed: listed(missing.map(describeRequirement)) }),
  }
  if (decision.effect === 'indeterminate') return undecided(decision, details)
  const hint = hintOf(missing, auth.principal)
  const options = { details, hint, challengeParams: params }
  if (missing.length === 0 || !canHelp(missing, auth)) return new AuthError('access_denied', options)
  // All scopes that are needed, not only the missing ones: a client that asked for those alone would lose the others.
  const { authentication } = auth.principal
  const kept = requirementsToKeep(requirementsOf(policy), missing, {
    scopes: held,
    acr: ownMember(authentication, 'acr'),
  })
  const scopes = missing.some(({ kind }) => kind === 'scope') ? scopeParam([...kept, ...missing]) : {}
  const challenges = loginChallenges(missing, kept, auth)
  const [first = { reason: 'insufficient_scope' as const, params: {} }, ...more] = challenges
  return new AuthError(first.reason, {
    details,
    hint,
    challengeParams: { ...params, ...scopes, ...first.params },
    moreChallenges: more.map((one) => ({ ...one, params: { ...params, ...scopes, ...one.params } })),
  })
}

/** For one line of a log. */
function listed(texts: readonly string[]): readonly string[] {
  return texts.slice(0, 20).map((text) => printable(text))
}

/** What a caller would have to bring, in a few words. */
function describeRequirement(one: Requirement): string {
  if (one.kind === 'scope') return one.scopes.join(' ')
  if (one.kind === 'step-up') return ['login', ...(one.acrValues ?? []), one.maxAgeSeconds ?? []].flat().join(' ')
  return one.kind
}

/** Names the mistake behind a missing scope, where there is a likely one. */
function hintOf(missing: readonly Requirement[], { kind, scopes: held }: Caller['principal']): string | undefined {
  const wanted = missing.flatMap((one) => (one.kind === 'scope' ? one.scopes : []))
  const long = wanted.find((one) => one.startsWith('api://') || held.includes(shortName(one)))
  if (long !== undefined && long !== shortName(long))
    return `the scopes of Entra's tokens have short names: write scope('${printable(shortName(long))}')`
  if (wanted.length > 0 && held.length === 0 && (kind === 'application' || kind === 'device'))
    return 'the caller is an application for itself (app-only): its token has roles and no scopes. Write anyOf(scope(...), role(...))'
  return undefined
}

/** `Orders.Read` of `api://…/Orders.Read`. */
function shortName(scope: string): string {
  return scope.slice(scope.lastIndexOf('/') + 1)
}

function undecided({ kind, cause, retryAfterSeconds }: Undecided, details: AuthErrorOptions['details']): AuthError {
  const options = { details: { ...details, cause } }
  if (kind === 'incomplete') return new AuthError('facts_incomplete', options)
  return new AuthError('policy_unavailable', {
    ...options,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}

/** The client must be able to get all of it: with a part it would come back and be refused again. */
function canHelp(missing: readonly Requirement[], auth: Caller): boolean {
  return missing.every(
    (one) => canBeChallenged(one) && (one.kind !== 'authentication-context' || understandsClaims(auth)),
  )
}

/** Read from the token itself: a claims schema may have left `xms_cc` out. */
function understandsClaims({ token, claims }: Caller): boolean {
  const parsed = createTokenParser(typeof token === 'string' ? token.length : 0)(token)
  return hasClaimsCapability('reason' in parsed ? claims : parsed.claims)
}

/** One challenge says all about acr and age; Entra's is another, since its clients read only that. */
function loginChallenges(
  missing: readonly Requirement[],
  kept: readonly Requirement[],
  auth: Caller,
): readonly Challenge[] {
  const contexts = missing.flatMap((one) => (one.kind === 'authentication-context' ? one.context : []))
  const steps = stepUpsIn(missing)
  return [
    ...(steps.length > 0
      ? [{ reason: 'insufficient_user_authentication' as const, params: stepUpParams(steps, stepUpsIn(kept)) }]
      : []),
    ...(contexts.length > 0
      ? [{ reason: 'insufficient_claims' as const, params: claimsChallenge([...new Set(contexts)], auth.issuer) }]
      : []),
  ]
}

type StepUp = Extract<Requirement, { kind: 'step-up' }>

function stepUpsIn(list: readonly Requirement[]): readonly StepUp[] {
  return list.filter((one) => one.kind === 'step-up')
}

/**
 * The login that satisfies every step-up, kept ones included: the next login would lose those. Where no `acr` value satisfies all, the
 * values of the first missing one. The shortest age counts.
 */
function stepUpParams(missing: readonly StepUp[], kept: readonly StepUp[]): ChallengeParams {
  const all = [...missing, ...kept]
  const values =
    commonValues(all) ?? commonValues(missing) ?? missing.find(({ acrValues }) => acrValues)?.acrValues ?? []
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
export function scopeParam(missing: readonly Requirement[] = []): ChallengeParams {
  const scopes = scopesOf(missing)
  return scopes.length > 0 ? { scope: scopes.join(' ') } : {}
}

/** The scopes of `missing`, once each. `offline_access` is between client and STS: no resource asks for it (MCP). */
export function scopesOf(missing: readonly Requirement[]): readonly string[] {
  const named = missing.flatMap((one) => (one.kind === 'scope' ? one.scopes : []))
  return [...new Set(named)].filter((scope) => scope !== 'offline_access')
}

// Entra's own challenge: a claims request (OpenID Connect Core §5.5) that the client takes to the STS. It is a 401
// `insufficient_claims`, and only for clients that have said that they can handle it (the capability cp1).

const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** Whether a client with these claims can handle the challenge: "values aren't case-sensitive". */
function hasClaimsCapability(claims: JsonObject): boolean {
  const capabilities: readonly unknown[] = [ownMember(claims, 'xms_cc')].flat()
  return capabilities.some((one) => typeof one === 'string' && one.toLowerCase() === 'cp1')
}

/** What the challenge for all of `contexts` says. `issuer` is the configured one; nothing comes from the token. */
function claimsChallenge(contexts: readonly string[], issuer: string): ChallengeParams {
  // "The tenant ID … MUST be an empty string if the authentication goes through the common endpoint."
  const tenant = guid.exec(issuer)?.[0] ?? ''
  // `acrs` holds as many as the login has satisfied; a claims request names several in `values` (OpenID Connect Core §5.5.1).
  const wanted = contexts.length > 1 ? { values: contexts } : { value: contexts[0] }
  const request = { access_token: { acrs: { essential: true, ...wanted } } }
  return {
    realm: tenant,
    authorization_uri: `${loginOf(issuer)}/${tenant || 'common'}/oauth2/authorize`,
    // Standard base64, with padding: clients decode it with atob().
    claims: btoa(JSON.stringify(request)),
  }
}

/** v2.0 issuers stand at their own login page; those of v1.0 tokens do not. */
function loginOf(issuer: string): string {
  const host = URL.canParse(issuer) ? new URL(issuer).host : ''
  if (host.startsWith('login.')) return `https://${host}`
  return host === 'sts.chinacloudapi.cn'
    ? 'https://login.partner.microsoftonline.cn'
    : 'https://login.microsoftonline.com'
}
