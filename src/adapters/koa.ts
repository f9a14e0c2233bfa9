// "claimcheck/koa": the guard as Koa middleware.
import type { Middleware, ParameterizedContext } from 'koa'
import { AuthError } from '../errors/auth-error.ts'
import { type RequestView, viewNodeRequest } from '../http/request-view.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { TokenByIssuer, VerifiedToken } from '../verifier/verified-token.ts'
import type { MetadataResponse } from '../server/published-metadata.ts'
import type { RefusalAnswer } from '../server/response.ts'
import { isBareRule } from '../policy/rules.ts'
import { type GuardOptions, readGuardOptions } from './guard-arguments.ts'
import { createFrameworkGuard, createGuardFunctions, type GuardedRequests, type Handle, type Route } from './guard.ts'
import { callerOf } from './request-state.ts'

type RoutePolicy<C> = PolicyLike<TokenByIssuer<C>, undefined>
type Context = ParameterizedContext
/** Middleware behind which `ctx.state.auth` is an `A`. */
type Guarding<A> = Middleware<{ auth: A }>
type Handler<C> = (ctx: Context, auth: TokenByIssuer<C>) => unknown

/** Guards Koa routes. The verified token is also `ctx.state.auth`. */
export interface KoaGuard<C = Record<string, unknown>> extends GuardedRequests<Context, C> {
  /** Middleware that lets a request with a good token in that `policy`, where given, allows. */
  (policy?: RoutePolicy<C>): Guarding<TokenByIssuer<C>>
  /** Middleware that lets a request without any credential in, too. A bad credential is still refused. */
  optional(): Guarding<TokenByIssuer<C> | undefined>
  /** Guard and handler in one. An AuthError that the handler throws is answered as the guard would; other errors go to Koa. */
  handler(handler: Handler<C>): Middleware
  handler(policy: RoutePolicy<C>, handler: Handler<C>): Middleware
  /** Middleware that answers requests for protected resource metadata (RFC 9728) alone. Goes before any guard. */
  metadata(): Middleware
  /**
   * Middleware that answers an AuthError as the guard would: one that `guard.require()`, `guard.auth()` or `verifyToken()` threw in
   * middleware behind it. Throws every other error on, and every error where the answer has begun. Goes before the routes.
   */
  errors(): Middleware
}

/**
 * Makes the guard of a Koa application, from a resource server or the options for one.
 *
 * @example router.get('/orders', guard(scope('Orders.Read')), (ctx) => (ctx.body = guard.auth(ctx).principal))
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
  options?: GuardOptions,
): KoaGuard<ClaimsByIssuer<I, C>> {
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(arguments, options))
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): KoaGuard<C> {
  const requests = createFrameworkGuard<Context, C>(api, viewOf, attach)
  function protect(route: Route<C>, handle?: Handle): Middleware {
    const fail = (ctx: Context, error: unknown): void => {
      if (!answersRefusals) throw error
      respond(ctx, error)
    }
    const run = async (ctx: Context, caller: unknown): Promise<unknown> => handle?.(ctx, caller)
    return async (ctx, next) => {
      const result = await requests.authorize(ctx, route, (headers) => ctx.set(headers))
      if (result.outcome === 'refused') fail(ctx, result.error)
      else await (handle ? run(ctx, callerOf(result)).catch((failure: unknown) => fail(ctx, failure)) : next())
    }
  }

  function respond(ctx: Context, error: unknown): void {
    if (!(error instanceof AuthError) || ctx.headerSent) throw error
    send(ctx, requests.challenge(ctx, error))
  }

  function metadata(): Middleware {
    return async (ctx, next) => {
      const found = requests.metadata(ctx)
      if (found) send(ctx, found)
      else await next()
    }
  }

  const onError: Middleware = async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      respond(ctx, error)
    }
  }

  return createGuardFunctions(requests, { protect, metadata, onError, isNoHandler: isBareRule }) as KoaGuard<C>
}

function attach({ state }: Context, auth: VerifiedToken<unknown> | undefined): void {
  state.auth = auth
}

function send(ctx: Context, { status, headers, body }: RefusalAnswer | MetadataResponse): void {
  ctx.status = status
  ctx.set(headers)
  ctx.body = body
}

/** Below a mount Koa takes the path off `url`; `originalUrl` is what the client called. */
function viewOf({ req, originalUrl }: Context): RequestView {
  // Express, with this application below a mount, has taken the path off before.
  return viewNodeRequest(req, req.headers, { url: (req as { originalUrl?: string }).originalUrl ?? originalUrl })
}
