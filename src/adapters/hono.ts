// "claimcheck/hono": the guard as Hono middleware, on every runtime that Hono runs on.
import type { Context, ErrorHandler, Handler, MiddlewareHandler } from 'hono'
import { AuthError } from '../errors/auth-error.ts'
import { fromWeb, type RequestView, viewNodeRequest } from '../http/request-view.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import { toWeb, withHeaderLines } from '../server/response.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { TokenByIssuer, VerifiedToken } from '../verifier/verified-token.ts'
import { isBareRule } from '../policy/rules.ts'
import { type GuardOptions, readGuardOptions } from './guard-arguments.ts'
import { createFrameworkGuard, createGuardFunctions, type GuardedRequests, type Handle, type Route } from './guard.ts'
import { callerOf } from './request-state.ts'

type RoutePolicy<C> = PolicyLike<TokenByIssuer<C>, undefined>
/** Middleware behind which `c.get('auth')` is an `A`. */
type Guarding<A> = MiddlewareHandler<{ Variables: { auth: A } }>
type RouteHandler<C> = (c: Context, auth: TokenByIssuer<C>) => Response | Promise<Response>

/** Guards Hono routes. The verified token is also `c.get('auth')`, typed where the guard stands before the handler. */
export interface HonoGuard<C = Record<string, unknown>> extends GuardedRequests<Context, C> {
  /** Middleware that lets a request with a good token in that `policy`, where given, allows. */
  (policy?: RoutePolicy<C>): Guarding<TokenByIssuer<C>>
  /** Middleware that lets a request without any credential in, too. A bad credential is still refused. */
  optional(): Guarding<TokenByIssuer<C> | undefined>
  /** Guard and handler in one. An AuthError that the handler throws is answered as the guard would; other errors go to `app.onError`. */
  handler(handler: RouteHandler<C>): Handler
  handler(policy: RoutePolicy<C>, handler: RouteHandler<C>): Handler
  /** Middleware that answers requests for protected resource metadata (RFC 9728) alone. Goes before any guard. */
  metadata(): MiddlewareHandler
  /**
   * An error handler for `app.onError`: it answers an AuthError as the guard would, also one that `verifyToken()` threw in a plain handler.
   * It answers by `getResponse()` the errors that have one, as Hono does, and throws every other on.
   */
  errors(): ErrorHandler
}

/**
 * Makes the guard of a Hono application, from a resource server or the options for one. What it throws and passes on has a
 * `getResponse()`, as Hono's HTTPException has: Hono answers with it where no error handler does.
 *
 * @example app.get('/orders', guard(scope('Orders.Read')), (c) => c.json(c.get('auth').principal))
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
  options?: GuardOptions,
): HonoGuard<ClaimsByIssuer<I, C>> {
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(arguments, options))
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): HonoGuard<C> {
  const names = ['authorization', ...api.tokenHeaders]
  const requests = createFrameworkGuard<Context, C>(api, (c) => viewOf(c, names), attach)
  function protect(route: Route<C>, handle?: Handle): MiddlewareHandler {
    // Always a promise: what @hono/node-server cannot send of an answer in place ends the process.
    return async (c, next) => {
      const result = await requests.authorize(c, route, (headers) => {
        for (const [name, value] of Object.entries(headers)) c.header(name, value)
      })
      if (result.outcome === 'refused') return refuse(c, result.error)
      if (!handle) return next()
      try {
        return (await handle(c, callerOf(result))) as Response
      } catch (failure) {
        return refuse(c, failure)
      }
    }
  }

  /** Answers a refusal, or throws it as Hono throws its own HTTPException. Throws every other error on. */
  function refuse(c: Context, error: unknown): Response {
    if (!(error instanceof AuthError && answersRefusals)) throw answerable(c, error)
    // Also in place of a response that earlier middleware has set: Hono would send that one.
    c.res = respond(c, error)
    return c.res
  }

  function respond(c: Context, error: AuthError): Response {
    const answer = withHeaderLines(requests.challenge(c, error))
    // Headers that earlier middleware has set would win, such as one that makes the refusal cacheable.
    for (const [name] of answer.headers) c.header(name, undefined)
    return toWeb(answer, c.req.raw)
  }

  function answerable(c: Context, error: unknown): unknown {
    if (error instanceof AuthError)
      Object.defineProperty(error, 'getResponse', { value: () => respond(c, error), configurable: true })
    return error
  }

  /** Has what `ask` throws answered by Hono's own error handling. */
  function asking<T>(c: Context, ask: (c: Context) => T): T {
    try {
      return ask(c)
    } catch (error) {
      throw answerable(c, error)
    }
  }

  function metadata(): MiddlewareHandler {
    return async function claimcheckMetadata(c, next) {
      const found = requests.metadata(c)
      return found ? toWeb(found, c.req.raw) : next()
    }
  }

  const onError: ErrorHandler = (error, c) => {
    if (error instanceof AuthError) return respond(c, error)
    if ('getResponse' in error) return error.getResponse()
    throw error
  }

  const guard = createGuardFunctions(requests, { protect, metadata, onError, isNoHandler: isBareRule })
  const { auth, maybeAuth, require } = requests.questions
  return Object.assign(guard, {
    auth: (c: Context) => asking(c, auth),
    maybeAuth: (c: Context) => asking(c, maybeAuth),
    require: ((c, ...rest) =>
      require(c, ...rest).catch((error: unknown) => {
        throw answerable(c, error)
      })) as typeof require,
  }) as HonoGuard<C>
}

function attach(c: Context, auth: VerifiedToken<unknown> | undefined): void {
  c.set('auth', auth)
}

/** @param names The headers that tokens can come in. */
function viewOf(c: Context, names: readonly string[]): RequestView {
  const { raw } = c.req
  const currentHeaders: Record<string, string | undefined> = {}
  for (const name of names) currentHeaders[name] = raw.headers.get(name) ?? undefined
  const requestId: unknown = c.get('requestId')
  const id = typeof requestId === 'string' ? requestId : undefined
  // On Node: the lines as they were received. @hono/node-server shows of a WebSocket's request the first Authorization line alone.
  const { incoming } = Object(c.env) as { readonly incoming?: Parameters<typeof viewNodeRequest>[0] }
  if (!Array.isArray(incoming?.rawHeaders)) return { ...fromWeb(raw), currentHeaders, id }
  // Below a mount of Express: what the client called.
  return viewNodeRequest(incoming, currentHeaders, { method: raw.method, url: incoming.originalUrl ?? raw.url, id })
}
