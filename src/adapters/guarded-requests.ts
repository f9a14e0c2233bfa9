// What every adapter's guard shares: one verification for each request, and the words to ask for its result.
import { AuthError } from '../errors.ts'
import type { RefusalResponse } from '../http/challenge.ts'
import type { RequestView } from '../http/request-view.ts'
import { after, type Eventually, isPromise } from '../internal/eventually.ts'
import { createPrivateSlot } from '../internal/private-slot.ts'
import { type PolicyLike, toPolicy } from '../policy/policy.ts'
import {
  type Authentication,
  createResourceServer,
  type ResourceServer,
  type ResourceServerOptions,
} from '../resource-server.ts'
import type { MetadataResponse } from '../published-metadata.ts'
import type { ClaimsByIssuer } from '../trust/typed-issuer.ts'
import type { VerifiedToken } from '../verified-token.ts'
import type { IssuerOptions } from '../verifier-options.ts'

/** The questions that a guard answers about a request of a framework, `Q`. */
export interface GuardedRequests<Q extends object, C> {
  /** The caller. @throws AuthError 401 when the request is anonymous. @throws TypeError when no guard ran before. */
  auth(request: Q): VerifiedToken<C>
  /** The caller, or `undefined` when the request is anonymous. @throws TypeError when no guard ran before. */
  maybeAuth(request: Q): VerifiedToken<C> | undefined
  /** Asks a policy about a loaded resource and resolves to it. @throws AuthError when the policy does not allow. */
  require<R>(request: Q, policy: PolicyLike<VerifiedToken<C>, R>, resource: R): Promise<R>
}

type RoutePolicy<C> = PolicyLike<VerifiedToken<C>, undefined>

interface Door<Q extends object, C> extends GuardedRequests<Q, C> {
  /** Lets in who is authenticated and allowed: gives the refusal otherwise. */
  admit(request: Q, policy: PolicyLike<VerifiedToken<C>, undefined> | undefined): Eventually<AuthError | undefined>
  /** Lets in who is authenticated or anonymous: gives the refusal otherwise. */
  admitOptional(request: Q): Eventually<AuthError | undefined>
  /** What to send for a refusal. */
  challenge(request: Q, error: AuthError): RefusalResponse
  /** What to send when the request asks for protected resource metadata, else `undefined`. */
  metadata(request: Q): MetadataResponse | undefined
  /** The policy of a route. @throws TypeError when one was meant and is not there: `policies.misspelt` must not let everybody in. */
  routePolicy(given: readonly [policy?: RoutePolicy<C>]): RoutePolicy<C> | undefined
}

/** One request: how it is seen, and who has come in with it, once somebody has. */
interface Visit<Q, C> {
  readonly request: Q
  readonly view: RequestView
  admitted: Authentication<C> | undefined
}

export function createDoor<Q extends object, C>(api: ResourceServer<C>, view: (request: Q) => RequestView): Door<Q, C> {
  const visits = createPrivateSlot<Visit<Q, C>>()

  function visitOf(request: Q): Visit<Q, C> {
    const known = visits.get(request)
    if (known) return known
    const visit: Visit<Q, C> = { request, view: view(request), admitted: undefined }
    visits.set(request, visit)
    return visit
  }

  function keep(result: Authentication<C>, visit: Visit<Q, C>): AuthError | undefined {
    if (result.outcome === 'refused') return result.error
    visit.admitted = result
    // At run time only: no type is declared for it, since two libraries that declare `auth` clash. Not every request takes it: one
    // may be frozen, or have an `auth` of its own with a getter alone. `guard.auth()` needs none of it.
    if (result.outcome === 'authenticated') Reflect.set(visit.request, 'auth', result.auth)
    return undefined
  }

  function maybeAuth(request: Q): VerifiedToken<C> | undefined {
    const result = visits.get(request)?.admitted
    if (!result)
      throw new TypeError(
        'No guard of this createGuard() ran for this request: add guard() or guard.optional() before the handler.',
      )
    return result.outcome === 'authenticated' ? result.auth : undefined
  }

  function auth(request: Q): VerifiedToken<C> {
    const known = maybeAuth(request)
    if (!known)
      throw new AuthError('credential_missing', { challengeParams: api.challengeParams(visitOf(request).view) })
    return known
  }

  return {
    admit(request, policy) {
      const visit = visitOf(request)
      return after(api.guard(visit.view, policy), keep, visit)
    },
    admitOptional(request) {
      const visit = visitOf(request)
      return after(api.authenticate(visit.view), (authentication) => {
        if (authentication.outcome !== 'authenticated') return keep(authentication, visit)
        // Who does authenticate must also satisfy the policy that the resource server always asks.
        return after(api.guard(visit.view), keep, visit)
      })
    },
    auth,
    maybeAuth,
    async require(request, policy, resource) {
      await api.require(auth(request), policy, resource, visitOf(request).view)
      return resource
    },
    challenge: (request, error) => api.challenge(error, visitOf(request).view),
    metadata: (request) => api.metadata(view(request)),
    routePolicy(given) {
      if (given.length === 0) return undefined
      const policy = toPolicy(given[0] as RoutePolicy<C>)
      api.declare(policy)
      return policy
    },
  }
}

/**
 * Goes on with `next`, or `refuse`s, as soon as `admit` has decided: at once for a token that is remembered. What fails on the
 * way to a decision or to the refusal goes to `next`, which is called once: what it throws itself is the application's, and goes
 * where any error goes that a callback throws.
 */
export function decide(
  admit: () => Eventually<AuthError | undefined>,
  refuse: (error: AuthError) => unknown,
  next: (error?: Error) => unknown,
): void {
  const fail = (failure: unknown): void => void next(asError(failure))
  const act = (error: AuthError | undefined): void => {
    if (!error) return void next()
    try {
      refuse(error)
    } catch (failure) {
      // Such as an answer that somebody else has sent meanwhile.
      fail(failure)
    }
  }
  let admission: Eventually<AuthError | undefined>
  try {
    admission = admit()
  } catch (failure) {
    return fail(failure)
  }
  // Nothing catches behind `act`: an error of what comes after would be taken for a failed decision, and go to `next` once more.
  if (isPromise(admission)) void admission.then(act, fail)
  else act(admission)
}

/** Frameworks take nothing, and some words, for a call to go on: what failed must be an error. */
function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error('The request could not be decided.', { cause: failure })
}

/** The resource server that `apiOrOptions` is, or describes. */
export function toResourceServer<I extends IssuerOptions, C>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
): ResourceServer<ClaimsByIssuer<I, C>> {
  // Where it is a resource server already, nothing is known of its issuers, and the claims are its own.
  return 'authenticate' in apiOrOptions
    ? (apiOrOptions as unknown as ResourceServer<ClaimsByIssuer<I, C>>)
    : createResourceServer<I, C>(apiOrOptions)
}
