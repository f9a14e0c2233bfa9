// The part that the guards of all adapters share: one verification for each request, and the functions that ask for its result.
import { AuthError } from '../errors/auth-error.ts'
import type { RefusalAnswer } from '../server/response.ts'
import type { RequestView } from '../http/request-view.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkOptionNames } from '../internal/options.ts'
import { type PolicyLike, toPolicy } from '../policy/policy.ts'
import type { Authentication, RequestGuard, RouteQuery } from '../server/request-guard.ts'
import type { RequireOptions } from '../server/authorize.ts'
import type { MetadataResponse } from '../server/published-metadata.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { checkGuardCall } from './guard-arguments.ts'
import { createRequestStates, type HeadersOf, type RequestState } from './request-state.ts'

/** The questions that a guard answers about a request of a framework, `Q`. */
export interface GuardedRequests<Q extends object, C> {
  /** The caller. @throws AuthError when the request is anonymous or was refused. @throws TypeError when no guard ran before. */
  auth(request: Q): TokenByIssuer<C>
  /** The caller, or `undefined` when the request is anonymous. @throws as `auth` does for a refused request, and where no guard ran. */
  maybeAuth(request: Q): TokenByIssuer<C> | undefined
  /**
   * Asks a policy about a loaded resource and resolves to it; rejects with the AuthError to answer with unless the policy allows.
   * Does not ask the default policy: the guard of the request has asked it, or its route has replaced it.
   */
  require<R>(
    request: Q,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource: R,
    options?: Pick<RequireOptions, 'signal'>,
  ): Promise<R>
}

type Refused = Extract<Authentication, { readonly outcome: 'refused' }>

/** The policy of a route, joined to the default one. A guard runs before anything is loaded, so there is no resource. */
type Route<C> = RouteQuery<C, undefined>

export interface FrameworkGuard<Q extends object, C> extends GuardedRequests<Q, C> {
  /** Lets authenticated callers in that the route's policy allows: gives the refusal of others. */
  authorizeRequest(request: Q, route: Route<C>): MaybePromise<AuthError | undefined>
  /** The same for authenticated callers by the default policy; anonymous ones are let in. */
  authorizeOptional(request: Q): MaybePromise<AuthError | undefined>
  /** Header lines for the answer of a request that was let in. */
  answerHeaders(request: Q): Readonly<Record<string, string>> | undefined
  /** The answer to a refused request. */
  challenge(request: Q, error: AuthError): RefusalAnswer
  /** The answer when the request asks for protected resource metadata, else `undefined`. */
  metadata(request: Q): MetadataResponse | undefined
  /** Reads the arguments of `guard()`: a policy, or nothing. @throws TypeError for a policy that is `undefined`, and for a second one. */
  readRoute(args: readonly unknown[]): Route<C>
}

/** What the requests of a framework have of their own. */
export interface RequestIdiom<Q> {
  /** Read where a view has `currentHeaders`, to see whether they have changed. */
  readonly headersOf: HeadersOf<Q>
  /**
   * Shows handlers the caller of a request, or that there is none any more. For their convenience, at run time: `guard.auth()` never
   * reads it, and no type is declared for it, since two libraries that declare `auth` clash.
   */
  readonly attach: (request: Q, auth: TokenByIssuer<unknown> | undefined) => void
}

/** The requests of most frameworks have `headers`, by their names in lower case, and take an `auth`. */
const plainRequests: RequestIdiom<{ readonly headers?: unknown }> = {
  headersOf: (request) => request.headers as ReturnType<HeadersOf<object>>,
  attach(request, auth) {
    // Not every request takes it: one may be frozen, or have an `auth` of its own with a getter alone.
    if (auth || Reflect.get(request, 'auth') !== undefined) Reflect.set(request, 'auth', auth)
  },
}

