// What Hono alone has: variables that other middleware sets, responses that come before the guard's, its own error handling, and sub-apps.
import { once } from 'node:events'
import { connect } from 'node:net'
import { getRequestListener, serve, upgradeWebSocket } from '@hono/node-server'
import { createGuard } from 'claimcheck/hono'
import { policy, scope } from 'claimcheck/policy'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startLoopback } from '../support/loopback.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const good = { headers: { authorization: `Bearer ${createToken()}` } }
const create = () => createGuard(testApiOptions().options)
const never = policy('never', () => false)

describe("c.get('auth')", () => {
  it('is no caller that other middleware has made up', async () => {
    const guard = create()
    const app = new Hono<{ Variables: { auth: unknown } }>()
    app.use(async (c, next) => {
      c.set('auth', { principal: { subject: 'mallory' } })
      await next()
    })
    app.get('/', guard.optional(), (c) => c.json({ auth: c.get('auth') ?? null, maybe: guard.maybeAuth(c) ?? null }))
    expect(await (await app.request('/')).json()).toEqual({ auth: null, maybe: null })
  })

  it('does not decide: guard.auth() knows the caller whatever is set behind the guard', async () => {
    const guard = create()
    const app = new Hono()
    app.get('/', guard(), async (c, next) => {
      c.set('auth', { principal: { subject: 'mallory' } } as never)
      await next()
    })
    app.get('/', (c) => c.text(guard.auth(c).principal.subject))
    expect(await (await app.request('/', good)).text()).toBe('alice')
  })
})

describe('a refusal', () => {
  it('is the answer also where earlier middleware has set a response, and no handler runs', async () => {
    const app = new Hono()
    let ran = 0
    app.use(async (c, next) => {
      c.res = new Response('SECRET')
      await next()
    })
    app.get('/', create()(), (c) => c.text(String(++ran)))
    const answer = await app.request('/')
    expect([answer.status, await answer.text(), ran]).toEqual([401, expect.not.stringContaining('SECRET'), 0])
  })

  it.each(['answer', 'pass-on'] as const)(
    'keeps its own headers, and those of CORS, where earlier middleware made answers cacheable: %s',
    async (refusals) => {
      const guard = createGuard(testApiOptions().options, { refusals })
      const app = new Hono()
      app.use(async (c, next) => {
        c.res.headers.set('Access-Control-Allow-Origin', '*')
        c.header('Cache-Control', 'public, max-age=600')
        await next()
      })
      app.get('/', guard(), (c) => c.text('in'))
      const answer = await app.request('/')
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([401, 'no-store'])
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
    },
  )

  it("is Hono's to answer by getResponse(): of a guard that passes on, of guard.auth() and of guard.require()", async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const guard = createGuard(testApiOptions().options, { refusals: 'pass-on' })
    const app = new Hono()
    app.get('/guard', guard(never), (c) => c.text('in'))
    app.get('/auth', guard.optional(), (c) => c.text(guard.auth(c).principal.subject))
    app.get('/require', guard(), async (c) => c.json(await guard.require(c, never, undefined)))
    expect((await app.request('/guard', good)).status).toBe(403)
    expect((await app.request('/auth')).headers.get('www-authenticate')).toBe('Bearer realm="orders"')
    expect((await app.request('/require', good)).status).toBe(403)
    expect(log).not.toHaveBeenCalled()
  })

  it('leaves other errors to Hono with guard.errors(): its HTTPException is answered, a fault is thrown on', async () => {
    const app = new Hono()
    app.onError(create().errors())
    app.get('/teapot', () => {
      throw new HTTPException(418, { message: 'short and stout' })
    })
    app.get('/fault', () => {
      throw new RangeError('a fault')
    })
    expect((await app.request('/teapot')).status).toBe(418)
    await expect(async () => app.request('/fault')).rejects.toThrow('a fault')
  })
})

it('guards sub-apps, and applications that are mounted', async () => {
  const guard = create()
  const orders = new Hono().get('/:id', guard(scope('orders')), (c) => c.text(c.get('auth').principal.subject))
  const mounted = new Hono().get('/', guard(), (c) => c.text(guard.auth(c).principal.subject))
  const app = new Hono().use('/orders/*', guard()).route('/orders', orders).mount('/mounted', mounted.fetch)
  expect((await app.request('/orders/1')).status).toBe(401)
  expect((await app.request('/orders/1', good)).status).toBe(403)
  expect((await app.request('/mounted')).status).toBe(401)
  expect(await (await app.request('/mounted', good)).text()).toBe('alice')
})

it('streams what a handler streams', async () => {
  const guard = create()
  const app = new Hono()
  const body = () =>
    new ReadableStream({
      start(controller) {
        for (const part of ['one ', 'two ']) controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      },
    })
  app.get('/', guard(), (c) => c.body(body()))
  app.get(
    '/handler',
    guard.handler(() => new Response(body())),
  )
  const { url } = await startLoopback((req, res) => void getRequestListener(app.fetch)(req, res))
  for (const path of ['', 'handler']) expect(await (await fetch(url + path, good)).text()).toBe('one two ')
})

describe('a WebSocket of @hono/node-server', () => {
  async function listen(): Promise<number> {
    const app = new Hono()
    app.get(
      '/',
      create()(),
      upgradeWebSocket(() => ({ onOpen: (_, socket) => socket.send('in') })),
    )
    const sockets = new WebSocketServer({ noServer: true })
    return new Promise((resolve) => {
      const server = serve(
        { fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket: { server: sockets as never } },
        ({ port }) => resolve(port),
      )
      onTestFinished(() => void server.close())
    })
  }

  it('opens for a good token', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${await listen()}/`, good)
    const [message] = (await once(socket, 'message')) as [Buffer]
    expect(String(message)).toBe('in')
    socket.terminate()
  })

  // The request that it makes of an upgrade has the first line alone.
  it('is refused with two Authorization lines', async () => {
    const client = connect(await listen(), '127.0.0.1')
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const line = `Authorization: ${good.headers.authorization}\r\n`
    client.write(`GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}${line}${line}\r\n`)
    const [answer] = (await once(client, 'data')) as [Buffer]
    client.destroy()
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /)
  })
})
