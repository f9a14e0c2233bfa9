// The contract of all adapters for "claimcheck/node": middleware in the style of Connect.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { AuthError } from 'claimcheck'
import { createGuard, type NodeGuard } from 'claimcheck/node'
import { describe } from 'vitest'
import { describeContract } from './contract.ts'
import { type App, authOn, type Framework, portOf, serverOptions } from './framework.ts'

type Next = (error?: unknown) => void
type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void
type ErrorMiddleware = (error: unknown, ...rest: Parameters<Middleware>) => void

/** The smallest framework: paths, and middleware one after the other. */
function createApp(): App<IncomingMessage, Middleware> {
  const errors: unknown[] = []
  const routes = new Map<string, readonly Middleware[]>()
  let answerError: ErrorMiddleware = (error, _req, _res, next) => next(error)
  const json = (res: ServerResponse, body: unknown): void => {
    const text = JSON.stringify(body)
    res.writeHead(200, { 'Content-Length': Buffer.byteLength(text) }).end(text)
  }
  const fail = (error: unknown, res: ServerResponse): void => {
    errors.push(error)
    const { status, headers } = error instanceof AuthError ? error : { status: 500, headers: {} }
    res.writeHead(status, { ...headers, 'Content-Length': 0 }).end()
  }
  function run([first, ...rest]: readonly Middleware[], req: IncomingMessage, res: ServerResponse): void {
    const next: Next = (error) => {
      if (error) answerError(error, req, res, (passed) => fail(passed, res))
      else run(rest, req, res)
    }
    try {
      first?.(req, res, next)
    } catch (error) {
      next(error)
    }
  }
  return {
    errors,
    route(path, hooks, answer) {
      const last: Middleware = (req, res, next) => {
        Promise.resolve(req)
          .then(answer)
          .then((body) => json(res, body), next)
      }
      routes.set(path, [...hooks, last])
    },
    handle: (path, handler) => void routes.set(path, [handler]),
    setErrorHandler: (handler) => void (answerError = handler as ErrorMiddleware),
    errorHandler:
      (answer): ErrorMiddleware =>
      (error, req, res) =>
        json(res, answer(error, req)),
    async listen() {
      const server = createServer(serverOptions, (req, res) => {
        run(routes.get(new URL(req.url ?? '', 'http://loopback').pathname) ?? [], req, res)
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: portOf(server), close: () => new Promise((resolve) => server.close(resolve)) }
    },
  }
}

const framework: Framework<IncomingMessage, Middleware> = {
  createApp,
  createGuard: createGuard as unknown as Framework<IncomingMessage, Middleware>['createGuard'],
  handlerOf: (guard, rules, answer) =>
    (guard as unknown as NodeGuard).handler(...(rules as [never]), async (req, res, auth) => {
      const text = JSON.stringify(await answer(req, auth))
      res.writeHead(200, { 'Content-Length': Buffer.byteLength(text) }).end(text)
    }),
  before: (change) => (req, _res, next) => {
    change(req)
    next()
  },
  attached: authOn,
}

describe('on node:http', () => describeContract(framework))
