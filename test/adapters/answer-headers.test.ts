// A good answer may carry header lines of the verification, such as a nonce for the client's next proof.
import { getRequestListener } from '@hono/node-server'
import { createResourceServer, type ResourceServer } from 'claimcheck'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { createGuard as createHonoGuard } from 'claimcheck/hono'
import { createGuard as createKoaGuard } from 'claimcheck/koa'
import { createGuard as createWebGuard } from 'claimcheck/web'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { expect, it, onTestFinished } from 'vitest'
import { requestGuardOf } from '../../src/server/resource-server.ts'
import { startLoopback } from '../support/loopback.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const headers = { Authorization: `Bearer ${createToken()}` }

/** As a verification will that hands out a nonce. */
function handOutNonces(api: ResourceServer): void {
  const guard = requestGuardOf(api) ?? expect.fail('no resource server')
  const { authenticate } = guard
  guard.authenticate = async (request) => {
    const authentication = await authenticate(request)
    return authentication.outcome === 'authenticated'
      ? { ...authentication, headers: { 'DPoP-Nonce': 'n1' } }
      : authentication
  }
}

async function serveExpress(api: ResourceServer): Promise<string> {
  const guard = createExpressGuard(api)
  const app = express()
  app.get('/guarded', guard(), (_, res) => void res.send('in'))
  app.get('/optional', guard.optional(), (_, res) => void res.send('in'))
  app.get(
    '/handler',
    guard.handler((_, res) => void res.send('in')),
  )
  return `http://${(await startLoopback(app)).host}`
}

async function serveFastify(api: ResourceServer): Promise<string> {
  const guard = createFastifyGuard(api)
  const app = fastify()
  onTestFinished(() => app.close())
  app.get('/guarded', { onRequest: guard() }, () => 'in')
  app.get('/optional', { onRequest: guard.optional() }, () => 'in')
  app.get(
    '/handler',
    guard.handler(() => 'in'),
  )
  return app.listen({ host: '127.0.0.1', port: 0 })
}

async function serveKoa(api: ResourceServer): Promise<string> {
  const guard = createKoaGuard(api)
  const answer: Koa.Middleware = (ctx) => void (ctx.body = 'in')
  const hooks: Readonly<Record<string, Koa.Middleware>> = {
    '/guarded': guard(),
    '/optional': guard.optional(),
    '/handler': guard.handler((ctx) => void (ctx.body = 'in')),
  }
  const app = new Koa().use(async (ctx, next) => hooks[ctx.path]?.(ctx, next)).use(answer)
  return `http://${(await startLoopback((req, res) => void app.callback()(req, res))).host}`
}

async function serveFetch(fetch: (request: Request) => Response | Promise<Response>): Promise<string> {
  const listener = getRequestListener(fetch)
  return `http://${(await startLoopback((req, res) => void listener(req, res))).host}`
}

async function serveHono(api: ResourceServer): Promise<string> {
  const guard = createHonoGuard(api)
  const app = new Hono()
  app.get('/guarded', guard(), (c) => c.text('in'))
  app.get('/optional', guard.optional(), (c) => c.text('in'))
  app.get(
    '/handler',
    guard.handler((c) => c.text('in')),
  )
  return serveFetch(app.fetch)
}

/** The response is one that was fetched, whose headers are immutable. */
async function serveWeb(api: ResourceServer): Promise<string> {
  const guard = createWebGuard(api)
  const answer = async () => fetch('data:text/plain,in')
  const hooks = { '/guarded': guard(), '/optional': guard.optional(), '/handler': guard.handler(answer) }
  return serveFetch((request) => hooks[new URL(request.url).pathname as keyof typeof hooks](request, answer))
}

it.each([
  ['Express', serveExpress],
  ['Fastify', serveFastify],
  ['Koa', serveKoa],
  ['Hono', serveHono],
  ['Fetch', serveWeb],
])('%s passes the headers of a good answer on, and of no refusal', async (_, serve) => {
  const api = createResourceServer(testApiOptions().options)
  handOutNonces(api)
  const url = await serve(api)
  for (const path of ['/guarded', '/optional', '/handler']) {
    const answer = await fetch(url + path, { headers })
    expect([await answer.text(), answer.headers.get('dpop-nonce')]).toEqual(['in', 'n1'])
  }
  const refused = await fetch(`${url}/guarded`, { headers: { Authorization: 'Bearer x' } })
  expect([refused.status, refused.headers.get('dpop-nonce')]).toEqual([401, null])
})
