// The contract of all adapters for "claimcheck/fastify".
import { createGuard, type FastifyGuard } from 'claimcheck/fastify'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import { describe } from 'vitest'
import { describeContract } from './contract.ts'
import { type App, authOn, type Framework, portOf, serverOptions } from './framework.ts'

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

// HEAD comes with GET.
const method = ['GET', 'POST', 'OPTIONS']

function createApp(): App<FastifyRequest, Hook> {
  const errors: unknown[] = []
  const app = fastify({ http: serverOptions })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, body)
  })
  app.addHook('onError', async (_request, _reply, error) => {
    errors.push(error)
  })
  return {
    errors,
    route(url, hooks, answer) {
      app.route({ method, url, onRequest: [...hooks], handler: async (request) => answer(request) })
    },
    handle: (url, handler) => app.route({ method, url, handler }),
    setErrorHandler: (handler) => app.setErrorHandler(handler as Parameters<typeof app.setErrorHandler>[0]),
    errorHandler: (answer) => (error: unknown, request: FastifyRequest) => answer(error, request),
    async listen() {
      await app.listen({ port: 0, host: '127.0.0.1' })
      return { port: portOf(app.server), close: () => app.close() }
    },
  }
}

const framework: Framework<FastifyRequest, Hook> = {
  createApp,
  createGuard: createGuard as unknown as Framework<FastifyRequest, Hook>['createGuard'],
  handlerOf: (guard, rules, answer) =>
    (guard as unknown as FastifyGuard).handler(...(rules as [never]), (request, _reply, auth) => answer(request, auth)),
  before: (change) => async (request) => change(request),
  attached: authOn,
}

describe('on Fastify 5', () => describeContract(framework))
