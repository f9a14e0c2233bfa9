// "claimcheck/express": the guard as Express middleware, for Express 4 and 5.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import type { AuthError } from '../errors/auth-error.ts'
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
  handlerArguments,
  runGuard,
} from './guard.ts'

type RoutePolicy<C> = PolicyLike<VerifiedToken<C>, undefined>
/** The type that Express takes before any route, whatever its parameters are. */
type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void
type Handler<C, P> = (req: Request<P>, res: Response, auth: VerifiedToken<C>) => unknown

/** Guards Express routes. The verified token is also on `req.auth`, which no type declares: ask `guard.auth(req)`. */
export interface ExpressGuard<C = Record<string, unknown>> extends GuardedRequests<IncomingMessage, C> {
  /** Middleware that lets a request with a good token in that `policy`, where given, allows. */
  (policy?: RoutePolicy<C>): Middleware
  /** Middleware that lets a request without any credential in, too. A bad credential is still refused. */
  optional(): Middleware
  /** Guard and handler in one. Errors and rejections of the handler reach `next`, on Express 4 too. */
  handler<P>(handler: Handler<C, P>): RequestHandler<P>
  handler<P>(policy: RoutePolicy<C>, handler: Handler<C, P>): RequestHandler<P>
  /** Middleware that answers requests for protected resource metadata (RFC 9728) alone. Needs `app.use`, before any guard. */
  metadata(): Middleware
}

/**
 * Makes the guard of an Express API, from a resource server or the options for one.
 *
 * @example app.get('/orders', guard(scope('Orders.Read')), (req, res) => res.json(guard.auth(req).principal))
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
): ExpressGuard<ClaimsByIssuer<I, C>> {
  checkArgumentCount('createGuard()', arguments, 1)
  return createGuardOf(toRequestGuard(apiOrOptions))
}

function createGuardOf<C>(api: RequestGuard<C>): ExpressGuard<C> {
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

  function handler<P>(...args: readonly unknown[]): RequestHandler<P> {
    // Without the response a handler cannot answer, and the request would hang.
    const { policy, handle } = handlerArguments(args, 2)
    const route = requests.readRoute(policy)
    return function claimcheckHandler(req, res, next) {
      const run = async (): Promise<unknown> => (handle as Handler<C, P>)(req, res, requests.auth(req))
      const runOrPass = (error?: unknown): void => (error ? next(error) : void run().catch(next))
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
      refuse: (error) => send(req, res, error),
      letIn() {
        const headers = requests.answerHeaders(req)
        if (headers) for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
        next()
      },
      fail: next,
    }
  }

  function send(req: IncomingMessage, res: ServerResponse, error: AuthError): void {
    const { status, headers, body } = requests.challenge(req, error)
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
    res.end(body)
  }

  const { auth, maybeAuth, require } = requests
  return Object.assign(guard, { optional, handler, metadata, auth, maybeAuth, require })
}

/** Below `app.use('/path', …)` Express takes the path off `url`; `originalUrl` is what the client called. */
function viewOf(req: IncomingMessage & { readonly originalUrl?: string; readonly id?: unknown }): RequestView {
  const view = fromNode(req)
  const url = req.originalUrl ?? view.url
  // Express has no id; loggers such as pino-http set one.
  const { id } = req
  return typeof id === 'string' || typeof id === 'number' ? { ...view, url, id: String(id) } : { ...view, url }
}
