// "claimcheck/fastify": the guard as Fastify hooks.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuthError } from '../errors/auth-error.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { viewNodeRequest } from '../http/request-view.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import type { ResourceServer, ResourceServerOptions } from '../server/resource-server.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { VerifiedToken } from '../verifier/verified-token.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import {
  checkOptionalGuard,
  createFrameworkGuard,
  runGuard,
  type GuardedRequests,
  handlerArguments,
  toRequestGuard,
} from './guard.ts'

type RoutePolicy<C> = PolicyLike<VerifiedToken<C>, undefined>
type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void
type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
type Handler<C> = (request: FastifyRequest, reply: FastifyReply, auth: VerifiedToken<C>) => unknown

/** Guards Fastify routes. The verified token is also on `request.auth`, which no type declares: ask `guard.auth(request)`. */
export interface FastifyGuard<C = Record<string, unknown>> extends GuardedRequests<FastifyRequest, C> {
  /** An `onRequest` hook that lets in who has a good token and, where given, is allowed by `policy`. */
  (policy?: RoutePolicy<C>): Hook
  /** An `onRequest` hook that also lets in who brings no credential at all. A bad credential is still refused. */
  optional(): Hook
  /** Guard and handler in one, for routes without a hook. */
  handler(handler: Handler<C>): RouteHandler
  handler(policy: RoutePolicy<C>, handler: Handler<C>): RouteHandler
  /** An `onRequest` hook that answers who asks for protected resource metadata (RFC 9728), and nobody else. Goes before any guard. */
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
  // Not `request.raw.headers`: Fastify lets the application replace the headers of its own request.
  const requests = createFrameworkGuard<FastifyRequest, C>(api, (request) =>
    viewNodeRequest(request.raw, request.headers),
  )

  function guard(...args: readonly unknown[]): Hook {
    const checked = requests.routePolicy(args)
    return function claimcheckGuard(request, reply, done) {
      enter(request, () => requests.authorizeRequest(request, checked), reply, done)
    }
  }

  function optional(...args: readonly unknown[]): Hook {
    checkOptionalGuard(args)
    return function claimcheckOptional(request, reply, done) {
      enter(request, () => requests.authorizeOptional(request), reply, done)
    }
  }

  // Hooks with a callback, on purpose: the promise of a hook that has sent its reply settles when the client hangs up, and
  // Fastify then goes on to the handler. Without `done` nothing goes on.
  function enter(
    request: FastifyRequest,
    admit: () => MaybePromise<AuthError | undefined>,
    reply: FastifyReply,
    done: (error?: Error) => void,
  ): void {
    runGuard(admit, (error) => void send(request, reply, error), done)
  }

  function handler(...args: readonly unknown[]): RouteHandler {
    const { policy, handle } = handlerArguments(args)
    const checked = requests.routePolicy(policy)
    return async function claimcheckHandler(request, reply) {
      const error = await requests.authorizeRequest(request, checked)
      return error ? send(request, reply, error) : (handle as Handler<C>)(request, reply, requests.auth(request))
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
