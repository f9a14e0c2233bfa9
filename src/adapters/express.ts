// "claimcheck/express": the guard as Express middleware, for Express 4 and 5.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import type { AuthError } from '../errors.ts'
import { fromNode } from '../http/request-view.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { ResourceServer, ResourceServerOptions } from '../resource-server.ts'
import type { ClaimsByIssuer } from '../trust/typed-issuer.ts'
import type { VerifiedToken } from '../verified-token.ts'
import type { IssuerOptions } from '../verifier-options.ts'
import { createDoor, type GuardedRequests, routePolicy, toResourceServer } from './guarded-requests.ts'

type RoutePolicy<C> = PolicyLike<VerifiedToken<C>, undefined>
/** What Express accepts before any route, whatever its parameters. */
type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void
type Handler<C, P> = (req: Request<P>, res: Response, auth: VerifiedToken<C>) => unknown

/** Guards Express routes. The verified token is also on `req.auth`, which no type declares: ask `guard.auth(req)`. */
export interface ExpressGuard<C = Record<string, unknown>> extends GuardedRequests<IncomingMessage, C> {
  /** Middleware that lets in who has a good token and, where given, is allowed by `policy`. */
  (policy?: RoutePolicy<C>): Middleware
  /** Middleware that also lets in who brings no credential at all. A bad credential is still refused. */
  optional(): Middleware
  /** Guard and handler in one. What the handler throws or rejects with reaches `next`, on Express 4 too. */
  handler<P>(handler: Handler<C, P>): RequestHandler<P>
  handler<P>(policy: RoutePolicy<C>, handler: Handler<C, P>): RequestHandler<P>
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
  return createGuardOf(toResourceServer(apiOrOptions))
}

function createGuardOf<C>(api: ResourceServer<C>): ExpressGuard<C> {
  const door = createDoor<IncomingMessage, C>(api, fromNode)

  function guard(...policy: [policy?: RoutePolicy<C>]): Middleware {
    const checked = routePolicy(policy)
    return function claimcheckGuard(req, res, next) {
      door
        .admit(req, checked)
        .then((error) => (error ? send(res, error) : next()))
        .catch(next)
    }
  }

  function optional(): Middleware {
    return function claimcheckOptional(req, res, next) {
      door
        .admitOptional(req)
        .then((error) => (error ? send(res, error) : next()))
        .catch(next)
    }
  }

  function handler<P>(...args: [Handler<C, P>] | [RoutePolicy<C>, Handler<C, P>]): RequestHandler<P> {
    const handle = args.at(-1)
    const checked = routePolicy(args.slice(0, -1) as [RoutePolicy<C>?])
    if (typeof handle !== 'function') throw new TypeError('guard.handler() needs a handler function.')
    return function claimcheckHandler(req, res, next) {
      const admitted = door.admit(req, checked)
      admitted
        .then(async (error) =>
          error ? send(res, error) : void (await (handle as Handler<C, P>)(req, res, door.auth(req))),
        )
        .catch(next)
    }
  }

  function send(res: ServerResponse, error: AuthError): void {
    const { status, headers, body } = api.challenge(error)
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body)
  }

  const { auth, maybeAuth, require } = door
  return Object.assign(guard, { optional, handler, auth, maybeAuth, require })
}
