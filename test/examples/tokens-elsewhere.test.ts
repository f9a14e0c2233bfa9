// The recipes of docs/tokens-elsewhere.md, run as they are printed there: what each one lets in, and what it keeps out.
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { compileFunction } from 'node:vm'
import * as claimcheck from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { createTestIssuer, oidcLike } from 'claimcheck/testing'
import express, { type RequestHandler } from 'express'
import request from 'supertest'
import ts from 'typescript'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

const page = readFileSync(join(import.meta.dirname, '../../docs/tokens-elsewhere.md'), 'utf8')
const sts = createTestIssuer(oidcLike({ issuer: 'https://sts.example.com', audience: 'https://api.example.com' }))
const network = { fetch: sts.fetch, clock: sts.clock }
const guard = createGuard({ issuer: sts.issuer, audience: 'https://api.example.com', ...network })
const good = sts.token()

/** Runs the code below a heading, which finds these names. */
function run(heading: string, given: Readonly<Record<string, unknown>>): void {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const [, code = expect.fail(`no code below ${heading}`)] = /```ts\n([^]*?)```/.exec(section) ?? []
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  })
  compileFunction(outputText, [...Object.keys(given), 'exports'])(...Object.values(given), {})
}

describe('a token in a cookie', () => {
  const app = express()
  run('Cookies', { app, guard })
  const post = (cookie: string, origin?: string) =>
    request(app)
      .post('/orders')
      .set({ cookie, ...(origin !== undefined && { origin }) })

  it('is taken from the page of the API, whatever cookies stand beside it', async () => {
    await post(`a=b; __Host-token=${good}; c=d`, 'https://app.example.com').expect(200)
  })

  it.each([undefined, 'null', 'https://blog.example.com', 'https://app.example.com.evil.example'])(
    'is refused of the origin %s, without which another site could use it',
    async (origin) => {
      await post(`__Host-token=${good}`, origin).expect(403)
    },
  )

  it('is a credential like any other: a bad one is 401, and none is 401', async () => {
    await post('__Host-token=garbage', 'https://app.example.com').expect(401)
    await post('a=b', 'https://app.example.com').expect(401)
    await post(`x__Host-token=${good}`, 'https://app.example.com').expect(401)
  })
})

describe('a token in a query', () => {
  const app = express()
  const sendFile: RequestHandler = (_req, res, next) => {
    res.sendFile = () => void res.send('the report')
    next()
  }
  app.use(sendFile)
  run('Query', { app, guard })
  const get = (query: string) => request(app).get(`/reports/today.pdf?${query}`)

  it('is taken, and its answer is kept by no cache and names no referrer', async () => {
    const { headers } = await get(`access_token=${good}`).expect(200)
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  })

  it('is refused beside another credential', async () => {
    await get(`access_token=${good}&access_token=${good}`).expect(400)
    await get(`access_token=${good}`).set('authorization', `Bearer ${good}`).expect(400)
  })

  it('is refused when it is bad, empty or missing', async () => {
    await get('access_token=garbage').expect(401)
    await get('access_token=').expect(400)
    await get('').expect(401)
  })
})

it('an event stream ends with its token', async () => {
  const app = express()
  const orders = new EventEmitter()
  const tokenFromCookie: RequestHandler = (_req, _res, next) => next()
  const delays: unknown[] = []
  // The stream's own timer: it fires at once, and says when it should have.
  const setTimeout = (end: () => void, delayMs: number) => {
    delays.push(delayMs)
    return setImmediate(end)
  }
  const Date = { now: () => sts.clock.nowMs() }
  run('EventSource', { app, guard, orders, tokenFromCookie, setTimeout, clearTimeout: clearImmediate, Date })
  const expiringSoon = sts.token({}, { lifetimeSeconds: 60 })
  const { headers } = await request(app).get('/events').auth(expiringSoon, { type: 'bearer' }).expect(200)
  expect(headers['content-type']).toBe('text/event-stream')
  expect(delays).toEqual([60_000])
  expect(orders.listenerCount('order')).toBe(0)
})

describe('a WebSocket', () => {
  interface Upgrade {
    readonly origin?: string
    readonly protocols?: string
  }

  /** What the client is sent, and what becomes of its connection. */
  async function upgrade({ origin = 'https://app.example.com', protocols = '' }: Upgrade) {
    const server = new EventEmitter()
    const peer = Object.assign(new EventEmitter(), { close: vi.fn() })
    const opened = new Promise<'opened'>((resolve) => {
      const sockets = {
        handleUpgrade: (_request: unknown, _socket: unknown, _head: unknown, done: (one: object) => void) => {
          done(peer)
          resolve('opened')
        },
      }
      const createResourceServer = (options: claimcheck.ResourceServerOptions) =>
        claimcheck.createResourceServer({ ...options, ...network })
      const require = () => ({ ...claimcheck, createResourceServer })
      run('WebSocket', { server, sockets, require })
    })
    const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
    const refused = new Promise<string>((resolve) => {
      const end = socket.end.bind(socket)
      socket.end = ((text: string) => {
        resolve(text.split('\r\n')[0] ?? '')
        return end()
      }) as never
    })
    const headers = { origin, 'sec-websocket-protocol': protocols }
    const incoming = { method: 'GET', url: '/', rawHeaders: [], headers } as unknown as IncomingMessage
    server.emit('upgrade', incoming, socket, Buffer.alloc(0))
    return { peer, outcome: await Promise.race([opened, refused]) }
  }

  it('is opened for a token among its protocols, and closed when that ends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: sts.clock.nowMs() })
    onTestFinished(() => void vi.useRealTimers())
    const token = sts.token({}, { lifetimeSeconds: 60 })
    const { outcome, peer } = await upgrade({ protocols: `orders.v1, bearer.${token}` })
    expect(outcome).toBe('opened')
    vi.advanceTimersByTime(59_999)
    expect(peer.close).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(peer.close).toHaveBeenCalledWith(4401, 'token expired')
  })

  it.each<[string, Upgrade, number]>([
    ['of another origin', { origin: 'https://evil.example', protocols: `bearer.${good}` }, 403],
    ['with a bad token', { protocols: 'bearer.garbage' }, 401],
    ['without a token', { protocols: 'orders.v1' }, 401],
  ])('%s is refused', async (_, asked, status) => {
    expect((await upgrade(asked)).outcome).toBe(`HTTP/1.1 ${status} Refused`)
  })
})
