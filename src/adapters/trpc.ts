// "claimcheck/trpc": the guard as tRPC middleware, for tRPC 11.
import type { IncomingMessage } from 'node:http'
import { TRPCError, type TRPCMiddlewareFunction } from '@trpc/server'
import { AuthError } from '../errors/auth-error.ts'
import { fromNode, fromWeb, type RequestView, viewNodeRequest } from '../http/request-view.ts'
import { createNotes } from '../internal/freeze.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkOptions } from '../internal/options.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import { type PolicyLike, toPolicy } from '../policy/policy.ts'
import type { RequireOptions } from '../server/authorize.ts'
import type { Authentication, RequestGuard, RouteQuery } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import { isVerifiedToken, type TokenByIssuer } from '../verifier/verified-token.ts'
import { checkOptionalGuard } from './guard-arguments.ts'

type RoutePolicy<C> = PolicyLike<TokenByIssuer<C>, undefined>
type Caller<C> = TokenByIssuer<C> | undefined
// What middleware adds has no name of its own: TypeScript 7 cannot write a hidden one into a user's declarations.
type Middleware<A> = TRPCMiddlewareFunction<GuardContext, object, object, { readonly auth: A }, unknown>
type AuthContext<C> = GuardContext & { readonly auth?: Caller<C> }

/** The request of an adapter of tRPC: of `node:http` (standalone, Express, WebSocket), of Fastify, or a Fetch API `Request`. */
type AnyRequest = IncomingMessage | Pick<Request, 'method' | 'url' | 'headers'> | FastifyLike
interface FastifyLike {
  readonly raw: IncomingMessage
  readonly headers: IncomingMessage['headers']
}

/** The member that `guard.context()` adds to the context. It shows nothing: a context may end in a log. */
export interface GuardContext {
  readonly guardedRequest: object
}

/** Guards tRPC procedures. The verified token is `ctx.auth`. A refusal is a `TRPCError` whose `cause` is the AuthError. */
export interface TrpcGuard<C = Record<string, unknown>> {
  /**
   * Middleware that lets a call with a good token in that `policy`, where given, allows. Each call is judged anew, also on a connection
   * that stays open, and each item of a subscription, too: it ends when the token does.
   */
  (policy?: RoutePolicy<C>): Middleware<TokenByIssuer<C>>
  /** Middleware that lets a call without any credential in, too: `ctx.auth` is then `undefined`. A bad credential is still refused. */
  optional(): Middleware<Caller<C>>
  /**
   * The part of the context that guards need, from the options that an adapter gives `createContext`. Reads headers alone, no
   * `connectionParams`.
   */
  context(options: { readonly req: AnyRequest }): GuardContext
  /**
   * The `responseMeta` of an adapter: adds the challenge (RFC 6750 §3) of a refused call, or `Retry-After`. Streamed answers have none:
   * their headers go out before a call is judged.
   */
  responseMeta(result: { readonly errors: readonly TRPCError[]; readonly ctx?: Partial<GuardContext> | undefined }): {
    readonly headers?: Record<string, string | string[]>
  }
  /**
   * Asks a policy about a loaded resource and resolves to it; rejects with the TRPCError to answer with unless the policy allows. Does not
   * ask the default policy: the guard has asked it.
   */
  require<R>(
    ctx: AuthContext<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource: R,
    options?: Pick<RequireOptions, 'signal'>,
  ): Promise<R>
}

/**
 * Makes the guard of a tRPC API, from a resource server or the options for one.
 *
 * @example const readOrders = t.procedure.use(guard(scope('Orders.Read')))
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
): TrpcGuard<ClaimsByIssuer<I, C>> {
  checkArgumentCount('createGuard()', arguments, 1)
  return createGuardOf(toRequestGuard(apiOrOptions))
}

/** A request, and its authentication within one call: a connection may stay open for longer than its token is good. */
interface CallState<C> {
  readonly view: RequestView
  readonly authentication: MaybePromise<Authentication<C>> | undefined
}

type AuthenticatedCall<C> = CallState<C> & { readonly authentication: MaybePromise<Authentication<C>> }

