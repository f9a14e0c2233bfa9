// Node stops collecting header lines at `server.maxHeadersCount`: a second Authorization line behind that is in no list. Over real
// sockets, on whichever Node runs this: newer ones answer 431 themselves beyond the bound.
import { once } from 'node:events'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { createResourceServer, fromNode, type ResourceServer } from 'claimcheck'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { createGuard as createHonoGuard } from 'claimcheck/hono'
import { createGuard as createKoaGuard } from 'claimcheck/koa'
import { createGuard as createNodeGuard } from 'claimcheck/node'
import express from 'express'
import express4 from 'express4'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type RawAnswer, sendRaw } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { portOf, serverOptions } from './framework.ts'

type Serve = (api: ResourceServer) => Promise<Server>

const good = `Authorization: Bearer ${createToken()}`
const foreign = 'Authorization: Basic Zm9v'
const detail = (body: string): unknown => (JSON.parse(body) as { detail: unknown }).detail
const tooMany = 'The request has too many header lines.'
const repeated = 'The request must carry exactly one Authorization header.'

function expressWith(create: typeof express): Serve {
  return async (api) => {
    const guard = createExpressGuard(api)
    const app = create()
    app.get('/guarded', guard(), (_req, res) => void res.json({}))
    app.get('/optional', guard.optional(), (_req, res) => void res.json({}))
    return createServer(serverOptions, app)
  }
}

const serveFastify: Serve = async (api) => {
  const guard = createFastifyGuard(api)
  const app = fastify({ http: serverOptions })
  app.get('/guarded', { onRequest: guard() }, async () => ({}))
  app.get('/optional', { onRequest: guard.optional() }, async () => ({}))
  await app.ready()
  return app.server
}

const serveFromNode: Serve = async (api) => {
  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const view = fromNode(req)
    const result = await api.authenticate(view)
    if (result.outcome !== 'refused') return void res.end('{}')
    const { status, headers, body } = api.challenge(result.error, view)
    res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body)
  }
  return createServer(serverOptions, (req, res) => void answer(req, res))
}

const serveKoa: Serve = async (api) => {
  const guard = createKoaGuard(api)
  const app = new Koa()
  const hooks: Readonly<Record<string, Koa.Middleware>> = { '/guarded': guard(), '/optional': guard.optional() }
  app.use(async (ctx, next) => hooks[ctx.path]?.(ctx, next))
  app.use((ctx) => void (ctx.body = {}))
  return createServer(serverOptions, (req, res) => void app.callback()(req, res))
}

const serveHono: Serve = async (api) => {
  const guard = createHonoGuard(api)
  const app = new Hono()
  app.get('/guarded', guard(), (c) => c.json({}))
  app.get('/optional', guard.optional(), (c) => c.json({}))
  return createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server
}

const serveNode: Serve = async (api) => {
  const guard = createNodeGuard(api)
  const hooks: Readonly<Record<string, ReturnType<typeof guard>>> = {
    '/guarded': guard(),
    '/optional': guard.optional(),
  }
  return createServer(serverOptions, (req, res) => hooks[req.url ?? '']?.(req, res, () => void res.end('{}')))
}

/** Serves until the test ends, and gives a function that sends so many header lines in all, these first and these last. */
async function open(serve: Serve, maxHeadersCount: number | undefined): Promise<Send> {
  const server = await serve(createResourceServer(testApiOptions().options))
  if (maxHeadersCount !== undefined) server.maxHeadersCount = maxHeadersCount
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => new Promise((resolve) => void server.close(() => resolve())))
  return (path, { count, first = [], last = [], version = '1.1' }) => {
    // Host and Connection are sent with each request.
    const filling = Array.from({ length: count - 2 - first.length - last.length }, () => 'X: 1')
    return sendRaw(portOf(server), { path, version, lines: [...first, ...filling, ...last] })
  }
}

interface Lines {
  readonly count: number
  readonly first?: readonly string[]
  readonly last?: readonly string[]
  readonly version?: string
}

