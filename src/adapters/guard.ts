// What every adapter's guard shares: one verification for each request, and the words to ask for its result.
import { AuthError } from '../errors/auth-error.ts'
import type { RefusalAnswer } from '../server/response.ts'
import type { RequestView } from '../http/request-view.ts'
import { after, type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount } from '../internal/options.ts'
import { ownMember } from '../internal/json.ts'
import { createPrivateSlot } from '../internal/private-slot.ts'
import { type Policy, type PolicyLike, toPolicy } from '../policy/policy.ts'
import { isBareRule } from '../policy/rules.ts'
import type { Authentication, RequestGuard } from '../server/request-guard.ts'
import {
  createResourceServer,
  requestGuardOf,
  type ResourceServer,
  type ResourceServerOptions,
} from '../server/resource-server.ts'
import type { MetadataResponse } from '../server/published-metadata.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { VerifiedToken } from '../verifier/verified-token.ts'
import type { IssuerOptions } from '../verifier/options.ts'

/** The questions that a guard answers about a request of a framework, `Q`. */
export interface GuardedRequests<Q extends object, C> {
  /** The caller. @throws AuthError 401 when the request is anonymous. @throws TypeError when no guard ran before. */
  auth(request: Q): VerifiedToken<C>
  /** The caller, or `undefined` when the request is anonymous. @throws TypeError when no guard ran before. */
  maybeAuth(request: Q): VerifiedToken<C> | undefined
  /**
   * Asks a policy about a loaded resource and resolves to it; rejects with the AuthError to answer with unless the policy allows.
   * Does not ask the default policy: the guard of the request has asked it, or its route has replaced it.
   */
  require<R>(request: Q, policy: PolicyLike<VerifiedToken<C>, R>, resource: R): Promise<R>
}

/** The policy of a route, joined to the default one; `undefined` where every verified caller may come. */
type RoutePolicy<C> = Policy<VerifiedToken<C>, undefined> | undefined

interface FrameworkGuard<Q extends object, C> extends GuardedRequests<Q, C> {
  /** Lets in who is authenticated and allowed: gives the refusal otherwise. */
  authorizeRequest(request: Q, policy: RoutePolicy<C>): MaybePromise<AuthError | undefined>
  /** Lets in who is authenticated or anonymous: gives the refusal otherwise. */
  authorizeOptional(request: Q): MaybePromise<AuthError | undefined>
  /** What to send for a refusal. */
  challenge(request: Q, error: AuthError): RefusalAnswer
  /** What to send when the request asks for protected resource metadata, else `undefined`. */
  metadata(request: Q): MetadataResponse | undefined
  /** Reads the arguments of `guard()`: a policy, or nothing. @throws TypeError for a policy that is `undefined`, and for a second one. */
  routePolicy(args: readonly unknown[]): RoutePolicy<C>
}

/** One request: how it is seen, and its caller as the last guard found it. */
interface RequestState<Q, C> {
  readonly request: Q
  readonly view: RequestView
  /** The values of the headers that a token can come in, when the request was seen. */
  readonly seen: readonly unknown[]
  result: Authentication<C> | undefined
}

/** The requests of every framework have these, by their names in lower case; the application may change or replace them. */
interface WithHeaders {
  readonly headers?: Readonly<Record<string, unknown>>
}

const noHeaders: NonNullable<WithHeaders['headers']> = {}

