// What every adapter's guard shares: one verification for each request, and the words to ask for its result.
import { AuthError } from '../errors.ts'
import type { RequestView } from '../http/request-view.ts'
import { type Policy, type PolicyLike, toPolicy } from '../policy/policy.ts'
import {
  type Authentication,
  createResourceServer,
  type ResourceServer,
  type ResourceServerOptions,
} from '../resource-server.ts'
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

interface Door<Q extends object, C> extends GuardedRequests<Q, C> {
  /** Lets in who is authenticated and allowed: resolves to the refusal otherwise. */
  admit(request: Q, policy: PolicyLike<VerifiedToken<C>, undefined> | undefined): Promise<AuthError | undefined>
  /** Lets in who is authenticated or anonymous: resolves to the refusal otherwise. */
  admitOptional(request: Q): Promise<AuthError | undefined>
}

export function createDoor<Q extends object, C>(api: ResourceServer<C>, view: (request: Q) => RequestView): Door<Q, C> {
  const views = new WeakMap<Q, RequestView>()
  const results = new WeakMap<Q, Authentication<C>>()

  function viewOf(request: Q): RequestView {
    const known = views.get(request) ?? view(request)
    views.set(request, known)
    return known
  }

  function keep(request: Q, result: Authentication<C>): AuthError | undefined {
    if (result.outcome === 'refused') return result.error
    results.set(request, result)
    // At run time only: no type is declared for it, since two libraries that declare `auth` clash.
    if (result.outcome === 'authenticated') Object.assign(request, { auth: result.auth })
    return undefined
  }

  function maybeAuth(request: Q): VerifiedToken<C> | undefined {
    const result = results.get(request)
    if (!result)
      throw new TypeError(
        'No guard of this createGuard() ran for this request: add guard() or guard.optional() before the handler.',
      )
    return result.outcome === 'authenticated' ? result.auth : undefined
  }

  function auth(request: Q): VerifiedToken<C> {
    const known = maybeAuth(request)
    if (!known) throw new AuthError('credential_missing', { challengeParams: { realm: api.realm } })
    return known
  }

  return {
    admit: async (request, policy) => keep(request, await api.guard(viewOf(request), policy)),
    async admitOptional(request) {
      const authentication = await api.authenticate(viewOf(request))
      // Who does authenticate must also satisfy the policy that the resource server always asks.
      const authenticated = authentication.outcome === 'authenticated'
      return keep(request, authenticated ? await api.guard(viewOf(request)) : authentication)
    },
    auth,
    maybeAuth,
    async require(request, policy, resource) {
      await api.require(auth(request), policy, resource)
      return resource
    },
  }
}

/** The policy of a route. @throws TypeError when one was meant and is not there: `policies.misspelt` must not let everybody in. */
export function routePolicy<A>(given: readonly [policy?: PolicyLike<A, undefined>]): Policy<A, undefined> | undefined {
  return given.length === 0 ? undefined : toPolicy(given[0] as PolicyLike<A, undefined>)
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
