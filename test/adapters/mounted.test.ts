// An application below a mount of Express: the path that a token is bound to is the one that the client called.
import { getRequestListener } from '@hono/node-server'
import { createResourceServer, type RequestView, type ResourceServer } from 'claimcheck'
import { createGuard as createHonoGuard } from 'claimcheck/hono'
import { createGuard as createKoaGuard } from 'claimcheck/koa'
import { oidc } from 'claimcheck/issuers'
import express, { type RequestHandler } from 'express'
import { Hono } from 'hono'
import Koa from 'koa'
import { expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { startLoopback } from '../support/loopback.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'

function koa(api: ResourceServer): RequestHandler {
  const guard = createKoaGuard(api)
  const app = new Koa().use(guard()).use((ctx) => void (ctx.body = 'in'))
  return (req, res) => void app.callback()(req, res)
}

function hono(api: ResourceServer): RequestHandler {
  const guard = createHonoGuard(api)
  const app = new Hono().use(guard()).all('*', (c) => c.text('in'))
  const listener = getRequestListener(app.fetch)
  return (req, res) => void listener(req, res)
}

it.each([
  ['Koa', koa],
  ['Hono', hono],
])('%s shows the whole path', async (_, mounted) => {
  const seen: unknown[] = []
  const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } })
  const bound = {
    ...trusted,
    validateRequest: (_claims: unknown, request?: RequestView) => void seen.push(request?.url),
  }
  const api = createResourceServer({ issuer: bound as typeof trusted, clock: createTestClock() })
  const app = express().use('/admin', mounted(api))
  const { host } = await startLoopback(app)
  const answer = await fetch(`http://${host}/admin/orders`, { headers: { Authorization: `Bearer ${createToken()}` } })
  expect([await answer.text(), seen]).toEqual(['in', ['/admin/orders']])
})
