// "claimcheck/fastify": the guard as Fastify hooks.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuthError } from '../errors/auth-error.ts'
import { type RequestView, viewNodeRequest } from '../http/request-view.ts'
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
type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void
type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
type Handler<C> = (request: FastifyRequest, reply: FastifyReply, auth: VerifiedToken<C>) => unknown

/** Guards Fastify routes. The verified token is also on `request.auth`, which no type declares: ask `guard.auth(request)`. */
export interface FastifyGuard<C = Record<string, unknown>> extends GuardedRequests<FastifyRequest, C> {
  /** An `onRequest` hook that lets a request with a good token in that `policy`, where given, allows. */
  (policy?: RoutePolicy<C>): Hook
  /** An `onRequest` hook that lets a request without any credential in, too. A bad credential is still refused. */
  optional(): Hook
  /** Guard and handler in one, for routes without a hook. */
  handler(handler: Handler<C>): RouteHandler
  handler(policy: RoutePolicy<C>, handler: Handler<C>): RouteHandler
  /** An `onRequest` hook that answers requests for protected resource metadata (RFC 9728) alone. Goes before any guard. */
  metadata(): Hook
}

/**
 * Makes the guard of a Fastify API, from a resource server or the options for one.
 *
 * @example app.get('/orders', { onRequest: guard(scope('Orders.Read')) }, (request) => guard.auth(request).principal)
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
): FastifyGuard<ClaimsByIssuer<I, C>> {
  checkArgumentCount('createGuard()', arguments, 1)
  return createGuardOf(toRequestGuard(apiOrOptions))
}

function createGuardOf<C>(api: RequestGuard<C>): FastifyGuard<C> {
  const requests = createFrameworkGuard<FastifyRequest, C>(api, viewOf)

  function guard(...args: readonly unknown[]): Hook {
    const route = requests.readRoute(args)
    return function claimcheckGuard(request, reply, done) {
      runGuard(() => requests.authorizeRequest(request, route), answersOf(request, reply, done))
    }
  }

  function optional(...args: readonly unknown[]): Hook {
    checkOptionalGuard(args)
    return function claimcheckOptional(request, reply, done) {
      runGuard(() => requests.authorizeOptional(request), answersOf(request, reply, done))
    }
  }

  // Hooks with a callback, on purpose: the promise of a hook that has sent its reply settles when the client hangs up, and
  // Fastify then goes on to the handler. Without `done` nothing goes on.
  function answersOf(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): GuardAnswers {
    return {
      refuse: (error) => void send(request, reply, error),
      letIn() {
        addHeaders(request, reply)
        done()
      },
      fail: done,
    }
  }

  function addHeaders(request: FastifyRequest, reply: FastifyReply): void {
    const headers = requests.answerHeaders(request)
    if (headers) void reply.headers(headers)
  }

  function handler(...args: readonly unknown[]): RouteHandler {
    const { policy, handle } = handlerArguments(args)
    const route = requests.readRoute(policy)
    return async function claimcheckHandler(request, reply) {
      const error = await requests.authorizeRequest(request, route)
      if (error) return send(request, reply, error)
      addHeaders(request, reply)
      return (handle as Handler<C>)(request, reply, requests.auth(request))
    }
  }

  function metadata(): Hook {
    return function claimcheckMetadata(request, reply, done) {
      const found = requests.metadata(request)
      if (!found) return done()
      void reply.code(found.status).headers(found.headers).send(Buffer.from(found.body))
    }
  }

  function send(request: FastifyRequest, reply: FastifyReply, error: AuthError): FastifyReply {
    const { status, headers, body } = requests.challenge(request, error)
    // As bytes: to a string Fastify would append a charset, and apply a serializer that the application has set.
    return reply.code(status).headers(headers).send(Buffer.from(body))
  }

  const { auth, maybeAuth, require } = requests
  return Object.assign(guard, { optional, handler, metadata, auth, maybeAuth, require })
}

/** Not with `request.raw.headers`: Fastify lets the application replace the headers of its own request. */
function viewOf(request: FastifyRequest): RequestView {
  const { id, raw, headers, routeOptions } = request
  const view = viewNodeRequest(raw, headers)
  return routeOptions?.url === undefined ? { ...view, id } : { ...view, id, route: routeOptions.url }
}
