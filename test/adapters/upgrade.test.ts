// guard.guardUpgrade() and the guard as middleware of engine.io, with real clients of WebSockets.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { AuthError, createResourceServer, type VerifiedToken } from 'claimcheck'
import { createGuard, type NodeGuard } from 'claimcheck/node'
import { scope } from 'claimcheck/policy'
import { Server as SocketServer } from 'socket.io'
import { io } from 'socket.io-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { portOf } from './framework.ts'

const good = `Bearer ${createToken({ claims: { scope: 'chat' } })}`
const lacking = `Bearer ${createToken()}`
const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return portOf(server)
}

interface Seen {
  readonly callers: string[]
  readonly errors: unknown[]
  readonly sockets: Duplex[]
}

/** Greets each WebSocket that gets in by its subject. */
async function serve(
  guard: NodeGuard = createGuard(testApiOptions().options),
  before: (req: IncomingMessage, socket: Duplex) => void = () => {},
): Promise<Seen & { readonly port: number }> {
  const seen: Seen = { callers: [], errors: [], sockets: [] }
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', (socket, req) => {
    seen.callers.push(guard.auth(req).principal.subject)
    socket.send(guard.auth(req).principal.subject)
  })
  const mayChat = scope('chat')
  async function answer(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    seen.sockets.push(socket)
    before(req, socket)
    await guard.guardUpgrade(req, socket, mayChat)
    sockets.handleUpgrade(req, socket, head, (client) => sockets.emit('connection', client, req))
  }
  const server = createServer().on('upgrade', (req, socket, head) => {
    answer(req, socket, head).catch((error: unknown) => seen.errors.push(error))
  })
  return { ...seen, port: await listen(server) }
}

/** The first message of the server, or the status of its refusal. */
function greetingOf(port: number, authorization?: string): Promise<unknown> {
  const headers = authorization === undefined ? {} : { authorization }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers })
  return new Promise((resolve, reject) => {
    socket.on('message', (data) => resolve(String(data as Buffer)))
    socket.on('unexpected-response', (_req, res) => resolve(res.statusCode))
    socket.on('error', reject)
  }).finally(() => socket.terminate())
}

