// The guard as middleware `(req, res, next)`: what Express, and every other user of Node's requests and responses, have in common.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AuthError } from '../errors/auth-error.ts'
import { fromNode } from '../http/request-view.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import {
  type AnyGuard,
  attachAuth,
  createFrameworkGuard,
  createGuardFunctions,
  type FrameworkGuard,
  type Handle,
  type Route,
} from './guard.ts'
import type { MetadataResponse } from '../server/published-metadata.ts'
import type { RefusalAnswer } from '../server/response.ts'
import { runGuard } from './run-guard.ts'

type Next = (error?: unknown) => void
/** The type that Express takes before any route, whatever its parameters are. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void
export type ErrorMiddleware = (error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void

export interface GuardingMiddleware<C> {
  readonly guard: AnyGuard<IncomingMessage, C, Middleware, Middleware, ErrorMiddleware>
  readonly requests: FrameworkGuard<IncomingMessage, C>
}

export function createMiddleware<C>(api: RequestGuard<C>, answersRefusals: boolean): GuardingMiddleware<C> {
  const requests = createFrameworkGuard<IncomingMessage, C>(api, fromNode, attachAuth)

  function protect(route: Route<C>, handle?: Handle): Middleware {
    return function claimcheckGuard(req, res, next) {
      const refuse = (error: unknown): void => (answersRefusals ? onError(error, req, res, next) : next(error))
      const run = async (caller: unknown): Promise<unknown> => handle?.(req, res, caller)
      runGuard(() => requests.authorize(req, route, (headers) => setHeaders(res, headers)), {
        goOn: (caller) => (handle ? void run(caller).catch(refuse) : next()),
        refuse,
        fail: next,
      })
    }
  }

  // Four parameters: Express knows error middleware by their number.
  const onError: ErrorMiddleware = function claimcheckErrors(error, req, res, next) {
    if (error instanceof AuthError && !res.headersSent) send(res, requests.challenge(req, error))
    else next(error)
  }

  const guard = createGuardFunctions(requests, {
    protect,
    metadata: () => serveMetadata(requests),
    onError,
    // Without the response a handler cannot answer, and the request would hang.
    isNoHandler: ({ length }) => length === 1,
  })
  return { requests, guard }
}

/** Middleware that answers requests for protected resource metadata alone. */
export function serveMetadata<Q extends object>({
  metadata,
}: Pick<FrameworkGuard<Q, never>, 'metadata'>): (req: Q, res: ServerResponse, next: Next) => void {
  return function claimcheckMetadata(req, res, next) {
    const found = metadata(req)
    if (found) send(res, found)
    else next()
  }
}

function setHeaders(res: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
}

/** Not chained: responses that serverless adapters imitate do not return themselves. */
export function send(res: ServerResponse, { status, headers, body }: RefusalAnswer | MetadataResponse): void {
  res.writeHead(status, { ...headers, ...(status !== 204 && { 'Content-Length': Buffer.byteLength(body) }) })
  res.end(body)
}
