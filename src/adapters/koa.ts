// "claimcheck/koa": the guard as Koa middleware.
import type { Middleware, ParameterizedContext } from 'koa'
import { AuthError } from '../errors/auth-error.ts'
import { viewNodeRequest, type RequestView } from '../http/request-view.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { checkOptionalGuard, type GuardOptions, handlerArguments, readGuardOptions } from './guard-arguments.ts'
import { createFrameworkGuard, type GuardedRequests } from './guard.ts'

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
  checkArgumentCount('createGuard()', arguments, 2)
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(options))
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): KoaGuard<C> {
  const attach = ({ state }: Context, auth: TokenByIssuer<unknown> | undefined): void => void (state.auth = auth)
  const requests = createFrameworkGuard<Context, C>(api, viewOf, { headersOf: (ctx) => ctx.headers, attach })

  function guard(...args: readonly unknown[]): Middleware {
    const route = requests.readRoute(args)
    return (ctx, next) => run(ctx, () => requests.authorizeRequest(ctx, route), next)
  }

  function optional(...args: readonly unknown[]): Middleware {
    checkOptionalGuard(args)
    return (ctx, next) => run(ctx, () => requests.authorizeOptional(ctx), next)
  }

  function handler(...args: readonly unknown[]): Middleware {
    const { policy, handle } = handlerArguments(args)
    const guarding = guard(...policy)
    const answer = async (ctx: Context): Promise<unknown> => (handle as Handler<C>)(ctx, requests.auth(ctx))
    return (ctx) => guarding(ctx, () => answer(ctx).catch((error: unknown) => refuse(ctx, error)))
  }

  async function run(
    ctx: Context,
    authorize: () => MaybePromise<AuthError | undefined>,
    next: () => Promise<unknown>,
  ): Promise<void> {
    // What other middleware has put there is no caller.
    attach(ctx, undefined)
    const error = await authorize()
    if (error) return refuse(ctx, error)
    ctx.set(requests.answerHeaders(ctx) ?? {})
    await next()
  }

  function refuse(ctx: Context, error: unknown): void {
    if (!answersRefusals) throw error
    respond(ctx, error)
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

  function errors(...args: readonly unknown[]): Middleware {
    checkArgumentCount('guard.errors()', args, 0)
    return async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        respond(ctx, error)
      }
    }
  }

  const { auth, maybeAuth, require } = requests
  return Object.assign(guard, { optional, handler, metadata, errors, auth, maybeAuth, require }) as KoaGuard<C>
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string
}

function send(ctx: Context, { status, headers, body }: Answer): void {
  ctx.status = status
  ctx.set(headers)
  ctx.body = body
}

/** Below a mount Koa takes the path off `url`; `originalUrl` is what the client called. */
function viewOf({ req, originalUrl }: Context): RequestView {
  return viewNodeRequest(req, req.headers, { url: originalUrl })
}
