// What comes after a guard is called once, and its errors are its own: alike whether the guard decides at once or later.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createResourceServer, type ResourceServer, type VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import type { PolicyLike } from 'claimcheck/policy'
import express, { type RequestHandler } from 'express'
import express4 from 'express4'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { sendRaw } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { portOf } from './framework.ts'

type Policy = PolicyLike<VerifiedToken, undefined>
type Next = (error?: Error) => void

/** What was given to `next`, and where else errors came up: up the stack, or in a promise that nobody waits for. */
interface Seen {
  readonly given: unknown[]
  readonly risen: unknown[]
}

/** Serves a route behind `policy`, where `watch` stands between guard and framework, until the test ends. */
type Serve = (
  api: ResourceServer,
  policy: Policy,
  watch: (guard: (next: Next) => void, next: Next) => void,
) => Promise<number>

const serveExpress =
  (framework: typeof express): Serve =>
  async (api, policy, watch) => {
    const guard = createGuard(api)(policy)
    const app = framework()
    app.set('env', 'test')
    const watched: RequestHandler = (req, res, next) => watch((seen) => guard(req, res, seen as never), next)
    app.get('/', watched, (_req, res) => void res.json({ handler: 'ran' }))
    const server = createServer(app).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    return portOf(server)
  }

const serveFastify: Serve = async (api, policy, watch) => {
  const guard = createFastifyGuard(api)(policy)
  const app = fastify()
  const onRequest = (request: never, reply: never, done: Next) => watch((seen) => guard(request, reply, seen), done)
  app.get('/', { onRequest: onRequest as never }, async () => ({ handler: 'ran' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => app.close())
  return portOf(app.server)
}

const token = createToken()
const request = { path: '/', lines: [`Authorization: Bearer ${token}`] }

async function apiThatKnows(known: string): Promise<ResourceServer> {
  const api = createResourceServer(testApiOptions().options)
  await api.verifyToken(known)
  return api
}

/** Hears of rejections that nobody waits for, in place of whoever else does. */
function hearRejections(hear: (cause: unknown) => void): void {
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', hear)
  onTestFinished(() => {
    process.removeAllListeners('unhandledRejection')
    for (const other of others) process.on('unhandledRejection', other)
  })
}

const own = new RangeError('the application’s own')
const when: readonly (readonly [string, Policy, Policy])[] = [
  ['at once', () => true, () => false],
  ['later', async () => true, async () => false],
]

describe.each<[string, Serve]>([
  ['Express 5', serveExpress(express)],
  ['Express 4', serveExpress(express4 as unknown as typeof express)],
  ['Fastify 5', serveFastify],
])('on %s', (_, serve) => {
  it.each(when)('an error of what comes after is not taken for a decision that failed %s', async (_, allow) => {
    const seen: Seen = { given: [], risen: [] }
    hearRejections((cause) => seen.risen.push(cause))
    const port = await serve(await apiThatKnows(token), allow, (guard, next) => {
      try {
        guard((error) => {
          seen.given.push(error)
          next(error)
          throw own
        })
      } catch (error) {
        seen.risen.push(error)
      }
    })
    const { status, body } = await sendRaw(port, request)
    await everyoneGoesOn()
    expect({ status, body }).toEqual({ status: 200, body: '{"handler":"ran"}' })
    expect(seen).toEqual({ given: [undefined], risen: [own] })
  })

  it.each(when)('nothing comes after who is refused %s', async (_, _allow, deny) => {
    const given: unknown[] = []
    const port = await serve(await apiThatKnows(token), deny, (guard, next) =>
      guard((error) => {
        given.push(error)
        next(error)
      }),
    )
    expect((await sendRaw(port, request)).status).toBe(403)
    expect(given).toEqual([])
  })
})

it.each(when)(
  'hands a refusal that cannot be sent any more to the error handling, once, when it was decided %s',
  async (_, _allow, deny) => {
    const seen: Seen = { given: [], risen: [] }
    hearRejections((cause) => seen.risen.push(cause))
    const guard = createGuard(await apiThatKnows(token))(deny)
    const app = express()
    app.get('/', (req, res) => {
      res.end('too late')
      try {
        guard(req, res, (error) => void seen.given.push(error))
      } catch (error) {
        seen.risen.push(error)
      }
    })
    const server = createServer(app).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    expect((await sendRaw(portOf(server), request)).body).toBe('too late')
    await everyoneGoesOn()
    expect(seen).toEqual({ given: [expect.objectContaining({ reason: 'access_denied' })], risen: [] })
  },
)