export function createFrameworkGuard<Q extends WithHeaders, C>(
  api: RequestGuard<C>,
  view: (request: Q) => RequestView,
): FrameworkGuard<Q, C> {
  const states = createPrivateSlot<RequestState<Q, C>>()
  const names = ['authorization', ...api.tokenHeaders]

  function stateOf(request: Q): RequestState<Q, C> {
    return states.get(request) ?? createState(request, undefined)
  }

  function createState(request: Q, admitted: Authentication<C> | undefined): RequestState<Q, C> {
    const { headers = noHeaders } = request
    const seen = names.map((name) => ownMember(headers, name))
    const state: RequestState<Q, C> = { request, view: view(request), seen, result: admitted }
    states.set(request, state)
    return state
  }

  // A loop: every further guard of a request comes by here.
  function hasChanged({ headers = noHeaders }: Q, seen: readonly unknown[]): boolean {
    for (let index = 0; index < names.length; index++) {
      if (ownMember(headers, names[index] as string) !== seen[index]) return true
    }
    return false
  }

  /** The same for a guard that is about to run: a credential that has changed since another ran is verified anew. */
  function currentState(request: Q): RequestState<Q, C> {
    const known = states.get(request)
    if (!known) return createState(request, undefined)
    if (!hasChanged(request, known.seen)) return known
    // The caller that the earlier guard found is gone, whatever this one finds.
    if (known.result?.outcome === 'authenticated') Reflect.set(request, 'auth', undefined)
    return createState(request, known.result && { outcome: 'anonymous' })
  }

  function recordResult(result: Authentication<C>, state: RequestState<Q, C>): AuthError | undefined {
    if (result.outcome === 'refused') return result.error
    state.result = result
    // At run time only: no type is declared for it, since two libraries that declare `auth` clash. Not every request takes it: one
    // may be frozen, or have an `auth` of its own with a getter alone. `guard.auth()` needs none of it.
    if (result.outcome === 'authenticated') Reflect.set(state.request, 'auth', result.auth)
    return undefined
  }

  function maybeAuth(request: Q): VerifiedToken<C> | undefined {
    const result = states.get(request)?.result
    if (!result)
      throw new TypeError(
        'No guard of this createGuard() ran for this request: add guard() or guard.optional() before the handler.',
      )
    return result.outcome === 'authenticated' ? result.auth : undefined
  }

  function auth(request: Q): VerifiedToken<C> {
    const known = maybeAuth(request)
    if (!known)
      throw new AuthError('credential_missing', { challengeParams: api.challengeParams(stateOf(request).view) })
    return known
  }

  return {
    authorizeRequest(request, policy) {
      const state = currentState(request)
      return after(api.authorizeRequest(state.view, policy, noResource), recordResult, state)
    },
    authorizeOptional(request) {
      const state = currentState(request)
      return after(api.authenticate(state.view), (authentication) => {
        if (authentication.outcome !== 'authenticated') return recordResult(authentication, state)
        // A caller that is there must also satisfy the default policy.
        return after(api.authorizeRequest(state.view, api.routes.byDefault, noResource), recordResult, state)
      })
    },
    auth,
    maybeAuth,
    async require(request, policy, resource) {
      checkArgumentCount('guard.require()', arguments, 3)
      await api.requirePolicy(auth(request), toPolicy(policy), { resource, request: stateOf(request).view })
      return resource
    },
    challenge: (request, error) => api.challenge(error, stateOf(request).view),
    metadata: (request) => api.metadata(view(request)),
    routePolicy(args) {
      checkArgumentCount('guard()', args, 1)
      if (args.length === 0) return api.routes.byDefault
      const policy = args[0] as PolicyLike<VerifiedToken<C>, undefined>
      api.routes.declare(policy)
      return api.routes.withDefault(policy)
    },
  }
}

// A guard runs before anything is loaded.
const noResource = { resource: undefined }

/** @throws TypeError when `guard.optional()` was given anything: a policy would be ignored, and the route open. */
export function checkOptionalGuard(args: ArrayLike<unknown>): void {
  if (args.length > 0)
    throw new TypeError(
      'guard.optional() takes no policy: ask one in the handler, by guard.require(), where guard.maybeAuth() gives a caller.',
    )
}

/**
 * Reads the arguments of `guard.handler()`: a policy or none, and a handler of at least `leastParameters`, or of none that it counts.
 *
 * @throws TypeError when there are more, and when the last is a policy: the handler was forgotten.
 */
export function handlerArguments(
  args: readonly unknown[],
  leastParameters = 0,
): {
  readonly policy: readonly unknown[]
  readonly handle: unknown
} {
  checkArgumentCount('guard.handler()', args, 2)
  const handle = args.at(-1)
  if (typeof handle !== 'function') throw new TypeError('guard.handler() needs a handler function.')
  if (isBareRule(handle) || (handle.length > 0 && handle.length < leastParameters)) {
    const name = handle.name || 'policy'
    throw new TypeError(
      `guard.handler() needs a handler that answers, which ${name} is not: write guard.handler(${name}, handler).`,
    )
  }
  return { policy: args.slice(0, -1), handle }
}

/**
 * Goes on with `next`, or `refuse`s, as soon as `admit` has decided: at once for a token that is remembered. What fails on the
 * way to a decision or to the refusal goes to `next`, which is called once: what it throws itself is the application's, and goes
 * where any error goes that a callback throws.
 */
export function runGuard(
  authorize: () => MaybePromise<AuthError | undefined>,
  refuse: (error: AuthError) => unknown,
  next: (error?: Error) => unknown,
): void {
  const fail = (failure: unknown): void => void next(asError(failure))
  const finish = (error: AuthError | undefined): void => {
    if (!error) return void next()
    try {
      refuse(error)
    } catch (failure) {
      // Such as an answer that somebody else has sent meanwhile.
      fail(failure)
    }
  }
  let result: MaybePromise<AuthError | undefined>
  try {
    result = authorize()
  } catch (failure) {
    return fail(failure)
  }
  // Nothing catches behind `act`: an error of what comes after would be taken for a failed decision, and go to `next` once more.
  if (isPromise(result)) void result.then(finish, fail)
  else finish(result)
}

/** Frameworks take nothing, and some words, for a call to go on: what failed must be an error. */
function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error('The request could not be decided.', { cause: failure })
}

/**
 * The form that adapters use of a resource server: of `apiOrOptions`, or of one that is made of these options.
 *
 * @throws TypeError for a copy of a resource server.
 */
export function toRequestGuard<I extends IssuerOptions, C>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
): RequestGuard<ClaimsByIssuer<I, C>> {
  const api =
    'authenticate' in Object(apiOrOptions)
      ? // Nothing is known of its issuers, and the claims are its own.
        (apiOrOptions as unknown as ResourceServer<ClaimsByIssuer<I, C>>)
      : createResourceServer<I, C>(apiOrOptions as ResourceServerOptions<I, C>)
  const found = requestGuardOf(api)
  if (found) return found
  throw new TypeError('createGuard() needs the very object that createResourceServer() has made, not a copy of it.')
}
