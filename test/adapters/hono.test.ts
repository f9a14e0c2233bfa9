// The contract of all adapters for "claimcheck/hono", on Node.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createGuard, type HonoGuard } from 'claimcheck/hono'
import { scope } from 'claimcheck/policy'
import { type Context, type ErrorHandler, Hono, type MiddlewareHandler } from 'hono'
import { createTestIssuer } from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { describeContract } from './contract.ts'
import { changeableFetch } from './fetch-headers.ts'
import { type App, type Framework, portOf, serverOptions } from './framework.ts'

function createApp(): App<Context, MiddlewareHandler> {
  const errors: unknown[] = []
  const app = new Hono()
  let answerError: ErrorHandler | undefined
  const honosOwn = (app as unknown as { errorHandler: ErrorHandler }).errorHandler
  app.onError(async (error, c) => {
    try {
      if (answerError) return await answerError(error, c)
    } catch {
      // `guard.errors()` throws on what is no refusal.
    }
    errors.push(error)
    if ('getResponse' in error) return honosOwn(error, c)
    return c.text('Internal Server Error', 500)
  })
  return {
    errors,
    route: (path, hooks, answer) =>
      void app.on('ALL', path, ...(hooks as [MiddlewareHandler]), async (c: Context) =>
        c.json((await answer(c)) as object),
      ),
    handle: (path, handler) => void app.all(path, handler),
    setErrorHandler: (handler) => void (answerError = handler as ErrorHandler),
    errorHandler: (answer) => (error: unknown, c: Context) => c.json(answer(error, c) as object),
    async listen() {
      const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
      const server = createServer(serverOptions, (req, res) => void listener(req, res)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: portOf(server), close: () => new Promise((resolve) => server.close(resolve)) }
    },
  }
}

const framework: Framework<Context, MiddlewareHandler> = {
  createApp,
  createGuard: createGuard as unknown as Framework<Context, MiddlewareHandler>['createGuard'],
  handlerOf: (guard, rules, answer) =>
    (guard as unknown as HonoGuard).handler(...(rules as [never]), async (c: Context, auth) =>
      c.json((await answer(c, auth)) as object),
    ),
  before: (change) => async (c, next) => {
    change(c)
    await next()
  },
  attached: (c) => c.get('auth'),
  changeable: (c) =>
    changeableFetch(c.req.raw, (headers) => void (c.req.raw = new Request(c.req.raw.url, { headers }))),
  exceptions: [
    'the request takes no auth',
    'HEAD has no length',
    'challenges are joined',
    'errors bring their body',
    'header values are text',
  ],
}

describe('on Hono 4', () => describeContract(framework))

// @hono/node-server awaits no answer that is there at once: one that it cannot send, such as a header that is no ASCII, ended the process.
// And applications call a guard themselves: `guard()(c, next).finally(…)`.
it.each([
  ['a guard', 200, (guard: HonoGuard) => guard()],
  ['a refusal', 403, (guard: HonoGuard) => guard(scope('none'))],
  ['a handler', 200, (guard: HonoGuard) => guard.handler((c) => c.text('yes'))],
  ['a handler that throws', 500, (guard: HonoGuard) => guard.handler(throwPlain)],
  ['a handler with a thenable', 200, (guard: HonoGuard) => guard.handler(answerThenable as unknown as () => Response)],
] as const)('%s gives a promise for a remembered token, too', async (_, status, make) => {
  const sts = createTestIssuer()
  const guard = createGuard({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock: sts.clock })
  const guarded = make(guard) as MiddlewareHandler
  const given: unknown[] = []
  const app = new Hono().use((c, next) => {
    const answer = guarded(c, next)
    given.push(answer)
    return answer
  })
  app.get('/', (c) => c.text('yes')).onError((_error, c) => c.text('no', 500))
  const headers = { Authorization: `Bearer ${sts.token()}` }
  for (const time of ['first', 'remembered']) {
    const answer = await app.request('/', { headers })
    expect({ time, status: answer.status }).toEqual({ time, status })
  }
  expect(given).toEqual([expect.any(Promise), expect.any(Promise)])
})

function throwPlain(): never {
  throw new Error('of the application')
}

/** As some libraries answer: `then` alone, and later. */
function answerThenable(c: Context): PromiseLike<Response> {
  return { then: ((resolve: (response: Response) => void) => void setImmediate(() => resolve(c.text('yes')))) as never }
}
