// The contract of all adapters for "claimcheck/web": `Request → Response`, served by a server of Node.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { AuthError } from 'claimcheck'
import { createGuard, type WebGuard } from 'claimcheck/web'
import { describe } from 'vitest'
import { describeContract } from './contract.ts'
import { changeableFetch } from './fetch-headers.ts'
import { type App, authOn, type Framework, portOf, serverOptions } from './framework.ts'

type Middleware = (request: Request, next: () => Promise<Response>) => Promise<Response>
type ErrorHandler = (error: unknown, request: Request) => Response | Promise<Response>

/** The smallest framework: paths, and middleware one around the other. */
function createApp(): App<Request, Middleware> {
  const errors: unknown[] = []
  const routes = new Map<string, Middleware>()
  let answerError: ErrorHandler = (error) => {
    throw error
  }
  function ownAnswer(error: unknown): Response {
    errors.push(error)
    if (!(error instanceof AuthError)) return new Response('', { status: 500 })
    const lines = Object.entries(error.headers).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    )
    return new Response('', { status: error.status, headers: lines })
  }
  async function answer(request: Request): Promise<Response> {
    const route = routes.get(new URL(request.url).pathname)
    try {
      return await (route?.(request, async () => new Response('', { status: 404 })) ??
        new Response('', { status: 404 }))
    } catch (error) {
      try {
        return await answerError(error, request)
      } catch (passed) {
        return ownAnswer(passed)
      }
    }
  }
  return {
    errors,
    route(path, hooks, answer) {
      const last: Middleware = async (request) => Response.json(await answer(request))
      routes.set(
        path,
        [...hooks, last].reduceRight((next, hook) => (request, end) => hook(request, () => next(request, end))),
      )
    },
    handle: (path, handler) => void routes.set(path, handler),
    setErrorHandler: (handler) => void (answerError = handler as ErrorHandler),
    errorHandler: (answer) => (error: unknown, request: Request) => Response.json(answer(error, request)),
    async listen() {
      const listener = getRequestListener(answer, { overrideGlobalObjects: false })
      const server = createServer(serverOptions, (req, res) => void listener(req, res)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: portOf(server), close: () => new Promise((resolve) => server.close(resolve)) }
    },
  }
}

const framework: Framework<Request, Middleware> = {
  createApp,
  createGuard: createGuard as unknown as Framework<Request, Middleware>['createGuard'],
  handlerOf: (guard, rules, answer) =>
    (guard as unknown as WebGuard).handler(...(rules as [never]), async (request: Request, auth) =>
      Response.json(await answer(request, auth)),
    ),
  before: (change) => async (request, next) => {
    change(request)
    return next()
  },
  attached: authOn,
  changeable: (request) =>
    changeableFetch(request, (headers) => Object.defineProperty(request, 'headers', { value: headers })),
  exceptions: ['HEAD has no length', 'challenges are joined', 'header values are text', 'lines are joined'],
}

describe('on Fetch requests', () => describeContract(framework))
