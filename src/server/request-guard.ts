// The order of checks for a request: credential → token → policy → result. The result is a value, and comes in place where nothing waits:
// adapters need that for speed. Applications call the functions of resource-server.ts, which always give a promise.
import { AuthError, isAuthError } from '../errors/auth-error.ts'
import { pollutedError } from '../errors/polluted-error.ts'
import type { ChallengeParams } from '../errors/challenge.ts'
import type { Emit } from '../errors/events.ts'
import { type RefusalAnswer, refusalAnswer } from './response.ts'
import { readToken } from '../http/credentials.ts'
import { isPreflight, type RequestView } from '../http/request-view.ts'
import { ownMember } from '../internal/json.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import type { Decision } from '../policy/decision.ts'
import { ask, checkResource, type Policy, type PolicyQuery } from '../policy/policy.ts'
import { refusalOf, scopeParam } from './refusal.ts'
import type { MetadataResponse, PublishedMetadata } from './published-metadata.ts'
import { type Outcome, reportRefusal } from '../verifier/report.ts'
import type { RoutePolicies } from './route-policies.ts'
import type { Verify } from '../verifier/verify-token.ts'
import type { Watch } from '../verifier/watch.ts'
import type { TokenByIssuer, VerifiedToken } from '../verifier/verified-token.ts'

/** The outcome for a request's credential. `anonymous`: there is no credential, or one of another scheme. */
export type Authentication<C = Record<string, unknown>> =
  | {
      readonly outcome: 'authenticated'
      readonly auth: TokenByIssuer<C>
      /** Header lines for the answer, such as a nonce for the next proof. */
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly outcome: 'anonymous' }
  | { readonly outcome: 'refused'; readonly error: AuthError }

/** The outcome for a request, after its policy was asked. */
export type GuardResult<C> = Exclude<Authentication<C>, { readonly outcome: 'anonymous' }>

/** A resource server as adapters use it. It is in no public type: a result that must be looked at was an open door. */
export interface RequestGuard<C> {
  readonly routes: RoutePolicies<TokenByIssuer<C>>
  /** The headers that tokens come in besides `Authorization`. */
  readonly tokenHeaders: readonly string[]
  /** Verifies a token by itself. */
  readonly verify: Verify<C>
  /** The same guard with its checks watched, for `claimcheck explain`. It remembers no token of this one. */
  watched(watch: Watch): RequestGuard<C>
  /** Reads and verifies the credential of `request`. */
  authenticate(request: RequestView): MaybePromise<Authentication<C>>
  /** Asks the policy of a route, where there is one, about the caller of an authenticated request. Lets anonymous ones in if `optional`. */
  authorizeRequest<R>(
    request: RequestView,
    authentication: MaybePromise<Authentication<C>>,
    route: RouteQuery<C, R> & { readonly optional?: false },
  ): MaybePromise<GuardResult<C>>
  authorizeRequest<R>(
    request: RequestView,
    authentication: MaybePromise<Authentication<C>>,
    route: RouteQuery<C, R>,
  ): MaybePromise<Authentication<C>>
  /** The same for routes that are not optional: rejects with the AuthError of a refusal. */
  requireCaller<R>(
    request: RequestView,
    authentication: MaybePromise<Authentication<C>>,
    route: RouteQuery<C, R> & { readonly optional?: false },
  ): Promise<TokenByIssuer<C>>
  /** Asks a policy about a caller. Rejects with the AuthError to answer with unless it allows, or where the token has ended. */
  requirePolicy<R>(auth: TokenByIssuer<C>, query: PolicyOfCaller<C, R>): Promise<void>
  /** Reports a refusal that an edge makes itself, such as a gateway's for a target without a route. Returns it. */
  report(error: AuthError, request: RequestView): AuthError
  /** The answer for a refused request. */
  challenge(error: AuthError, request?: RequestView): RefusalAnswer
  /** The error for a request without a credential where one is needed. */
  anonymousError(request: RequestView): AuthError
  /** The answer when `request` asks for protected resource metadata, else `undefined`. */
  metadata(request: RequestView): MetadataResponse | undefined
}

/** The policy of a route, and the rest of its query. */
export interface RouteQuery<C, R> {
  readonly policy: Policy<TokenByIssuer<C>, R> | undefined
  /** `undefined` where nothing has been loaded yet. Its own: policies would read that of a polluted prototype. */
  readonly resource: R
  readonly signal?: AbortSignal
  /** Whether the route is open to requests without a credential. */
  readonly optional?: boolean
}

/** A handler's question about its caller. `request` decides which metadata the challenge names. */
export interface PolicyOfCaller<C, R> extends RouteQuery<C, R> {
  readonly policy: Policy<TokenByIssuer<C>, R>
  readonly request?: RequestView
}