/** What the guards of all adapters do with a request of any framework, of which they know the view alone. */
export function createFrameworkGuard<Q extends object, C>(
  api: RequestGuard<C>,
  view: (request: Q) => RequestView,
  { headersOf, attach }: RequestIdiom<Q> = plainRequests,
): FrameworkGuard<Q, C> {
  const states = createRequestStates<Q, C>(['authorization', ...api.tokenHeaders], view, headersOf)
  const byDefault: Route<C> = { policy: api.routes.byDefault, resource: undefined }

  function stateOf(request: Q): RequestState<Q, C> {
    return states.get(request) ?? states.create(request)
  }

  /** The state for a guard that is about to run: a credential that has changed since another guard ran is verified anew. */
  function currentState(request: Q): RequestState<Q, C> {
    const earlier = states.get(request)
    if (!earlier) return states.create(request)
    if (states.isCurrent(earlier)) {
      if (outlivesToken(earlier.view)) earlier.authentication = undefined
      return earlier
    }
    // The caller of the earlier guard is gone, whatever this guard finds.
    if (earlier.result?.outcome === 'authenticated') attach(request, undefined)
    return states.create(request, earlier.result && { outcome: 'anonymous' })
  }

  function authenticate(state: RequestState<Q, C>): MaybePromise<Authentication<C>> {
    return (state.authentication ??= api.authenticate(state.view))
  }

  function authorize(state: RequestState<Q, C>, route: Route<C>): MaybePromise<AuthError | undefined> {
    const result = api.authorizeRequest(state.view, authenticate(state), route)
    return isPromise(result) ? result.then((later) => recordResult(later, state)) : recordResult(result, state)
  }

  function recordResult(result: Authentication<C>, state: RequestState<Q, C>): AuthError | undefined {
    if (result.outcome === 'refused') return recordRefusal(result, state)
    // Another guard has run meanwhile, with another credential: its caller was never asked about by this one.
    if (states.get(state.request) !== state)
      throw new TypeError(
        'The credential of the request changed while a guard verified it: run guards one after the other.',
      )
    state.result = result
    if (result.outcome === 'authenticated') attach(state.request, result.auth)
    return undefined
  }

  /** An error handler may go on to a handler: it finds no caller there, and no anonymous one. */
  function recordRefusal(result: Refused, state: RequestState<Q, C>): AuthError {
    state.result = result
    attach(state.request, undefined)
    return result.error
  }

  function maybeAuth(request: Q): TokenByIssuer<C> | undefined {
    const result = states.get(request)?.result
    if (!result)
      throw new TypeError(
        'No guard of this createGuard() ran for this request: add guard() or guard.optional() before the handler.',
      )
    if (result.outcome === 'refused') throw result.error
    return result.outcome === 'authenticated' ? result.auth : undefined
  }

  function auth(request: Q): TokenByIssuer<C> {
    const known = maybeAuth(request)
    if (!known)
      throw new AuthError('credential_missing', { challengeParams: api.challengeParams(stateOf(request).view) })
    return known
  }

  return {
    authorizeRequest: (request, route) => authorize(currentState(request), route),
    authorizeOptional(request) {
      const state = currentState(request)
      const decide = (authentication: Authentication<C>): MaybePromise<AuthError | undefined> =>
        // A caller that is there must also satisfy the default policy.
        authentication.outcome === 'authenticated' ? authorize(state, byDefault) : recordResult(authentication, state)
      const authentication = authenticate(state)
      return isPromise(authentication) ? authentication.then(decide) : decide(authentication)
    },
    answerHeaders(request) {
      const result = states.get(request)?.result
      return result?.outcome === 'authenticated' ? result.headers : undefined
    },
    auth,
    maybeAuth,
    async require(request, policy, resource, options = {}) {
      checkArgumentCount('guard.require()', arguments, 4)
      checkOptionNames('guard.require()', options, ['signal'])
      await api.requirePolicy(auth(request), {
        ...options,
        policy: toPolicy(policy),
        resource,
        request: stateOf(request).view,
      })
      return resource
    },
    challenge: (request, error) => api.challenge(error, stateOf(request).view),
    metadata: (request) => api.metadata(view(request)),
    readRoute(args) {
      checkGuardCall(args)
      if (args.length === 0) return byDefault
      const policy = args[0] as PolicyLike<TokenByIssuer<C>, undefined>
      api.routes.declare(policy)
      return { policy: api.routes.withDefault(policy), resource: undefined }
    },
  }
}

/**
 * True where the request was for a connection that stays open, such as a WebSocket. GraphQL runs the guard for each message on it: the
 * token may have expired, or been revoked, since the last.
 */
function outlivesToken({ method, headers }: RequestView): boolean {
  return method === 'CONNECT' || headers.some(([name]) => name.toLowerCase() === 'upgrade')
}
