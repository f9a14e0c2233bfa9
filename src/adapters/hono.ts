// "claimcheck/hono": the guard as Hono middleware, on every runtime that Hono runs on.
import type { Context, ErrorHandler, Handler, MiddlewareHandler } from 'hono'
import { AuthError } from '../errors/auth-error.ts'
import { fromWeb, type RequestView, viewNodeRequest } from '../http/request-view.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import { toWeb, withHeaderLines } from '../server/response.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { checkOptionalGuard, type GuardOptions, handlerArguments, readGuardOptions } from './guard-arguments.ts'
import { createFrameworkGuard, type GuardedRequests } from './guard.ts'

type CurrentHeaders = NonNullable<RequestView['currentHeaders']>
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
  checkArgumentCount('createGuard()', arguments, 2)
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(options))
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): HonoGuard<C> {
  const names = ['authorization', ...api.tokenHeaders]
  const headersOf = ({ req }: Context): CurrentHeaders =>
    Object.fromEntries(names.map((name) => [name, req.raw.headers.get(name) ?? undefined]))
  const attach = (c: Context, auth: TokenByIssuer<unknown> | undefined): void => c.set('auth', auth)
  const requests = createFrameworkGuard<Context, C>(api, (c) => viewOf(c, headersOf(c)), { headersOf, attach })

  function guard(...args: readonly unknown[]): Guarding<TokenByIssuer<C>> {
    const route = requests.readRoute(args)
    return async (c, next) => run(c, () => requests.authorizeRequest(c, route), next)
  }

  function optional(...args: readonly unknown[]): Guarding<TokenByIssuer<C> | undefined> {
    checkOptionalGuard(args)
    return async (c, next) => run(c, () => requests.authorizeOptional(c), next)
  }

  function handler(...args: readonly unknown[]): Handler {
    const { policy, handle } = handlerArguments(args)
    const route = requests.readRoute(policy)
    const answer = async (c: Context): Promise<Response> => (handle as RouteHandler<C>)(c, requests.auth(c))
    return async (c) =>
      run(
        c,
        () => requests.authorizeRequest(c, route),
        () => answer(c).catch((error: unknown) => refuse(c, error)),
      )
  }

  async function run<T extends Response | void>(
    c: Context,
    authorize: () => MaybePromise<AuthError | undefined>,
    next: () => Promise<T>,
  ): Promise<T | Response> {
    // What other middleware has put there is no caller.
    attach(c, undefined)
    const error = await authorize()
    if (error) return refuse(c, error)
    const answer = await next()
    const headers = requests.answerHeaders(c)
    if (!headers) return answer
    if (answer) c.res = answer
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    return c.res
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

  function errors(...args: readonly unknown[]): ErrorHandler {
    checkArgumentCount('guard.errors()', args, 0)
    return (error, c) => {
      if (error instanceof AuthError) return respond(c, error)
      if ('getResponse' in error) return error.getResponse()
      throw error
    }
  }

  return Object.assign(guard, {
    optional,
    handler,
    metadata,
    errors,
    auth: (c: Context) => asking(c, requests.auth),
    maybeAuth: (c: Context) => asking(c, requests.maybeAuth),
    require: ((c, ...rest) =>
      requests.require(c, ...rest).catch((error: unknown) => {
        throw answerable(c, error)
      })) as typeof requests.require,
  })
}

function viewOf(c: Context, currentHeaders: CurrentHeaders): RequestView {
  const { raw } = c.req
  const id: unknown = c.get('requestId')
  // On Node: the lines as they were received. @hono/node-server shows of a WebSocket's request the first Authorization line alone.
  const { incoming } = Object(c.env) as { readonly incoming?: Parameters<typeof viewNodeRequest>[0] }
  const view = Array.isArray(incoming?.rawHeaders) ? viewNodeRequest(incoming, currentHeaders) : fromWeb(raw)
  const { headers, headersTruncated } = view
  const { method, url } = raw
  return { method, url, headers, headersTruncated, currentHeaders, id: typeof id === 'string' ? id : undefined }
}
