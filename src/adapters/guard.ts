// The part that the guards of all adapters share: one verification for each request, and the functions that ask for its result.
import type { AuthError } from '../errors/auth-error.ts'
import type { RefusalAnswer } from '../server/response.ts'
import type { RequestView } from '../http/request-view.ts'
import { ownMember } from '../internal/json.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkOptions } from '../internal/options.ts'
import { type PolicyLike, toPolicy } from '../policy/policy.ts'
import type { Authentication, RequestGuard, RouteQuery } from '../server/request-guard.ts'
import type { RequireOptions } from '../server/authorize.ts'
import type { MetadataResponse } from '../server/published-metadata.ts'
import type { TokenByIssuer, VerifiedToken } from '../verifier/verified-token.ts'
import { checkGuardCall, checkOptionalGuard, readHandler } from './guard-arguments.ts'
import { type Attach, callerOf, createRequestStates } from './request-state.ts'

/** The questions that a guard answers about a request of a framework, `Q`. */
export interface GuardedRequests<Q extends object, C> {
  /** The caller. @throws AuthError when the request is anonymous or was refused. @throws TypeError when no guard ran before. */
  auth(request: Q): TokenByIssuer<C>
  /** The caller, or `undefined` when the request is anonymous. @throws as `auth` does for a refused request, and where no guard ran. */
  maybeAuth(request: Q): TokenByIssuer<C> | undefined
  /**
   * Asks a policy about a loaded resource and resolves to it; rejects with the AuthError to answer with unless the policy allows.
   * Does not ask the default policy: the guard of the request has asked it, or its route has replaced it. Refuses a caller whose token has
   * ended meanwhile, such as on an open WebSocket.
   */
  require<R>(
    request: Q,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource: R,
    options?: Pick<RequireOptions, 'signal'>,
  ): Promise<R>
}

/**
 * The policy of a route, joined to the default one. A guard runs before anything is loaded, so there is no resource. An optional route
 * lets anonymous callers in, too.
 */
export type Route<C> = RouteQuery<C, undefined>

/** Adds header lines to the answer of a request that is let in. */
export type AddHeaders = (headers: Readonly<Record<string, string>>) => unknown

export interface FrameworkGuard<Q extends object, C> {
  /** What users ask. */
  readonly questions: GuardedRequests<Q, C>
  /**
   * Lets callers in that the route allows, with header lines for their answer. A handler gets the caller of this result: by then another
   * guard of the same request may have run.
   */
  authorize(request: Q, route: Route<C>, addHeaders?: AddHeaders): MaybePromise<Authentication<C>>
  /** The answer to a refused request. */
  challenge(request: Q, error: AuthError): RefusalAnswer
  /** The answer when the request asks for protected resource metadata, else `undefined`. */
  metadata(request: Q): MetadataResponse | undefined
  /** Reads the arguments of `guard()`: a policy, or nothing. @throws TypeError for a policy that is `undefined`, and for a second one. */
  readRoute(args: readonly unknown[]): Route<C>
}

/** Most requests take an `auth`. One may be frozen, or have an `auth` of its own with a getter alone. */
export function attachAuth(request: object, auth: VerifiedToken<unknown> | undefined): void {
  const isThere = 'auth' in request
  if (!auth && !isThere) return
  // Reflect.set takes half a microsecond more (Express, Node 24).
  if (isThere || !Object.isExtensible(request)) Reflect.set(request, 'auth', auth)
  else (request as { auth?: unknown }).auth = auth
}

