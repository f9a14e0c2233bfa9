// "claimcheck/fastify": the guard as Fastify hooks, and as a plugin.
import type { FastifyPluginAsync, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify'
import { AuthError } from '../errors/auth-error.ts'
import { type RequestView, viewNodeRequest } from '../http/request-view.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { MetadataResponse } from '../server/published-metadata.ts'
import type { RefusalAnswer } from '../server/response.ts'
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
import { runGuard } from './run-guard.ts'
import { createPlugin, type Hook, type RouteConfig } from './fastify-plugin.ts'

type RoutePolicy<C> = PolicyLike<TokenByIssuer<C>, undefined>
type RouteHandler<R extends RouteGenericInterface> = (
  request: FastifyRequest<R>,
  reply: FastifyReply,
) => Promise<unknown>
type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply
type Handler<C, R extends RouteGenericInterface = RouteGenericInterface> = (
  request: FastifyRequest<R>,
  reply: FastifyReply,
  auth: TokenByIssuer<C>,
) => unknown

/** Guards Fastify routes. The verified token is also on `request.auth`, which no type declares: ask `guard.auth(request)`. */
export interface FastifyGuard<C = Record<string, unknown>> extends GuardedRequests<FastifyRequest, C> {
  /** An `onRequest` hook that lets a request with a good token in that `policy`, where given, allows. */
  (policy?: RoutePolicy<C>): Hook
  /** An `onRequest` hook that lets a request without any credential in, too. A bad credential is still refused. */
  optional(): Hook
  /** Guard and handler in one, for routes without a hook. An AuthError that the handler throws is answered as the guard would. */
  handler<R extends RouteGenericInterface = RouteGenericInterface>(handler: Handler<C, R>): RouteHandler<R>
  handler<R extends RouteGenericInterface = RouteGenericInterface>(
    policy: RoutePolicy<C>,
    handler: Handler<C, R>,
  ): RouteHandler<R>
  /** An `onRequest` hook that answers requests for protected resource metadata (RFC 9728) alone. Goes before any guard. */
  metadata(): Hook
  /**
   * An error handler for `setErrorHandler`. It answers an AuthError as the guard would: one that `guard.require()`, `guard.auth()` or
   * `verifyToken()` threw in a plain handler. It leaves every other error to Fastify.
   */
  errors(): ErrorHandler
  /**
   * A plugin that denies by default: every route of the scope that registers it needs a token, also a route that was there before, and what
   * no route answers. Answers requests for protected resource metadata. Register and await it before the routes: it then checks them.
   *
   * @example await app.register(guard.plugin)
   */
  readonly plugin: FastifyPluginAsync
  /**
   * The policy of a route for `guard.plugin`, in place of none. `'anonymous'`: requests without any credential are let in, too, as
   * `guard.optional()` does. Does nothing in a scope without the plugin. Other members may join it, by spread.
   *
   * @example app.get('/orders', { config: guard.config(scope('Orders.Read')) }, (request) => guard.auth(request).principal)
   * @throws TypeError for a policy that is `undefined`.
   */
  config(policy: RoutePolicy<C> | 'anonymous'): RouteConfig
}

/**
 * Makes the guard of a Fastify API, from a resource server or the options for one.
 *
 * @example app.get('/orders', { onRequest: guard(scope('Orders.Read')) }, (request) => guard.auth(request).principal)
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
  options?: GuardOptions,
): FastifyGuard<ClaimsByIssuer<I, C>> {
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(arguments, options))
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): FastifyGuard<C> {
  const requests = createFrameworkGuard<FastifyRequest, C>(api, viewOf, attachAuth)
  function protect(route: Route<C>, handle?: Handle): Hook {
    return handle ? protectHandler(route, handle) : protectRoute(route)
  }

  // A hook with a callback, on purpose: the promise of a hook that has sent its reply settles when the client hangs up, and
  // Fastify then goes on to the handler. Without `done` nothing goes on.
  function protectRoute(route: Route<C>): Hook {
    return function claimcheckGuard(request, reply, done) {
      const refuse = (error: AuthError): unknown => (answersRefusals ? onError(error, request, reply) : done(error))
      const goOn = (): void => done()
      runGuard(() => requests.authorize(request, route, reply.headers.bind(reply)), { goOn, refuse, fail: done })
    }
  }

  function protectHandler(route: Route<C>, handle: Handle): RouteHandler<RouteGenericInterface> {
    return async function claimcheckHandler(request, reply) {
      try {
        const result = await requests.authorize(request, route, reply.headers.bind(reply))
        if (result.outcome === 'refused') throw result.error
        return await handle(request, reply, callerOf(result))
      } catch (error) {
        if (answersRefusals && error instanceof AuthError && !reply.sent) return onError(error, request, reply)
        throw error
      }
    }
  }

  function metadata(): Hook {
    return function claimcheckMetadata(request, reply, done) {
      const found = requests.metadata(request)
      if (found) send(reply, found)
      else done()
    }
  }

  const onError: ErrorHandler = (error, request, reply) =>
    // An error that is sent goes to the handler of the plugin above, and at last to Fastify's own.
    error instanceof AuthError ? send(reply, requests.challenge(request, error)) : reply.send(error)

  const guard = createGuardFunctions(requests, { protect, metadata, onError, isNoHandler: isBareRule })
  return Object.assign(guard, createPlugin({ guard, optional: guard.optional, metadata })) as unknown as FastifyGuard<C>
}

function send(reply: FastifyReply, { status, headers, body }: RefusalAnswer | MetadataResponse): FastifyReply {
  // As bytes: to a string Fastify would append a charset, and apply a serializer that the application has set.
  return reply.code(status).headers(headers).send(Buffer.from(body))
}

/** Not with `request.raw.headers`: Fastify lets the application replace the headers of its own request. */
function viewOf(request: FastifyRequest): RequestView {
  const { id, raw, headers, routeOptions } = request
  return viewNodeRequest(raw, headers, { id, route: routeOptions?.url })
}
