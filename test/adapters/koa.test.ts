// The contract of all adapters for "claimcheck/koa".
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createGuard, type KoaGuard } from 'claimcheck/koa'
import Koa, { type Context, type Middleware } from 'koa'
import { describe } from 'vitest'
import { describeContract } from './contract.ts'
import { type App, type Framework, portOf, serverOptions } from './framework.ts'

function createApp(): App<Context, Middleware> {
  const errors: unknown[] = []
  const app = new Koa()
  app.on('error', (error) => void errors.push(error))
  let answerErrors: Middleware = (_ctx, next) => next()
  app.use((ctx, next) => answerErrors(ctx, next))
  const at =
    (path: string, middleware: Middleware): Middleware =>
    (ctx, next) =>
      ctx.path === path ? middleware(ctx, next) : next()
  return {
    errors,
    route(path, hooks, answer) {
      for (const hook of hooks) app.use(at(path, hook))
      app.use(
        at(path, async (ctx) => {
          ctx.body = (await answer(ctx)) as object
        }),
      )
    },
    handle: (path, handler) => void app.use(at(path, handler)),
    setErrorHandler: (handler) => void (answerErrors = handler as Middleware),
    errorHandler:
      (answer): Middleware =>
      (ctx, next) =>
        next().catch((error: unknown) => {
          ctx.body = answer(error, ctx) as object
        }),
    async listen() {
      const server = createServer(serverOptions, (req, res) => void app.callback()(req, res)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: portOf(server), close: () => new Promise((resolve) => server.close(resolve)) }
    },
  }
}

const framework: Framework<Context, Middleware> = {
  createApp,
  createGuard: createGuard as unknown as Framework<Context, Middleware>['createGuard'],
  handlerOf: (guard, rules, answer) =>
    (guard as unknown as KoaGuard).handler(...(rules as [never]), async (ctx, auth) => {
      ctx.body = (await answer(ctx as Context, auth)) as object
    }),
  before: (change) => (ctx, next) => {
    change(ctx)
    return next()
  },
  attached: (ctx) => (ctx.state as { auth?: unknown }).auth,
  changeable: (ctx) => ctx.req as { headers: Record<string, unknown> },
  exceptions: ['the request takes no auth'],
}

describe('on Koa 3', () => describeContract(framework))