type Send = (path: string, lines: Lines) => Promise<RawAnswer>

/** What this Node does by itself with a line too many: it hands the request on, cut, or answers 431. */
async function answersItself(maxHeadersCount: number | undefined): Promise<boolean> {
  const send = await open(async () => createServer(serverOptions, (_req, res) => void res.end('{}')), maxHeadersCount)
  const { status } = await send('/', { count: (maxHeadersCount ?? 1000) + 1 })
  return status === 431
}

describe.each<[string, Serve]>([
  ['Express 5', expressWith(express)],
  ['Express 4', expressWith(express4 as unknown as typeof express)],
  ['Fastify', serveFastify],
  ['Koa', serveKoa],
  ['Hono on Node', serveHono],
  ['node:http', serveNode],
  ['node:http with fromNode', serveFromNode],
])('%s', (_, serve) => {
  it.each([
    [undefined, 1000],
    [100, 100],
  ])('with maxHeadersCount %s refuses %i header lines and more with 400, where Node does not', async (limit, bound) => {
    const send = await open(serve, limit)
    const beyond = (await answersItself(limit)) ? { status: 431 } : { status: 400 }
    for (const path of ['/guarded', '/optional']) {
      const full = await send(path, { count: bound, first: [good] })
      expect([full.status, detail(full.body)]).toEqual([400, tooMany])
      for (const more of [1, 22, 23, 24, 25, 32, 500]) {
        const count = bound + more
        expect(await send(path, { count, first: [foreign], last: [good] }), `${path} ${more}`).toMatchObject(beyond)
        expect(await send(path, { count, first: [good], last: [good] })).toMatchObject(beyond)
        expect(await send(path, { count, last: [good] })).toMatchObject(beyond)
        expect(await send(path, { count })).toMatchObject(beyond)
      }
    }
  })

  it.each(['1.0', '2.0'])('refuses as many lines of an HTTP/1 request that calls itself HTTP/%s', async (version) => {
    const send = await open(serve, undefined)
    const beyond = (await answersItself(undefined)) ? { status: 431 } : { status: 400 }
    for (const path of ['/guarded', '/optional']) {
      const full = await send(path, { count: 1000, version, first: [good] })
      expect([full.status, detail(full.body)]).toEqual([400, tooMany])
      expect(await send(path, { count: 1100, version, first: [good], last: [foreign] })).toMatchObject(beyond)
      expect(await send(path, { count: 1100, version, last: ['Authorization: Bearer garbage'] })).toMatchObject(beyond)
    }
  })

  it.each([
    [undefined, 999],
    [100, 99],
    [0, 3000],
    [2 ** 31, 3000],
  ])('with maxHeadersCount %s sees every one of %i header lines', async (limit, count) => {
    const send = await open(serve, limit)
    expect(await send('/guarded', { count, first: [good] })).toMatchObject({ status: 200 })
    expect(await send('/guarded', { count, last: [good] })).toMatchObject({ status: 200 })
    expect(await send('/optional', { count })).toMatchObject({ status: 200 })
    for (const path of ['/guarded', '/optional']) {
      const twice = await send(path, { count, first: [foreign], last: [good] })
      expect([twice.status, detail(twice.body)]).toEqual([400, repeated])
    }
  })
})

it('takes an HTTP/2 request of any number of lines, of which Node drops none', async () => {
  const api = createResourceServer(testApiOptions().options)
  const server = createHttp2Server({ maxHeaderListPairs: 4000 }, (req, res) => {
    void Promise.resolve(api.authenticate(fromNode(req))).then(({ outcome }) =>
      res.end(`${outcome} ${req.rawHeaders.length}`),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => client.close(() => server.close()))
  const stream = client.request({ authorization: good.slice('Authorization: '.length), x: Array(1500).fill('1') })
  stream.setEncoding('utf8').end()
  const [body] = (await once(stream, 'data')) as [string]
  // Four pseudo-header fields, as Node counts: names and values, each one item.
  expect(body).toBe(`authenticated ${(4 + 1 + 1500) * 2}`)
})