function createGuardOf<C>(api: RequestGuard<C>): TrpcGuard<C> {
  const states = createNotes<CallState<C>>()
  const byDefault = { policy: api.routes.byDefault, resource: undefined }

  function toContext(state: CallState<C>): GuardContext {
    const guardedRequest = Object.freeze({})
    states.set(guardedRequest, state)
    return { guardedRequest }
  }

  function stateOf(ctx: Partial<GuardContext> | undefined): CallState<C> {
    const state = ctx?.guardedRequest && states.get(ctx.guardedRequest)
    if (state) return state
    throw new TypeError('The context is of no guard.context(): let createContext return { ...guard.context(options) }.')
  }

  function readRoute(args: readonly unknown[]): RouteQuery<C, undefined> {
    checkArgumentCount('guard()', args, 1)
    if (args.length === 0) return byDefault
    const policy = args[0] as RoutePolicy<C>
    api.routes.declare(policy)
    return { policy: api.routes.withDefault(policy), resource: undefined }
  }

  /** The caller of a call that `route` allows. @throws TRPCError */
  async function authorize(
    { view, authentication }: AuthenticatedCall<C>,
    route: RouteQuery<C, undefined>,
  ): Promise<Caller<C>> {
    const result = await api.authorizeRequest(view, authentication, route)
    if (result.outcome === 'refused') throw toTrpcError(result.error)
    return result.outcome === 'authenticated' ? result.auth : undefined
  }

  function middleware<A extends Caller<C>>(route: RouteQuery<C, undefined>): Middleware<A> {
    // Only an optional route lets anonymous callers in.
    const decide = authorize as (call: AuthenticatedCall<C>, route: RouteQuery<C, undefined>) => Promise<A>
    return async function claimcheckGuard({ ctx, type, next }) {
      const { view, authentication = api.authenticate(view) } = stateOf(ctx)
      const state = { view, authentication }
      const auth = await decide(state, route)
      const result = await next({ ctx: { auth, ...toContext(state) } })
      if (!result.ok || (type !== 'subscription' && !isAsyncIterable(result.data))) return result
      if (!isAsyncIterable(result.data))
        throw new TypeError('A guarded subscription must be an async generator: an observable would outlive its token.')
      return {
        ...result,
        data: whileAllowed(result.data, () => decide({ view, authentication: api.authenticate(view) }, route)),
      }
    }
  }

  function guard(...args: readonly unknown[]): Middleware<TokenByIssuer<C>> {
    return middleware(readRoute(args))
  }

  function optional(...args: readonly unknown[]): Middleware<Caller<C>> {
    checkOptionalGuard(args)
    // A caller that is there must also satisfy the default policy.
    return middleware({ ...byDefault, optional: true })
  }

  async function require<R>(
    ctx: AuthContext<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource: R,
    options: Pick<RequireOptions, 'signal'> = {},
  ): Promise<R> {
    checkOptions('guard.require()', arguments, ['signal'], 3)
    const { view: request } = stateOf(ctx)
    const { auth } = ctx
    if (!auth) throw toTrpcError(api.anonymousError(request))
    if (!isVerifiedToken(auth)) throw new TypeError('ctx.auth is of other middleware: the guard must come last.')
    await api.requirePolicy(auth, { ...options, policy: toPolicy(policy), resource, request }).catch(rethrow)
    return resource
  }

  return Object.assign(guard, {
    optional,
    require,
    context: ({ req }: { readonly req: AnyRequest }) => toContext({ view: viewOf(req), authentication: undefined }),
    responseMeta({ errors, ctx }: { readonly errors: readonly TRPCError[]; readonly ctx?: Partial<GuardContext> }) {
      const refusals = errors.flatMap(({ cause }) => (cause instanceof AuthError ? cause : []))
      // A client can act on a challenge, and on nothing else that a batch was refused for.
      const error = refusals.find(({ headers }) => 'WWW-Authenticate' in headers) ?? refusals[0]
      if (!error) return {}
      const { 'Content-Type': _, ...headers } = api.challenge(
        error,
        ctx?.guardedRequest && states.get(ctx.guardedRequest)?.view,
      ).headers
      return { headers }
    },
  })
}

const codes = { 400: 'BAD_REQUEST', 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 503: 'SERVICE_UNAVAILABLE' } as const

/** Clients see the code and the message, which is the fixed public text. */
function toTrpcError(error: AuthError): TRPCError {
  return new TRPCError({ code: codes[error.status], message: error.message, cause: error })
}

function rethrow(error: unknown): never {
  throw error instanceof AuthError ? toTrpcError(error) : error
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Gives the items on, each after `check`: what is sent to a caller later is as guarded as what is sent at once. */
async function* whileAllowed(items: AsyncIterable<unknown>, check: () => Promise<unknown>): AsyncGenerator {
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await iterator.next()
      await check()
      if (done) return value
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}

function viewOf(request: AnyRequest): RequestView {
  if ('rawHeaders' in request) return fromNode(request)
  return 'raw' in request ? viewNodeRequest(request.raw, request.headers) : fromWeb(request)
}
