// "claimcheck/express": the guard as Express middleware, for Express 4 and 5.
import type { Request, RequestHandler, Response } from 'express'
import type { AuthError } from '../errors.ts'
import { fromNode } from '../http/request-view.ts'
import { type PolicyLike, toPolicy } from '../policy/policy.ts'
import type { ResourceServer, ResourceServerOptions } from '../resource-server.ts'
import type { VerifiedToken } from '../verified-token.ts'
import type { IssuerOptions } from '../verifier-options.ts'
import { createDoor, type GuardedRequests, toResourceServer } from './guarded-requests.ts'

type RoutePolicy<C> = PolicyLike<VerifiedToken<C>, undefined>
type Handler<C, P> = (req: Request<P>, res: Response, auth: VerifiedToken<C>) => unknown

/** Guards Express routes. The verified token is also on `req.auth`, which no type declares: ask `guard.auth(req)`. */
export interface ExpressGuard<C = Record<string, unknown>> extends GuardedRequests<object, C> {
  /** Middleware that lets in who has a good token and, where given, is allowed by `policy`. */
  // biome-ignore lint: Express itself types a handler for any route's parameters with `any`.
  (policy?: RoutePolicy<C>): RequestHandler<any>
  /** Middleware that also lets in who brings no credential at all. A bad credential is still refused. */
  // biome-ignore lint: see above.
  optional(): RequestHandler<any>
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
): ExpressGuard<C> {
  const api = toResourceServer(apiOrOptions)
  const door = createDoor<object, C>(api, (req) => fromNode(req as Request))

  function guard(policy?: RoutePolicy<C>): RequestHandler {
    const checked = policy === undefined ? undefined : toPolicy(policy)
    return function claimcheckGuard(req, res, next) {
      door.admit(req, checked).then((error) => (error ? send(res, error) : next()), next)
    }
  }

  function optional(): RequestHandler {
    return function claimcheckOptional(req, res, next) {
      door.admitOptional(req).then((error) => (error ? send(res, error) : next()), next)
    }
  }

  function handler<P>(...args: [Handler<C, P>] | [RoutePolicy<C>, Handler<C, P>]): RequestHandler<P> {
    const [policy, handle] = args.length === 2 ? args : [undefined, args[0]]
    const checked = policy === undefined ? undefined : toPolicy(policy)
    if (typeof handle !== 'function') throw new TypeError('guard.handler() needs a handler function.')
    return function claimcheckHandler(req, res, next) {
      const admitted = door.admit(req, checked)
      admitted
        .then(async (error) => (error ? send(res, error) : void (await handle(req, res, door.auth(req)))))
        .catch(next)
    }
  }

  function send(res: Response, error: AuthError): void {
    const { status, headers, body } = api.challenge(error)
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body)
  }

  const { auth, maybeAuth, require } = door
  return Object.assign(guard, { optional, handler, auth, maybeAuth, require })
}
