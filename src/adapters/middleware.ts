// The guard as middleware `(req, res, next)`: what Express, and every other user of Node's requests and responses, have in common.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AuthError } from '../errors/auth-error.ts'
import { type RequestView, viewNodeRequest } from '../http/request-view.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { checkOptionalGuard, handlerArguments } from './guard-arguments.ts'
import { createFrameworkGuard, type FrameworkGuard, type GuardedRequests } from './guard.ts'
import { type GuardAnswers, runGuard } from './run-guard.ts'

type Next = (error?: unknown) => void
/** The type that Express takes before any route, whatever its parameters are. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void
export type ErrorMiddleware = (error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void

type Arguments = readonly unknown[]

/** A guard whose arguments each adapter gives their types. */
interface MiddlewareGuard<C> extends GuardedRequests<IncomingMessage, C> {
  (...args: Arguments): Middleware
  optional(...args: Arguments): Middleware
  handler(...args: Arguments): Middleware
  metadata(): Middleware
  errors(...args: Arguments): ErrorMiddleware
}

export interface GuardingMiddleware<C> {
  readonly guard: MiddlewareGuard<C>
  readonly requests: FrameworkGuard<IncomingMessage, C>
}

export function createMiddleware<C>(api: RequestGuard<C>, answersRefusals: boolean): GuardingMiddleware<C> {
  const requests = createFrameworkGuard<IncomingMessage, C>(api, viewOf)

  function guard(...args: Arguments): Middleware {
    const route = requests.readRoute(args)
    return function claimcheckGuard(req, res, next) {
      runGuard(() => requests.authorizeRequest(req, route), answersOf(req, res, next))
    }
  }

  function optional(...args: Arguments): Middleware {
    checkOptionalGuard(args)
    return function claimcheckOptional(req, res, next) {
      runGuard(() => requests.authorizeOptional(req), answersOf(req, res, next))
    }
  }

  function handler(...args: Arguments): Middleware {
    // Without the response a handler cannot answer, and the request would hang.
    const { policy, handle } = handlerArguments(args, 2)
    const route = requests.readRoute(policy)
    return function claimcheckHandler(req, res, next) {
      const run = async (): Promise<unknown> =>
        (handle as (req: object, res: object, auth: TokenByIssuer<C>) => unknown)(req, res, requests.auth(req))
      const fail = (error: unknown): void => (answersRefusals ? answerError(error, req, res, next) : next(error))
      const runOrPass = (error?: unknown): void => (error ? next(error) : void run().catch(fail))
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

  function answersOf(req: IncomingMessage, res: ServerResponse, next: Next): GuardAnswers {
    return {
      refuse: (error) => (answersRefusals ? send(req, res, error) : next(error)),
      letIn() {
        const headers = requests.answerHeaders(req)
        if (headers) for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
        next()
      },
      fail: next,
    }
  }

  function errors(...args: Arguments): ErrorMiddleware {
    checkArgumentCount('guard.errors()', args, 0)
    // Four parameters: Express knows error middleware by their number.
    return function claimcheckErrors(error, req, res, next) {
      answerError(error, req, res, next)
    }
  }

  function answerError(...[error, req, res, next]: Parameters<ErrorMiddleware>): void {
    if (error instanceof AuthError && !res.headersSent) send(req, res, error)
    else next(error)
  }

  function send(req: IncomingMessage, res: ServerResponse, error: AuthError): void {
    const { status, headers, body } = requests.challenge(req, error)
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
    res.end(body)
  }

  const { auth, maybeAuth, require } = requests
  return { requests, guard: Object.assign(guard, { optional, handler, metadata, errors, auth, maybeAuth, require }) }
}

/** Below `app.use('/path', …)` Express takes the path off `url`; `originalUrl` is what the client called. */
function viewOf(req: IncomingMessage & { readonly originalUrl?: string; readonly id?: unknown }): RequestView {
  // Express has no id; loggers such as pino-http set one.
  const { id, originalUrl } = req
  const isId = typeof id === 'string' || typeof id === 'number'
  return viewNodeRequest(req, req.headers, { url: originalUrl, id: isId ? String(id) : undefined })
}
