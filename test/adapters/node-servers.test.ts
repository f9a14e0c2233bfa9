// "claimcheck/node" without a framework: as the listener of `node:http` and `node:http2`.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { createGuard, type NodeGuard } from 'claimcheck/node'
import { scope } from 'claimcheck/policy'
import { describe, expect, it, onTestFinished } from 'vitest'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { sendHttp2 } from '../support/raw-http2.ts'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { portOf } from './framework.ts'

const good = `Bearer ${createToken()}`
const lines = [`Authorization: ${good}`]
const create = (...options: readonly [{ readonly refusals: 'pass-on' }?]): NodeGuard =>
  createGuard(testApiOptions().options, ...options)

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

/** Rejections that no one has taken, in place of the test runner's own listeners. */
function unhandledRejections(): readonly unknown[] {
  const others = process.listeners('unhandledRejection')
  const unhandled: unknown[] = []
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', (cause) => unhandled.push(cause))
  onTestFinished(() => {
    process.removeAllListeners('unhandledRejection')
    for (const other of others) process.on('unhandledRejection', other)
  })
  return unhandled
}

describe('a listener of node:http', () => {
  it('answers for the caller, and refuses every other', async () => {
    const guard = create()
    const port = await listen(createServer(guard.handler((_req, res, auth) => res.end(auth.principal.subject))))
    expect(await sendRaw(port, { lines })).toMatchObject({ status: 200, body: 'alice' })
    expect(await sendRaw(port, {})).toMatchObject({ status: 401 })
    expect(await sendRaw(port, { lines: [...lines, ...lines] })).toMatchObject({ status: 400 })
  })

  it('asks its policy', async () => {
    const guard = create()
    const port = await listen(createServer(guard.handler(scope('read'), (_req, res) => res.end('in'))))
    expect(await sendRaw(port, { lines })).toMatchObject({ status: 403 })
  })

  it.each([[undefined], [{ refusals: 'pass-on' } as const]])(
    'answers refusals of the handler, also with the options %o: no framework is there to do so',
    async (options) => {
      const unhandled = unhandledRejections()
      const guard = create(options)
      const denied = guard.handler((req, _res) => guard.require(req, scope('read'), {}))
      const port = await listen(createServer(denied))
      expect(await sendRaw(port, { lines })).toMatchObject({ status: 403 })
      expect(await sendRaw(port, { lines: ['Authorization: Bearer garbage'] })).toMatchObject({ status: 401 })
      await everyoneGoesOn()
      expect(unhandled).toEqual([])
    },
  )

  it('ends an answer that has begun when a refusal comes, and no process', async () => {
    const unhandled = unhandledRejections()
    const guard = create()
    const late = guard.handler(async (req, res) => {
      await new Promise((resolve) => res.writeHead(200, { 'Content-Length': 100 }).write('begun', resolve))
      await guard.require(req, scope('read'), {})
      res.end('SECRET')
    })
    const port = await listen(createServer(late))
    const answer = await sendRaw(port, { lines })
    expect([answer.status, answer.body]).toEqual([200, 'begun'])
    await everyoneGoesOn()
    expect(unhandled).toEqual([])
  })

  it.each([
    ['throws', () => Promise.reject(new RangeError('own'))],
    [
      'rejects with',
      () => {
        throw new RangeError('own')
      },
    ],
  ])('leaves an error that the handler %s to the process, as other listeners do', async (_, handler) => {
    const unhandled = unhandledRejections()
    const guarding = create().handler((_req, _res) => handler())
    const errors: unknown[] = []
    const port = await listen(
      createServer((req, res) => {
        guarding(req, res)
        res.on('close', () => errors.push('closed'))
        void everyoneGoesOn().then(() => res.end())
      }),
    )
    await sendRaw(port, { lines })
    await everyoneGoesOn()
    expect(unhandled).toEqual([expect.objectContaining({ message: 'own' })])
  })

  it('hands every error to `next` where there is one', async () => {
    const own = new RangeError('own')
    const guarding = create().handler((_req, _res) => Promise.reject(own))
    const errors: unknown[] = []
    const port = await listen(
      createServer((req, res) =>
        guarding(req, res, (error) => {
          errors.push(error)
          res.writeHead(500, { 'Content-Length': 0 }).end()
        }),
      ),
    )
    expect(await sendRaw(port, { lines })).toMatchObject({ status: 500 })
    expect(errors).toEqual([own])
  })
})

describe('a listener of node:http2', () => {
  async function listenHttp2(policy = false): Promise<number> {
    const guard = create()
    const answer = (_req: Http2ServerRequest, res: Http2ServerResponse): void => void res.end('{"in":true}')
    const server = createHttp2Server(policy ? guard.handler(scope('read'), answer) : guard.handler(answer))
    return listen(server as unknown as Server)
  }

  it('answers for the caller, and refuses two credentials and those of pseudo-header fields', async () => {
    const port = await listenHttp2()
    const field = ['authorization', good] as const
    expect(await sendHttp2(port, '/', [field])).toEqual({ in: true })
    expect(await sendHttp2(port, '/', [])).toMatchObject({ status: 401 })
    expect(await sendHttp2(port, '/', [field, field])).toMatchObject({ status: 400, error: 'invalid_request' })
    expect(await sendHttp2(port, '/', [['authorization', 'Basic Zm9v'], field])).toMatchObject({ status: 400 })
    expect(await sendHttp2(port, '/', [[':authorization', good]])).toBeUndefined()
  })

  it.each(['GET', 'HEAD'])('refuses %s with its challenge', async (method) => {
    const client = connect(`http://127.0.0.1:${await listenHttp2(true)}`)
    onTestFinished(() => client.close())
    const stream = client.request({ ':method': method, authorization: good })
    const [answered] = (await once(stream, 'response')) as [Record<string, unknown>]
    let body = ''
    for await (const chunk of stream.setEncoding('utf8')) body += String(chunk)
    expect(answered).toMatchObject({ ':status': 403, 'cache-control': 'no-store' })
    expect(answered['www-authenticate']).toMatch(/error="insufficient_scope"/)
    expect(body === '').toBe(method === 'HEAD')
  })
})

it('metadata, an optional guard and errors are middleware for any server', async () => {
  const metadata = { resource: 'https://api.example.com' }
  const guard = createGuard(testApiOptions({ metadata }).options)
  const [publish, optional, answer] = [guard.metadata(), guard.optional(), guard.errors()]
  const routes = (req: IncomingMessage, res: ServerResponse): void =>
    optional(req, res, () => {
      try {
        res.end(guard.auth(req).principal.subject)
      } catch (error) {
        answer(error, req, res, () => {})
      }
    })
  const port = await listen(createServer((req, res) => publish(req, res, () => routes(req, res))))
  expect(await sendRaw(port, { lines })).toMatchObject({ status: 200, body: 'alice' })
  const [challenge] = valuesOf(await sendRaw(port, {}), 'WWW-Authenticate')
  expect(challenge).toContain('/.well-known/oauth-protected-resource')
  expect(await sendRaw(port, { path: '/.well-known/oauth-protected-resource' })).toMatchObject({ status: 200 })
})
