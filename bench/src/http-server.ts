// One server with one route: node http-server.js <kind> <folder of the fixture> <address of the JWK Set>. Prints its port.
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import fastifyJwt from '@fastify/jwt'
import { serve } from '@hono/node-server'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { createGuard as createHonoGuard } from 'claimcheck/hono'
import { oidc } from 'claimcheck/issuers'
import { createGuard as createKoaGuard } from 'claimcheck/koa'
import express, { type RequestHandler } from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { fastify, type FastifyInstance, type onRequestAsyncHookHandler, type onRequestHookHandler } from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import { verifyWithJwks } from 'hono/jwt'
import Koa, { type Middleware } from 'koa'
import koaJwt from 'koa-jwt'
import { readFixture } from './fixture.ts'
import { expressJwt } from './middleware-candidates.ts'
import { audience, issuer } from './names.ts'

const [kind = '', folder = '', keysUrl = ''] = process.argv.slice(2)
const guarded = { issuer: oidc({ issuer, audience, jwksUri: keysUrl }) }

const servers: Readonly<Record<string, () => Promise<Server>>> = {
  'fastify unprotected': async () => fastifyServer(async () => undefined),
  'fastify claimcheck': async () => fastifyServer(async () => createFastifyGuard(guarded)()),
  'fastify @fastify/jwt, static key, its cache': async () => fastifyServer(useFastifyJwt),
  'express unprotected': async () => expressServer(),
  'express claimcheck': async () => expressServer(createExpressGuard(guarded)()),
  'express express-oauth2-jwt-bearer': async () =>
    expressServer(auth({ issuer, audience, jwksUri: keysUrl, tokenSigningAlg: 'RS256' })),
  'express express-jwt, jwks-rsa': async () => expressServer(expressJwt(keysUrl, 'RS256')),
  'hono unprotected': async () => honoServer(),
  'hono an empty middleware': async () => honoServer(async (_, next) => next()),
  'hono claimcheck': async () => honoServer(createHonoGuard(guarded)()),
  'hono hono/jwk, local keys': async () => honoServer(useHonoJwk()),
  'koa unprotected': async () => koaServer(),
  'koa an empty middleware': async () => koaServer(async (_, next) => next()),
  'koa claimcheck': async () => koaServer(createKoaGuard(guarded)()),
  'koa koa-jwt, static key': async () => koaServer(useKoaJwt()),
  // The build of another commit, in the folder that BEFORE names.
  'fastify before': async () => fastifyServer(async () => (await guardBefore('fastify')) as onRequestHookHandler),
  'express before': async () => expressServer((await guardBefore('express')) as RequestHandler),
}

async function guardBefore(adapter: string): Promise<unknown> {
  const dist = `${process.env['BEFORE'] ?? ''}/dist`
  const { createGuard } = (await import(`${dist}/adapters/${adapter}.js`)) as typeof import('claimcheck/express')
  const folder = existsSync(`${dist}/presets/index.js`) ? 'presets' : 'issuers'
  const presets = (await import(`${dist}/${folder}/index.js`)) as typeof import('claimcheck/issuers')
  return createGuard({ issuer: presets.oidc({ issuer, audience, jwksUri: keysUrl }) })()
}

async function useFastifyJwt(app: FastifyInstance): Promise<onRequestAsyncHookHandler> {
  await app.register(fastifyJwt, {
    secret: { public: readFixture(folder).pems.RS256 },
    verify: { algorithms: ['RS256'], allowedIss: issuer, allowedAud: audience, checkTyp: 'at+jwt', cache: 4000 },
  })
  return async (request) => void (await request.jwtVerify())
}

async function fastifyServer(
  protect: (app: FastifyInstance) => Promise<onRequestHookHandler | onRequestAsyncHookHandler | undefined>,
): Promise<Server> {
  const app = fastify()
  const onRequest = await protect(app)
  app.get('/', { ...(onRequest && { onRequest }) }, async () => ({ hello: 'world' }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app.server
}

async function expressServer(...protect: RequestHandler[]): Promise<Server> {
  const app = express()
  app.get('/', ...protect, (_, res) => void res.json({ hello: 'world' }))
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server))
  })
}

/** What the middleware of hono/jwk calls, as the library's measure does. */
function useHonoJwk(): MiddlewareHandler {
  const { keys } = readFixture(folder).jwks as unknown as Pick<Parameters<typeof verifyWithJwks>[1], 'keys'>
  const verification = { iss: issuer, aud: audience, typ: 'at+jwt' }
  const options = { keys, allowedAlgorithms: ['RS256'], verification } as unknown as Parameters<
    typeof verifyWithJwks
  >[1]
  return async (c, next) => {
    await verifyWithJwks((c.req.header('Authorization') ?? '').slice('Bearer '.length), options)
    await next()
  }
}

function useKoaJwt(): Middleware {
  return koaJwt({ secret: readFixture(folder).pems.RS256, algorithms: ['RS256'], issuer, audience }) as Middleware
}

async function honoServer(...protect: MiddlewareHandler[]): Promise<Server> {
  const app = new Hono()
  for (const middleware of protect) app.use(middleware)
  app.get('/', (c) => c.json({ hello: 'world' }))
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, () => resolve(server as Server))
  })
}

async function koaServer(...protect: Middleware[]): Promise<Server> {
  const app = new Koa()
  for (const middleware of protect) app.use(middleware)
  app.use((ctx) => void (ctx.body = { hello: 'world' }))
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server))
  })
}

const start = servers[kind]
if (!start) throw new Error(`There is no server ${kind}.`)
console.log(((await start()).address() as AddressInfo).port)
