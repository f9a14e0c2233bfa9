// What adapters know of a route's parameters, and a guard without its parentheses where types can tell.
import { createGuard } from 'claimcheck/express'
import { createResourceServer, type VerifiedToken } from 'claimcheck'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { createGuard as createHonoGuard } from 'claimcheck/hono'
import { createGuard as createKoaGuard } from 'claimcheck/koa'
import { createGuard as createNodeGuard } from 'claimcheck/node'
import { scope } from 'claimcheck/policy'
import { createGuard as createWebGuard, withAuth } from 'claimcheck/web'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { z } from 'zod'

const options = { issuer: 'https://sts.example.com', audience: 'https://api.example.com' } as const

const guard = createGuard(options)
express().get(
  '/orders/:id',
  guard.handler((req, res) => {
    const id: string | readonly string[] | undefined = req.params['id']
    res.json(id)
  }),
)
express().get(
  '/orders/:id',
  guard.handler<{ id: string }>((req, res) => {
    const id: string = req.params.id
    // @ts-expect-error the route has no such parameter
    res.json([id, req.params.name])
  }),
)

const fastifyGuard = createFastifyGuard(options)
fastify().get<{ Params: { id: string } }>(
  '/orders/:id',
  fastifyGuard.handler((request) => {
    const id: string = request.params.id
    // @ts-expect-error the route has no such parameter
    return [id, request.params.name]
  }),
)
// @ts-expect-error the guard itself is no hook: write fastifyGuard()
fastify().get('/orders', { onRequest: fastifyGuard }, () => 'orders')

const typed = { ...options, claims: z.object({ team: z.string() }) } as const

const honoGuard = createHonoGuard(typed)
const hono = new Hono<{ Bindings: { KEY: string } }>()
hono.get('/orders/:id', honoGuard(scope('read')), (c) => {
  const auth: VerifiedToken<{ team: string }> = c.get('auth')
  const id: string = c.req.param('id')
  // @ts-expect-error there is no such claim
  return c.json([auth.claims.team, id, c.env.KEY, auth.claims.other.length])
})
hono.get('/optional', honoGuard.optional(), (c) => {
  // @ts-expect-error an anonymous request has no caller
  return c.text(c.get('auth').claims.team)
})
// @ts-expect-error no guard stands before the handler
hono.get('/unguarded', (c) => c.text(c.get('auth').claims.team))
hono.get(
  '/orders/:id',
  honoGuard.handler((c, auth) => {
    const id: string | undefined = c.req.param('id')
    // @ts-expect-error there is no such claim
    return c.text(auth.claims.team + id + auth.claims.other)
  }),
)
new Hono().use(honoGuard()).get('/', (c) => c.text(c.get('auth').claims.team))
// @ts-expect-error the guard itself is no middleware: write honoGuard()
hono.get('/orders', honoGuard, (c) => c.text(''))

const koaGuard = createKoaGuard(typed)
new Koa().use(koaGuard()).use((ctx) => {
  const team: string = ctx.state.auth.claims.team
  ctx.body = team + koaGuard.auth(ctx).claims.team
})
new Koa().use(koaGuard.optional()).use((ctx) => {
  // @ts-expect-error an anonymous request has no caller
  ctx.body = ctx.state.auth.claims.team
})

const nodeGuard = createNodeGuard(typed)
createServer(nodeGuard.handler((_req, res, auth) => res.end(auth.claims.team)))
createSecureServer(
  nodeGuard.handler((req: import('node:http2').Http2ServerRequest, res: import('node:http2').Http2ServerResponse) => {
    req.stream.close()
    res.end(nodeGuard.auth(req).claims.team)
  }),
)
// @ts-expect-error the guard itself is no listener
createServer(nodeGuard)

const api = createResourceServer(typed)
interface RouteContext {
  readonly params: Promise<{ id: string }>
}
export const GET: (request: Request, context: RouteContext) => Promise<Response> = withAuth(
  api,
  scope('read'),
  async (_request, auth, context) => Response.json([(await context.params).id, auth.claims.team]),
)
export const POST = withAuth(api, async (_request: Request, auth, context: RouteContext) => {
  // @ts-expect-error the route has no such parameter
  return Response.json([auth.claims.team, (await context.params).name])
})
// @ts-expect-error a route handler gives a Response
withAuth(api, () => 'orders')
// @ts-expect-error the policy was misspelt, and is no policy
withAuth(api, 'read', () => new Response())
const webGuard = createWebGuard(api)
void webGuard()(new Request('https://a'), (auth) => new Response(auth.claims.team))
// @ts-expect-error an anonymous request has no caller
void webGuard.optional()(new Request('https://a'), (auth) => new Response(auth.claims.team))
// @ts-expect-error middleware that goes on with nothing lets every request by
void webGuard()(new Request('https://a'))
