// "claimcheck/web": the guard for `Request → Response`, as Next.js, SvelteKit, Astro, Bun, Deno and Workers have it.
import { AuthError } from '../errors/auth-error.ts'
import { fromWeb } from '../http/request-view.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import { toWeb, withHeaderLines } from '../server/response.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { isBareRule } from '../policy/rules.ts'
import { type GuardOptions, readGuardOptions } from './guard-arguments.ts'
import {
  attachAuth,
  createFrameworkGuard,
  createGuardFunctions,
  type GuardedRequests,
  type Handle,
  type Route,
} from './guard.ts'
import { callerOf } from './request-state.ts'

type RoutePolicy<C> = PolicyLike<TokenByIssuer<C>, undefined>
/** Middleware as SvelteKit (`resolve`) and Astro (`next`) have it. */
type Middleware<A extends readonly unknown[]> = (
  request: Request,
  next: (...auth: A) => Response | Promise<Response>,
) => Promise<Response>
/** `A`: what the framework gives a handler besides the request, such as the `context` of Next.js, or `env` and `ctx` of Workers. */
type Handler<C, Q extends Request, A extends readonly unknown[]> = (
  request: Q,
  auth: TokenByIssuer<C>,
  ...args: A
) => Response | Promise<Response>
/** Both of these at run time. */
type Hook = (request: Request, ...rest: readonly unknown[]) => Promise<Response>
type RouteHandler<Q extends Request, A extends readonly unknown[]> = (request: Q, ...args: A) => Promise<Response>

/** Guards Fetch API requests. The verified token is also on `request.auth`, which no type declares: ask `guard.auth(request)`. */
export interface WebGuard<C = Record<string, unknown>> extends GuardedRequests<Request, C> {
  /** Middleware that calls `next` for a request with a good token in that `policy`, where given, allows, and answers every other. */
  (policy?: RoutePolicy<C>): Middleware<[auth: TokenByIssuer<C>]>
  /** Middleware that calls `next` for a request without any credential, too. A bad credential is still refused. */
  optional(): Middleware<[auth: TokenByIssuer<C> | undefined]>
  /**
   * Guard and handler in one. An AuthError that the handler throws is answered as the guard would; every other error rejects. What the
   * framework gives after the request comes after `auth`.
   */
  handler<Q extends Request, A extends readonly unknown[]>(handler: Handler<C, Q, A>): RouteHandler<Q, A>
  handler<Q extends Request, A extends readonly unknown[]>(
    policy: RoutePolicy<C>,
    handler: Handler<C, Q, A>,
  ): RouteHandler<Q, A>
  /** Middleware that answers requests for protected resource metadata (RFC 9728) alone. Goes before any guard. */
  metadata(): Middleware<[]>
  /** Makes the answer that the guard would give from an AuthError, such as one of `verifyToken()`. Throws every other error on. */
  errors(): (error: unknown, request: Request) => Response
}

/**
 * Makes the guard of an API that takes Fetch API requests, from a resource server or the options for one. A `Headers` joins lines of one
 * name: two `Authorization` lines are refused all the same, unless the framework has dropped one before it made the request.
 *
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
  options?: GuardOptions,
): WebGuard<ClaimsByIssuer<I, C>> {
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(arguments, options))
}

/** A response that a handler has fetched takes no header: so a copy gets them. */
function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const copy = new Response(response.body, response)
  for (const line of Object.entries(headers)) copy.headers.append(...line)
  return copy
}

/**
 * Guards one route handler: `createGuard(api).handler(policy, handler)` for APIs that need no more of a guard.
 *
 * @example export const GET = withAuth(api, scope('Orders.Read'), (request, auth) => Response.json(auth.principal))
 * @throws TypeError for anything that is no policy, and without a handler.
 */
export function withAuth<C, Q extends Request, A extends readonly unknown[]>(
  api: ResourceServer<C>,
  handler: Handler<C, Q, A>,
): RouteHandler<Q, A>
export function withAuth<C, Q extends Request, A extends readonly unknown[]>(
  api: ResourceServer<C>,
  policy: RoutePolicy<C>,
  handler: Handler<C, Q, A>,
): RouteHandler<Q, A>
export function withAuth(api: ResourceServer, ...args: readonly unknown[]): RouteHandler<Request, readonly unknown[]> {
  return (createGuard(api).handler as (...args: readonly unknown[]) => ReturnType<typeof withAuth>)(...args)
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): WebGuard<C> {
  const requests = createFrameworkGuard<Request, C>(api, fromWeb, attachAuth)
  function protect(route: Route<C>, handle?: Handle): Hook {
    const fail = (error: unknown, request: Request): Response => {
      if (answersRefusals) return onError(error, request)
      throw error
    }
    return async (request, ...rest) => {
      let added: Readonly<Record<string, string>> | undefined
      const result = await requests.authorize(request, route, (headers) => (added = headers))
      if (result.outcome === 'refused') return fail(result.error, request)
      const caller = callerOf(result)
      const run = async (): Promise<unknown> => handle?.(request, caller, ...rest)
      const next = rest[0] as (auth: TokenByIssuer<C> | undefined) => unknown
      const response = (await (handle
        ? run().catch((failure: unknown) => fail(failure, request))
        : next(caller))) as Response
      return added ? withHeaders(response, added) : response
    }
  }

  function metadata(): Hook {
    return async (request, next) => {
      const found = requests.metadata(request)
      return found ? toWeb(found, request) : (next as () => Response)()
    }
  }

  function onError(error: unknown, request: Request): Response {
    if (!(error instanceof AuthError)) throw error
    return toWeb(withHeaderLines(requests.challenge(request, error)), request)
  }

  return createGuardFunctions(requests, {
    protect,
    metadata,
    onError,
    isNoHandler: isBareRule,
  }) as WebGuard<C>
}