/** What the guards of all adapters do with a request of any framework, of which they know the view alone. */
export function createFrameworkGuard<Q extends object, C>(
  api: RequestGuard<C>,
  viewOf: (request: Q) => RequestView,
  attach: Attach<Q>,
): FrameworkGuard<Q, C> {
  const states = createRequestStates<Q, C>(['authorization', ...api.tokenHeaders], viewOf, attach)
  const byDefault: Route<C> = { policy: api.routes.byDefault, resource: undefined }

  function authorize(request: Q, route: Route<C>, addHeaders?: AddHeaders): MaybePromise<Authentication<C>> {
    const state = states.current(request)
    const authentication = (state.authentication ??= api.authenticate(state.view))
    const authorized = api.authorizeRequest(state.view, authentication, route)
    const record = (result: Authentication<C>): Authentication<C> => {
      // Another guard has run meanwhile, with another credential: its caller was never asked about by this one.
      if (result.outcome !== 'refused' && states.get(request) !== state)
        throw new TypeError('The credential changed while a guard ran: run guards one after the other.')
      state.result = result
      // After a refusal, error handling may go on to a handler: it finds no caller there, and no anonymous one.
      attach(request, callerOf(result))
      const headers = result.outcome === 'authenticated' && ownMember(result, 'headers')
      if (headers) addHeaders?.(headers)
      return result
    }
    return isPromise(authorized) ? authorized.then(record) : record(authorized)
  }

  function maybeAuth(request: Q): TokenByIssuer<C> | undefined {
    const result = states.get(request)?.result
    if (!result)
      throw new TypeError('No guard of this createGuard() ran: add guard() or guard.optional() before the handler.')
    if (result.outcome === 'refused') throw result.error
    return callerOf(result)
  }

  function auth(request: Q): TokenByIssuer<C> {
    const known = maybeAuth(request)
    if (!known) throw api.anonymousError(knownView(request))
    return known
  }

  function knownView(request: Q): RequestView {
    return states.get(request)?.view ?? viewOf(request)
  }

  return {
    authorize,
    questions: {
      auth,
      maybeAuth,
      async require(request, policy, resource, options = {}) {
        checkOptions('guard.require()', arguments, ['signal'], 3)
        const query = { ...options, policy: toPolicy(policy), resource, request: knownView(request) }
        await api.requirePolicy(auth(request), query)
        return resource
      },
    },
    challenge: (request, error) => api.challenge(error, knownView(request)),
    metadata: (request) => api.metadata(viewOf(request)),
    readRoute(args) {
      checkGuardCall(args)
      if (args.length === 0) return byDefault
      const policy = args[0] as PolicyLike<TokenByIssuer<C>, undefined>
      api.routes.declare(policy)
      return { ...byDefault, policy: api.routes.withDefault(policy) }
    },
  }
}

type Arguments = readonly unknown[]

/** What a framework runs for its requests, `H`, and how an adapter makes it. */
interface Hooks<C, H, M, E> {
  /** Runs a guard; then `handle`, where there is one, which answers. */
  protect(route: Route<C>, handle?: Handle): H
  /** Answers requests for metadata. */
  metadata(): M
  /** The error handler of `guard.errors()`. */
  readonly onError: E
  /** Whether a function that was given for a handler can be none. */
  isNoHandler(handle: Handle): boolean
}

/** A handler of users: the arguments of the framework, with the caller at the place that the adapter promises. */
export type Handle = (...args: readonly unknown[]) => unknown

/** A guard whose arguments each adapter gives their types. */
export interface AnyGuard<Q extends object, C, H, M, E> extends GuardedRequests<Q, C> {
  (...args: Arguments): H
  optional(...args: Arguments): H
  handler(...args: Arguments): H
  metadata(): M
  errors(...args: Arguments): E
}

/** The functions that users call, which are the same in all adapters. */
export function createGuardFunctions<Q extends object, C, H, M, E>(
  { readRoute, questions }: FrameworkGuard<Q, C>,
  { protect, metadata, onError, isNoHandler }: Hooks<C, H, M, E>,
): AnyGuard<Q, C, H, M, E> {
  return Object.assign((...args: Arguments): H => protect(readRoute(args)), {
    optional(...args: Arguments): H {
      checkOptionalGuard(args)
      // A caller that is there must also satisfy the default policy.
      return protect({ ...readRoute(args), optional: true })
    },
    handler(...args: Arguments): H {
      const handle = readHandler(args, isNoHandler)
      return protect(readRoute(args.slice(0, -1)), handle)
    },
    metadata,
    errors(...args: Arguments): E {
      checkArgumentCount('guard.errors()', args, 0)
      return onError
    },
    ...questions,
  })
}
