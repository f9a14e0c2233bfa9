// One server with one route: node http-server.js <kind> <folder of the fixture> <address of the JWK Set>. Prints its port.
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import fastifyJwt from '@fastify/jwt'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { oidc } from 'claimcheck/issuers'
import express, { type RequestHandler } from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { fastify, type FastifyInstance, type onRequestAsyncHookHandler, type onRequestHookHandler } from 'fastify'
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

const start = servers[kind]
if (!start) throw new Error(`There is no server ${kind}.`)
console.log(((await start()).address() as AddressInfo).port)