export interface RequestGuardParts<C> {
  /** The reported refusal of a verified token whose times are over by now. */
  readonly endOf: (auth: TokenByIssuer<C>, request?: RequestView) => AuthError | undefined
  readonly verify: Verify<C>
  readonly watched: (watch: Watch) => Verify<C>
  readonly tokenHeaders: readonly string[]
  /** The auth-params of every challenge. */
  readonly challengeParams: (request?: RequestView) => ChallengeParams
  /** Whether a client without a token is told which scopes it needs. */
  readonly publishScopes: boolean
  readonly routes: RoutePolicies<TokenByIssuer<C>>
  readonly published: PublishedMetadata
  readonly emit: Emit
}

export function createRequestGuard<C>(parts: RequestGuardParts<C>): RequestGuard<C> {
  const { endOf, verify, tokenHeaders, challengeParams, publishScopes, routes, published, emit } = parts

  function authenticate(request: RequestView): MaybePromise<Authentication<C>> {
    routes.seal()
    const credential = readToken(request, tokenHeaders)
    if (credential === undefined) return { outcome: 'anonymous' }
    if ('reason' in credential)
      return refused(new AuthError(credential.reason, { challengeParams: challengeParams(request) }), request)
    const verified = verify(credential)
    return isPromise(verified) ? verified.then(toAuthentication) : toAuthentication(verified)
  }

  function authorizeRequest<R>(
    request: RequestView,
    authentication: MaybePromise<Authentication<C>>,
    route: RouteQuery<C, R>,
  ): MaybePromise<Authentication<C>> {
    const polluted = pollutedError()
    if (polluted) return refused(polluted, request)
    if (isPromise(authentication)) return authentication.then((later) => authorizeRequest(request, later, route))
    if (authentication.outcome === 'refused') return authentication
    if (authentication.outcome === 'anonymous')
      // Of its own: a polluted prototype must open no route.
      return ownMember(route, 'optional') ? authentication : refused(anonymousError(request, route.policy), request)
    const { policy } = route
    const { auth } = authentication
    if (!policy) return authentication
    const resultOf = (decision: Decision): Authentication<C> => {
      if (decision.effect === 'allow') return authentication
      const context = { auth: auth as VerifiedToken, policy, params: challengeParams(request) }
      return refused(refusalOf(decision, context), request)
    }
    const laterResultOf = (decision: Decision): Authentication<C> => {
      const late = pollutedError()
      if (late) return refused(late, request)
      // The token may end while a policy waits.
      const error = endOf(auth, request)
      return error ? { outcome: 'refused', error } : resultOf(decision)
    }
    const decision = ask(policy, queryOf(auth, route))
    return isPromise(decision) ? decision.then(laterResultOf) : resultOf(decision)
  }

  function anonymousError(request: RequestView, policy?: Pick<Policy, 'requires'>): AuthError {
    // Scopes alone: the login that a policy wants is not told before a token has been verified.
    const scopes = publishScopes ? scopeParam(policy?.requires) : {}
    return new AuthError('credential_missing', {
      hint: isPreflight(request) ? preflightHint : undefined,
      challengeParams: { ...challengeParams(request), ...scopes },
    })
  }

  async function requireCaller<R>(...asked: Parameters<typeof authorizeRequest<R>>): Promise<TokenByIssuer<C>> {
    const result = (await authorizeRequest(...asked)) as GuardResult<C>
    if (result.outcome === 'refused') throw result.error
    return result.auth
  }

  async function requirePolicy<R>(auth: TokenByIssuer<C>, query: PolicyOfCaller<C, R>): Promise<void> {
    const { request, resource } = query
    checkResource(resource)
    // The token may have ended since it was verified, such as on a connection that stays open.
    const caller = toAuthentication(endOf(auth, request) ?? auth)
    // Without a request: none is needed where there is a caller.
    await requireCaller(request as RequestView, caller, query)
  }

  function refused(
    error: AuthError,
    request?: RequestView,
  ): { readonly outcome: 'refused'; readonly error: AuthError } {
    return { outcome: 'refused', error: report(error, request) }
  }

  function report(error: AuthError, request?: RequestView): AuthError {
    return reportRefusal(emit, error, request)
  }

  return {
    routes,
    tokenHeaders,
    verify,
    watched: (watch) => createRequestGuard({ ...parts, verify: parts.watched(watch) }),
    authenticate,
    authorizeRequest: authorizeRequest as RequestGuard<C>['authorizeRequest'],
    requireCaller,
    requirePolicy,
    report,
    challenge: (error, request) => refusalAnswer(error, challengeParams(request)),
    anonymousError,
    metadata(request) {
      routes.seal()
      return published.answer(request)
    },
  }
}

const preflightHint = 'a CORS preflight never carries a token: put your CORS middleware before the guard'

// Not by spreading the route's query, which would take a third of a guard's time.
function queryOf<A, R>(
  auth: A,
  { resource, signal }: Pick<RouteQuery<unknown, R>, 'resource' | 'signal'>,
): PolicyQuery<A, R> {
  const query = { auth, resource } as PolicyQuery<A, R>
  return signal ? { ...query, signal } : query
}

function toAuthentication<C>(outcome: Outcome<TokenByIssuer<C>>): Authentication<C> {
  return isAuthError(outcome) ? { outcome: 'refused', error: outcome } : { outcome: 'authenticated', auth: outcome }
}
