// "claimcheck/express": the guard as Express middleware, for Express 4 and 5.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import { AuthError } from '../errors/auth-error.ts'
import { fromNode, type RequestView } from '../http/request-view.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { VerifiedToken } from '../verifier/verified-token.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import {
  checkOptionalGuard,
  createFrameworkGuard,
  type GuardAnswers,
  type GuardedRequests,
  type GuardOptions,
  handlerArguments,
  readGuardOptions,
  runGuard,
} from './guard.ts'

type RoutePolicy<C> = PolicyLike<VerifiedToken<C>, undefined>
/** The type that Express takes before any route, whatever its parameters are. */
type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void
type ErrorMiddleware = (
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void
type RouteParams = Request['params']
type Handler<C, P> = (req: Request<P>, res: Response, auth: VerifiedToken<C>) => unknown

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
  checkArgumentCount('createGuard()', arguments, 2)
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(options))
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): ExpressGuard<C> {
  const requests = createFrameworkGuard<IncomingMessage, C>(api, viewOf)

  function guard(...args: readonly unknown[]): Middleware {
    const route = requests.readRoute(args)
    return function claimcheckGuard(req, res, next) {
      runGuard(() => requests.authorizeRequest(req, route), answersOf(req, res, next))
    }
  }

  function optional(...args: readonly unknown[]): Middleware {
    checkOptionalGuard(args)
    return function claimcheckOptional(req, res, next) {
      runGuard(() => requests.authorizeOptional(req), answersOf(req, res, next))
    }
  }

  function handler<P extends RouteParams>(...args: readonly unknown[]): RequestHandler<P> {
    // Without the response a handler cannot answer, and the request would hang.
    const { policy, handle } = handlerArguments(args, 2)
    const route = requests.readRoute(policy)
    return function claimcheckHandler(req, res, next) {
      const run = async (): Promise<unknown> => (handle as Handler<C, P>)(req, res, requests.auth(req))
      const fail = (error: unknown): void => (answersRefusals ? answerError(error, req, res, next) : next(error))
      const runOrPass = (error?: unknown): void => (error ? next(error) : void run().catch(fail))
      runGuard(() => requests.authorizeRequest(req, route), answersOf(req, res, runOrPass))
    }
  }

  function metadata(): Middleware {
    return function claimcheckMetadata(req, res, next) {
      const found = requests.metadata(req)
      if (!found) return next()
      const { status, headers, body } = found
      // Not chained: responses that serverless adapters imitate do not return themselves.
      res.writeHead(status, { ...headers, ...(status !== 204 && { 'Content-Length': Buffer.byteLength(body) }) })
      res.end(body)
    }
  }

  function answersOf(req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): GuardAnswers {
    return {
      refuse: (error) => (answersRefusals ? send(req, res, error) : next(error)),
      letIn() {
        const headers = requests.answerHeaders(req)
        if (headers) for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
        next()
      },
      fail: next,
    }
  }

  function errors(...args: readonly unknown[]): ErrorMiddleware {
    checkArgumentCount('guard.errors()', args, 0)
    // Four parameters: Express knows error middleware by their number.
    return function claimcheckErrors(error, req, res, next) {
      answerError(error, req, res, next)
    }
  }

  function answerError(...[error, req, res, next]: Parameters<ErrorMiddleware>): void {
    if (error instanceof AuthError && !res.headersSent) send(req, res, error)
    else next(error)
  }

  function send(req: IncomingMessage, res: ServerResponse, error: AuthError): void {
    const { status, headers, body } = requests.challenge(req, error)
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
    res.end(body)
  }

  const { auth, maybeAuth, require } = requests
  return Object.assign(guard, { optional, handler, metadata, errors, auth, maybeAuth, require })
}

/** Below `app.use('/path', …)` Express takes the path off `url`; `originalUrl` is what the client called. */
function viewOf(req: IncomingMessage & { readonly originalUrl?: string; readonly id?: unknown }): RequestView {
  const view = fromNode(req)
  const url = req.originalUrl ?? view.url
  // Express has no id; loggers such as pino-http set one.
  const { id } = req
  return typeof id === 'string' || typeof id === 'number' ? { ...view, url, id: String(id) } : { ...view, url }
}
