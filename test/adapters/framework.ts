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
  /** What the framework itself shows handlers as the caller. */
  attached(request: Q): unknown
  /** Rows of the contract that the framework cannot keep as they stand. */
  readonly exceptions?: readonly Exception[]
  /** The headers that an application can change. Left out, they are `request.headers`. */
  changeable?(request: Q): { headers: Record<string, unknown> }
}

/** The caller on `request.auth`: `null` where that is there, and empty. */
export function authOn(request: object): unknown {
  return 'auth' in request ? (request.auth ?? null) : undefined
}

/** Each stands in the contract beside the row that it changes, with what holds in its place. */
export type Exception =
  /** The caller is shown on an object of the framework's own, which takes every name. */
  | 'the request takes no auth'
  /** Fetch `Response`: an answer to HEAD has no body whose length could be told, which RFC 9110 §9.3.2 allows. */
  | 'HEAD has no length'
  /** Fetch `Headers` of a response: several challenges go out joined by a comma, which RFC 9110 §11.6.1 allows. */
  | 'challenges are joined'
  /** The error brings its whole answer: the framework sends our body in place of one of its own. */
  | 'errors bring their body'
  /** Fetch `Headers` of a request: every value is text, and nothing is inherited. */
  | 'header values are text'
  /** Fetch `Headers` of a request: lines are joined, and a value that the application sets takes the place of all of them. */
  | 'lines are joined'
  /** Nest: @UsePolicy() and @Anonymous() take the place of guard() and guard.optional(); a filter and @Auth() that of guard.handler(). */
  | 'decorators say what a route needs'
  /** Nest answers every error that is none of its own with 500: guard.errors() gives our answer. */
  | 'errors of others are 500'
  /** Nest shows a guard the decorators of a route at the first request to it: api.declare() publishes a scope before. */
  | 'policies are known at the first request'

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
