// "claimcheck/node": the guard for `node:http` and `node:http2`, for middleware in the style of Connect, and for upgrades (WebSocket).
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import { AuthError } from '../errors/auth-error.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { PolicyLike } from '../policy/policy.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import { type RefusalAnswer, withHeaderLines } from '../server/response.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { type GuardOptions, readGuardOptions } from './guard-arguments.ts'
import type { GuardedRequests } from './guard.ts'
import { createMiddleware } from './middleware.ts'
import { callerOf } from './request-state.ts'

type RoutePolicy<C> = PolicyLike<TokenByIssuer<C>, undefined>
type NodeRequest = IncomingMessage | Http2ServerRequest
type NodeResponse = ServerResponse | Http2ServerResponse
type Next = (error?: unknown) => void
type Middleware = (req: NodeRequest, res: NodeResponse, next: Next) => void
type ErrorMiddleware = (error: unknown, req: NodeRequest, res: NodeResponse, next: Next) => void
/** A listener of `createServer`, which Connect takes, too. */
type Listener<Q, S> = (req: Q, res: S, next?: Next) => void
type Handler<C, Q, S> = (req: Q, res: S, auth: TokenByIssuer<C>) => unknown

/** Guards requests of Node. The verified token is also on `req.auth`, which no type declares: ask `guard.auth(req)`. */
export interface NodeGuard<C = Record<string, unknown>> extends GuardedRequests<NodeRequest, C> {
  /** Middleware (Connect, engine.io) that lets a request with a good token in that `policy`, where given, allows. */
  (policy?: RoutePolicy<C>): Middleware
  /** Middleware that lets a request without any credential in, too. A bad credential is still refused. */
  optional(): Middleware
  /**
   * Guard and handler in one, for `createServer`. An AuthError that the handler throws is answered as the guard would, or ends an answer that
   * has begun. Every other error goes to `next`, and without `next` it is an unhandled rejection, as in any `async` listener.
   */
  handler<Q extends NodeRequest = IncomingMessage, S extends NodeResponse = ServerResponse>(
    handler: Handler<C, Q, S>,
  ): Listener<Q, S>
  handler<Q extends NodeRequest = IncomingMessage, S extends NodeResponse = ServerResponse>(
    policy: RoutePolicy<C>,
    handler: Handler<C, Q, S>,
  ): Listener<Q, S>
  /** Middleware that answers requests for protected resource metadata (RFC 9728) alone. Goes before any guard. */
  metadata(): Middleware
  /** Answers an AuthError as the guard would, unless an answer has begun. Gives every other error to `next`. */
  errors(): ErrorMiddleware
  /**
   * Guards the `upgrade` event of a server. Resolves to the caller. Otherwise it answers on the socket, destroys it and rejects with the
   * AuthError: end your listener there. Does not look at `Origin`, and does not answer a request that it lets in. The connection may outlive
   * its token, which `guard.require()` alone asks about again: close it at `expiresAt`.
   */
  guardUpgrade(req: IncomingMessage, socket: Duplex, policy?: RoutePolicy<C>): Promise<TokenByIssuer<C>>
}

/**
 * Makes the guard of a server of Node, from a resource server or the options for one.
 *
 * @example createServer(guard.handler(scope('Orders.Read'), (req, res, auth) => res.end(auth.principal.key)))
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
  options?: GuardOptions,
): NodeGuard<ClaimsByIssuer<I, C>> {
  const { guard, requests } = createMiddleware(toRequestGuard(apiOrOptions), readGuardOptions(arguments, options))
  const { handler: handlerWith } = guard

  function handler(...args: readonly unknown[]): Listener<IncomingMessage, ServerResponse> {
    const handle = handlerWith(...args)
    return (req, res, next = (error) => void fail(error, req, res)) => handle(req, res, next)
  }

  /** Without a framework: a refusal ends here, so that no client can end the process. Rejects with any other error, as its caller wants. */
  async function fail(error: unknown, req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!(error instanceof AuthError)) throw error
    if (res.headersSent) res.destroy()
    else guard.errors()(error, req, res, () => {})
  }

  async function guardUpgrade(
    req: IncomingMessage,
    socket: Duplex,
    ...policy: readonly unknown[]
  ): Promise<TokenByIssuer<ClaimsByIssuer<I, C>>> {
    // Without a listener the error of a client that hangs up ends the process. Node has taken its own away.
    socket.on('error', () => {})
    try {
      const result = await requests.authorize(req, requests.readRoute(policy))
      if (result.outcome === 'refused') throw result.error
      // Never optional, so there is one.
      return callerOf(result) as TokenByIssuer<ClaimsByIssuer<I, C>>
    } catch (error) {
      const answer = error instanceof AuthError ? answerText(requests.challenge(req, error)) : ''
      socket.end(answer, () => socket.destroy())
      throw error
    }
  }

  return Object.assign(guard, { handler, guardUpgrade }) as unknown as NodeGuard<ClaimsByIssuer<I, C>>
}

/** `answer` as the bytes of HTTP/1.1: an upgrade has no response object. */
function answerText(answer: RefusalAnswer): string {
  const { status, headers, body } = withHeaderLines(answer)
  const lines = [...headers, ['Content-Length', Buffer.byteLength(body)], ['Connection', 'close']]
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`
}
