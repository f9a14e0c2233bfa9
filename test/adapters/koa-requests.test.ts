// What Koa alone has: a state that other middleware writes to, and errors that pass through the middleware around them.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createGuard } from 'claimcheck/koa'
import { policy } from 'claimcheck/policy'
import Koa from 'koa'
import { expect, it, onTestFinished } from 'vitest'
import { type RawAnswer, sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { portOf } from './framework.ts'

const lines = [`Authorization: Bearer ${createToken()}`]
const never = policy('never', () => false)
const create = () => createGuard(testApiOptions().options)

async function ask(app: Koa, request: { readonly lines?: readonly string[] } = {}): Promise<RawAnswer> {
  const server = createServer((req, res) => void app.callback()(req, res)).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return sendRaw(portOf(server), request)
}

it('ctx.state.auth is no caller that other middleware has made up', async () => {
  const guard = create()
  const app = new Koa()
  app.use((ctx, next) => {
    ctx.state.auth = { principal: { subject: 'mallory' } }
    return next()
  })
  app.use(guard.optional())
  app.use((ctx) => {
    ctx.body = { auth: (ctx.state as { auth?: unknown }).auth ?? null, maybe: guard.maybeAuth(ctx) ?? null }
  })
  expect(JSON.parse((await ask(app)).body)).toEqual({ auth: null, maybe: null })
})

it('a refusal takes the place of what earlier middleware has prepared', async () => {
  const app = new Koa()
  app.use((ctx, next) => {
    ctx.set('Cache-Control', 'public, max-age=600')
    ctx.type = 'html'
    ctx.body = 'SECRET'
    return next()
  })
  app.use(create()())
  const answer = await ask(app)
  expect([answer.status, answer.body]).toEqual([401, expect.not.stringContaining('SECRET')])
  expect(valuesOf(answer, 'Cache-Control')).toEqual(['no-store'])
  expect(valuesOf(answer, 'Content-Type')).toEqual(['application/problem+json'])
})

it('guard.errors() leaves an answer that has begun to Koa, which gives the error to the application', async () => {
  const guard = create()
  const app = new Koa()
  const errors: unknown[] = []
  app.on('error', (error) => void errors.push(error))
  app.use(guard.errors())
  app.use(guard())
  app.use(async (ctx) => {
    ctx.res.writeHead(200, { 'Content-Length': 5 }).end('begun')
    await guard.require(ctx, never, undefined)
  })
  expect(await ask(app, { lines })).toMatchObject({ status: 200, body: 'begun' })
  expect(errors).toEqual([expect.objectContaining({ reason: 'access_denied' })])
})