describe('guard.guardUpgrade()', () => {
  it('lets a WebSocket in, whose caller guard.auth() knows', async () => {
    const { port, callers } = await serve()
    expect(await greetingOf(port, good)).toBe('alice')
    expect(callers).toEqual(['alice'])
  })

  it('lets guard.require() refuse on an open WebSocket once the token has ended', async () => {
    const { options, clock } = testApiOptions()
    const guard = createGuard(options)
    const sockets = new WebSocketServer({ noServer: true })
    const server = createServer().on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      void guard.guardUpgrade(req, socket).then(() =>
        sockets.handleUpgrade(req, socket, head, (client) =>
          client.on('message', () => {
            const asked = guard.require(req, ({ auth }) => auth.principal.kind !== 'device', 'resource')
            void asked.catch(({ reason }: AuthError) => reason).then((answer) => client.send(answer))
          }),
        ),
      )
    })
    const client = new WebSocket(`ws://127.0.0.1:${await listen(server)}/`, { headers: { authorization: good } })
    onTestFinished(() => client.terminate())
    await once(client, 'open')
    const ask = async () => {
      client.send('?')
      return String((await once(client, 'message'))[0])
    }
    expect(await ask()).toBe('resource')
    clock.advanceMs(329_000)
    expect(await ask()).toBe('resource')
    clock.advanceMs(1000)
    expect(await ask()).toBe('token_expired')
  })

  it('answers every other as HTTP, destroys its socket and rejects', async () => {
    const { port, callers, errors, sockets } = await serve()
    expect(await greetingOf(port)).toBe(401)
    expect(await greetingOf(port, 'Bearer garbage')).toBe(401)
    expect(await greetingOf(port, lacking)).toBe(403)
    expect(errors).toEqual([expect.any(AuthError), expect.any(AuthError), expect.any(AuthError)])
    await everyoneGoesOn()
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, true, true])
    expect(callers).toEqual([])
  })

  it('gives the answer of a guard, in header lines of their own, and hangs up', async () => {
    const { port } = await serve()
    const answer = await sendRaw(port, { path: '/', lines: [...handshake, `Authorization: ${lacking}`] })
    expect(answer.status).toBe(403)
    expect(valuesOf(answer, 'WWW-Authenticate')[0]).toMatch(/^Bearer realm="orders", error="insufficient_scope"/)
    expect(valuesOf(answer, 'Cache-Control')).toEqual(['no-store'])
    expect(valuesOf(answer, 'Connection')).toEqual(['close'])
    expect(JSON.parse(answer.body)).toMatchObject({ status: 403, scope: 'chat' })
  })

  it('refuses two Authorization lines', async () => {
    const { port, callers } = await serve()
    for (const pair of [
      [good, good],
      [good, 'Basic Zm9v'],
      ['Basic Zm9v', good],
    ]) {
      const lines = [...handshake, ...pair.map((value) => `Authorization: ${value}`)]
      expect((await sendRaw(port, { lines })).status).toBe(400)
    }
    expect(callers).toEqual([])
  })

  it('judges the credential that the application has set, such as one of the protocol', async () => {
    const { port } = await serve(undefined, (req) => {
      req.headers.authorization ??= good
    })
    expect(await greetingOf(port)).toBe('alice')
    expect(await greetingOf(port, 'Bearer garbage')).toBe(401)
  })

  it('outlives a client that hangs up while its token is verified', async () => {
    let answer: (isRevoked: boolean) => void = () => {}
    let options = testApiOptions().options
    const asked = new Promise<void>((resolve) => {
      const isRevoked = (): Promise<boolean> => {
        resolve()
        return new Promise((settle) => (answer = settle))
      }
      options = testApiOptions({ isRevoked }).options
    })
    const { port, errors, sockets } = await serve(createGuard(options))
    const client = connect(port, '127.0.0.1')
    client.write(`GET / HTTP/1.1\r\nHost: x\r\n${handshake.join('\r\n')}\r\nAuthorization: ${good}\r\n\r\n`)
    await asked
    // Not by `once`, which listens for errors, too: without a listener an error ends the process.
    const closed = new Promise((resolve) => sockets[0]?.on('close', resolve))
    client.resetAndDestroy()
    await closed
    answer(true)
    await everyoneGoesOn()
    expect(errors).toEqual([expect.any(AuthError)])
    expect(await greetingOf(port, 'Bearer garbage')).toBe(401)
  })

  it.each([good, 'Bearer garbage'])('opens nothing on a socket that is destroyed already: %.14s', async (value) => {
    const { port, callers } = await serve(undefined, (_req, socket) => void socket.destroy())
    await expect(greetingOf(port, value)).rejects.toThrow('socket hang up')
    await everyoneGoesOn()
    expect(callers).toEqual([])
  })

  it.each<[string, readonly unknown[]]>([
    ['a policy that is undefined', [undefined]],
    ['a second policy', [scope('chat'), scope('other')]],
    ['a policy that is none', ['chat']],
  ])('rejects %s by a TypeError, and destroys the socket without an answer', async (_, policies) => {
    const guard = createGuard(testApiOptions().options)
    const misused = guard.guardUpgrade as (...args: readonly unknown[]) => Promise<VerifiedToken>
    const { port, callers, errors } = await serve({
      ...guard,
      guardUpgrade: (req: IncomingMessage, socket: Duplex) => misused(req, socket, ...policies),
    } as unknown as NodeGuard)
    await expect(greetingOf(port, good)).rejects.toThrow('socket hang up')
    expect({ callers, errors }).toEqual({ callers: [], errors: [expect.any(TypeError)] })
  })
})

describe.each([['polling'], ['websocket']])('socket.io by %s', (transport) => {
  /** The subject that the server tells, or the error of the client. */
  async function greetingFrom(authorization?: string): Promise<unknown> {
    const guard = createGuard(createResourceServer(testApiOptions().options))
    const http = createServer()
    const sockets = new SocketServer(http)
    sockets.engine.use(guard(scope('chat')))
    sockets.on('connection', (socket) => socket.emit('greeting', guard.auth(socket.request).principal.subject))
    const port = await listen(http)
    const extraHeaders = authorization === undefined ? {} : { authorization }
    const client = io(`http://127.0.0.1:${port}`, { transports: [transport], extraHeaders, reconnection: false })
    try {
      return await new Promise((resolve) => {
        client.on('greeting', resolve)
        client.on('connect_error', (error) => resolve(error.message))
      })
    } finally {
      client.disconnect()
      await sockets.close()
    }
  }

  it('lets a client in, and no other', async () => {
    expect(await greetingFrom(good)).toBe('alice')
    for (const value of [undefined, 'Bearer garbage', lacking])
      expect(await greetingFrom(value)).toMatch(/^(xhr poll error|websocket error)$/)
  })
})
