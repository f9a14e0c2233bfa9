// "claimcheck/express": the guard as Express middleware, for Express 4 and 5.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import type { PolicyLike } from '../policy/policy.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import { type GuardOptions, readGuardOptions } from './guard-arguments.ts'
import type { GuardedRequests } from './guard.ts'
import { createMiddleware } from './middleware.ts'

// Of this file, so that the declarations of users need not name them.
type Next = (error?: unknown) => void
type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void
type ErrorMiddleware = (error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void
type RoutePolicy<C> = PolicyLike<TokenByIssuer<C>, undefined>
type RouteParams = Request['params']
type Handler<C, P> = (req: Request<P>, res: Response, auth: TokenByIssuer<C>) => unknown

/** Guards Express routes. The verified token is also on `req.auth`, which no type declares: ask `guard.auth(req)`. */
export interface ExpressGuard<C = Record<string, unknown>> extends GuardedRequests<IncomingMessage, C> {
  /** Middleware that lets a request with a good token in that `policy`, where given, allows. */
  (policy?: RoutePolicy<C>): Middleware
  /** Middleware that lets a request without any credential in, too. A bad credential is still refused. */
  optional(): Middleware
  /**
   * Guard and handler in one. An AuthError that the handler throws is answered as the guard would. Other errors and rejections reach
   * `next`, on Express 4 too.
   */
  handler<P extends RouteParams = RouteParams>(handler: Handler<C, P>): RequestHandler<P>
  handler<P extends RouteParams = RouteParams>(policy: RoutePolicy<C>, handler: Handler<C, P>): RequestHandler<P>
  /** Middleware that answers requests for protected resource metadata (RFC 9728) alone. Needs `app.use`, before any guard. */
  metadata(): Middleware
  /**
   * Error middleware that answers an AuthError as the guard would: one that `guard.require()`, `guard.auth()` or `verifyToken()` threw in a
   * plain handler. Passes every other error on, and every error where the answer has begun. Goes behind the routes.
   */
  errors(): ErrorMiddleware
}

/**
 * Makes the guard of an Express API, from a resource server or the options for one.
 *
 * @example app.get('/orders', guard(scope('Orders.Read')), (req, res) => res.json(guard.auth(req).principal))
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
  options?: GuardOptions,
): ExpressGuard<ClaimsByIssuer<I, C>> {
  const api = toRequestGuard(apiOrOptions)
  return createMiddleware(api, readGuardOptions(arguments, options)).guard as ExpressGuard<ClaimsByIssuer<I, C>>
}
