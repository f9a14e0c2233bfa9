// What the contract needs of a framework: routes behind guards, a server, and a record of what its error handling saw.
import type { Server, ServerOptions } from 'node:http'
import type { ResourceServer, ResourceServerOptions, VerifiedToken } from 'claimcheck'
import type { PolicyLike } from 'claimcheck/policy'
import { onTestFinished } from 'vitest'
import type { GuardedRequests } from '../../src/adapters/guard.ts'

type RoutePolicy = PolicyLike<VerifiedToken, undefined>

/** The words of every adapter's guard. `Q` is the framework's request, `H` what it runs before a handler. */
export interface Guard<Q extends object, H> extends GuardedRequests<Q, Record<string, unknown>> {
  (policy?: RoutePolicy): H
  optional(): H
  metadata(): H
  handler(...args: readonly unknown[]): H
  errors(): unknown
}

export interface Framework<Q extends object, H> {
  createGuard(
    apiOrOptions: ResourceServer | ResourceServerOptions,
    options?: { readonly refusals?: 'answer' | 'pass-on' },
  ): Guard<Q, H>
  createApp(): App<Q, H>
  /** `guard.handler(…rules, handler)`, where the handler answers with what `answer` gives. */
  handlerOf(guard: Guard<Q, H>, rules: readonly RoutePolicy[], answer: (request: Q, auth: VerifiedToken) => unknown): H
  /** A hook that does something to the request and then lets it pass. */
  before(change: (request: Q) => void): H
}

export interface App<Q extends object, H> {
  /** What reached the framework's own error handling, which then answers by itself. */
  readonly errors: unknown[]
  /** Runs `hooks` for every method, then answers with what `answer` gives. */
  route(path: string, hooks: readonly H[], answer: (request: Q) => unknown): void
  /** Sets an error handler of the framework, such as that of `guard.errors()`. Call it after the routes. */
  setErrorHandler(handler: unknown): void
  /** An error handler that answers 200 with what `answer` gives. */
  errorHandler(answer: (error: unknown, request: Q) => unknown): unknown
  /** Has `handler` answer every method. */
  handle(path: string, handler: H): void
  listen(): Promise<Listening>
}

export interface Listening {
  readonly port: number
  close(): Promise<unknown>
}

/** Lets requests through to the guard that a stricter or smaller server would answer itself. */
export const serverOptions: ServerOptions = { insecureHTTPParser: true, maxHeaderSize: 128 * 1024 }

export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return address.port
}

/** Serves until the test ends, and gives the port. */
export async function listen(app: { listen(): Promise<Listening> }): Promise<number> {
  const server = await app.listen()
  onTestFinished(async () => void (await server.close()))
  return server.port
}
