// The contract of all adapters for "claimcheck/express", on Express 5 and 4.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { VerifiedToken } from 'claimcheck'
import { createGuard, type ExpressGuard } from 'claimcheck/express'
import { type PolicyQuery, scope } from 'claimcheck/policy'
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express'
import express4 from 'express4'
import { describe, expect, it } from 'vitest'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { describeContract } from './contract.ts'
import { type App, authOn, type Framework, portOf, serverOptions } from './framework.ts'

type Express = typeof express

function createApp(express: Express): App<Request, RequestHandler> {
  const errors: unknown[] = []
  const app = express()
  // Prints nothing, and shows the stack to the client: the worst that Express does with an error.
  app.set('env', 'test')
  app.use(express.urlencoded({ extended: false }))
  return {
    errors,
    route(path, hooks, answer) {
      app.all(path, ...hooks, (req, res, next) => {
        Promise.resolve(req)
          .then(answer)
          .then((body) => res.json(body), next)
      })
    },
    handle: (path, handler) => app.all(path, handler),
    setErrorHandler: (handler) => app.use(handler as ErrorRequestHandler),
    errorHandler:
      (answer): ErrorRequestHandler =>
      (error, req, res, _next) =>
        res.json(answer(error, req)),
    async listen() {
      const record: ErrorRequestHandler = (error, _req, _res, next) => {
        errors.push(error)
        next(error)
      }
      app.use(record)
      const server = createServer(serverOptions, app).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: portOf(server), close: () => new Promise((resolve) => server.close(resolve)) }
    },
  }
}

function frameworkOf(express: Express): Framework<Request, RequestHandler> {
  return {
    createApp: () => createApp(express),
    createGuard: createGuard as unknown as Framework<Request, RequestHandler>['createGuard'],
    handlerOf: (guard, rules, answer) =>
      (guard as ExpressGuard).handler(...(rules as [never]), (req, res, auth) => {
        const body = answer(req as Request, auth)
        return body instanceof Promise ? body.then((settled) => res.json(settled)) : res.json(body)
      }),
    before: (change) => (req, _res, next) => {
      change(req)
      next()
    },
    attached: authOn,
  }
}

describe('on Express 5', () => describeContract(frameworkOf(express)))
describe('on Express 4', () => describeContract(frameworkOf(express4 as unknown as Express)))

it('lets in a frozen request, such as one that a serverless wrapper imitates', async () => {
  const guard = createGuard(testApiOptions().options)
  const rawHeaders = ['Authorization', `Bearer ${createToken()}`]
  for (const middleware of [guard(), guard.optional()]) {
    const request = Object.freeze({ method: 'GET', url: '/', rawHeaders }) as unknown as IncomingMessage
    const given = await new Promise((resolve) => middleware(request, {} as ServerResponse, resolve))
    expect(given).toBeUndefined()
    expect(guard.auth(request).principal.subject).toBe('alice')
  }
})

it('a function that takes no response is no handler: the request would never be answered', () => {
  const guard = createGuard(testApiOptions().options)
  const isOwner = ({ auth }: PolicyQuery<VerifiedToken>) => auth.principal.subject === 'alice'
  const anyHandler = guard.handler as (...args: readonly unknown[]) => unknown
  for (const args of [[isOwner], [scope('a'), isOwner]]) {
    expect(() => anyHandler(...args)).toThrow(TypeError)
    expect(() => anyHandler(...args)).toThrow(/write guard\.handler\(isOwner, handler\)/)
  }
  // A wrapper counts no parameters.
  expect(() => anyHandler((...parts: readonly unknown[]) => parts)).not.toThrow()
})

it("error middleware that goes on finds no caller, and no anonymous one: refusals: 'pass-on'", async () => {
  const guard = createGuard(testApiOptions().options, { refusals: 'pass-on' })
  const app = express()
  app.use(guard.optional())
  app.use(((_error, _req, _res, next) => next()) satisfies ErrorRequestHandler)
  app.get('/', (req, res) => res.json(guard.maybeAuth(req) ?? 'anonymous'))
  app.use(guard.errors())
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const answer = await fetch(`http://127.0.0.1:${portOf(server)}/`, { headers: { authorization: 'Bearer garbage' } })
  server.close()
  expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ error: 'invalid_token' })])
})
