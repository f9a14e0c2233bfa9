// One set of tests for every real gateway, with its recipe as printed: what a client sends to it, and what reaches the API behind it.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { createResourceServer } from 'claimcheck'
import {
  anonymous,
  createGateway,
  fileSigningKeys,
  gatewayAssertion,
  optional,
  printRecipe,
  type RecipeFile,
} from 'claimcheck/gateway'
import { authenticated, policy, role, scope, stepUp } from 'claimcheck/policy'
import { createTestIssuer } from 'claimcheck/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type GatewayProgram, isInstalled, type RunningGateway, startGateway } from '../support/gateways.ts'
import { freePort } from '../support/ports.ts'
import { honestTargets, twistedTargets } from './targets.ts'

/** What is special about one gateway. */
export interface GatewayTraits {
  /** The status for a client when no decision server answers. */
  readonly down: number
}

interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

interface Received {
  readonly method: string
  readonly url: string
  readonly lines: readonly (readonly [string, string])[]
}

export function describeGateway(program: GatewayProgram, traits: GatewayTraits): void {
  const missing = isInstalled(program) ? '' : ` (not run: ${program} is not installed)`
  describe.skipIf(missing !== '')(`${program}, by its recipe${missing}`, () => runWith(program, traits))
}

function runWith(program: GatewayProgram, { down }: GatewayTraits): void {
  const sts = createTestIssuer()
  const options = {
    issuer: sts.issuer,
    audience: sts.audience,
    fetch: sts.fetch,
    clock: sts.clock,
    realm: 'orders',
    metadata: { resource: 'https://api.example.com' },
  }
  const api = createResourceServer(options)
  let isPdpDown = false
  const pdp = policy('pdp', () => {
    if (isPdpDown) throw new Error('down')
    return true
  })
  const folder = mkdtempSync(join(tmpdir(), 'claimcheck-keys-'))
  const keys = fileSigningKeys(folder)
  const gateway = createGateway({
    api,
    assertion: { issuer: 'gateway', audience: 'orders', keys },
    routes: {
      '/account': authenticated,
      'GET /scoped': scope('a', 'b'),
      '/login': stepUp({ acrValues: ['2fa'] }),
      '/pdp': pdp,
      '/admin/{rest...}': role('admin'),
      '/public/{rest...}': anonymous,
      '/optional': optional,
      // What a client would get there is the decision, with the identity in it.
      '/_claimcheck': authenticated,
      '/{rest...}': role('nobody-has-it'),
    },
  })
  const received: Received[] = []
  let running: RunningGateway
  let upstream: Server
  let decisions: { readonly url: string; close(): Promise<void> }

  beforeAll(async () => {
    await api.ready()
    upstream = createServer((request, response) => {
      received.push(seen(request))
      response.end('upstream')
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    decisions = await gateway.listen({ dialects: [program], listen: `127.0.0.1:${await freePort()}` })
    running = await startGateway(program, (port) => recipe(port))
  }, 30_000)

  beforeEach(() => {
    received.length = 0
    isPdpDown = false
  })

  afterAll(async () => {
    await running?.stop()
    await decisions.close()
    rmSync(folder, { recursive: true })
    upstream.close()
    upstream.closeAllConnections()
  })

  function recipe(port: number, at = decisions.url.replace('http://', ''), changes = {}): readonly RecipeFile[] {
    const listensAt = { listen: `127.0.0.1:${port}`, decisions: at }
    return printRecipe(gateway, program, { ...listensAt, upstream: `127.0.0.1:${portOf(upstream)}`, ...changes })
  }

  const token = (claims = {}): string => `Authorization: Bearer ${sts.token({ sub: 'alice', ...claims })}`
  const send = async (target: string, ...lines: readonly string[]): Promise<Answer> =>
    sendBytes(running.port, `GET ${target} HTTP/1.1\r\n${head(lines)}`, 'first answer')

  test('lets a caller through, with the identity and the request as they were', async () => {
    const answer = await send('/account?x=%2F..&y', token({ roles: ['a b', 'ü'] }), 'X-Own: 1')
    expect([answer.status, answer.body]).toEqual([200, 'upstream'])
    expect(received).toHaveLength(1)
    expect(received[0]).toMatchObject({ method: 'GET', url: '/account?x=%2F..&y' })
    expect(identityIn(received[0])).toMatchObject({ 'x-auth-subject': 'alice', 'x-auth-roles': 'a%20b,%C3%BC' })
    expect(valuesIn(received[0]?.lines, 'x-own')).toEqual(['1'])
    expect(valuesIn(received[0]?.lines, 'authorization')).toEqual([])
  })

  test('runs without root as printed, and keeps a body that is too long for its memory', async () => {
    const body = 'x'.repeat(300_000)
    const bytes = `POST /public/x HTTP/1.1\r\n${head([`Content-Length: ${body.length}`])}${body}`
    expect((await sendBytes(running.port, bytes)).status).toBe(200)
    expect(received).toHaveLength(1)
    expect(running.output()).not.toMatch(/denied|permi/i)
  })

  describe('a refusal is the one of the resource server itself', () => {
    test.each([
      ['400, a malformed credential', '/account', ['Authorization: Bearer a b']],
      ['401, no credential', '/account', []],
      ['401, a bad token', '/account', [`Authorization: Bearer ${sts.badToken('expired')}`]],
      ['401, too weak a login', '/login', [token()]],
      ['403, a scope is missing', '/scoped', [token()]],
      ['403, nothing helps', '/admin/x', [token()]],
      ['503, a policy that cannot be asked', '/pdp', [token()]],
    ])('%s', async (title, target, lines) => {
      isPdpDown = true
      const answer = await send(target, ...lines)
      const policies = {
        '/scoped': scope('a', 'b'),
        '/login': stepUp({ acrValues: ['2fa'] }),
        '/pdp': pdp,
        '/admin/x': role('admin'),
      }
      const own = Object.hasOwn(policies, target) ? policies[target as keyof typeof policies] : authenticated
      const headers = lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])
      const error: unknown = await api.guard({ method: 'GET', url: target, headers }, own).catch((caught) => caught)
      const expected = api.challenge(error as never, { method: 'GET', url: target, headers })
      expect(answer.status).toBe(Number(title.slice(0, 3)))
      expect({ status: answer.status, body: answer.body }).toEqual({ status: expected.status, body: expected.body })
      for (const name of ['WWW-Authenticate', 'Content-Type', 'Cache-Control', 'Retry-After']) {
        const values = expected.headers.flatMap(([one, value]) => (one === name ? [value] : []))
        expect(valuesIn(answer.headers, name).join(', '), name).toBe(values.join(', '))
      }
      expect(received).toEqual([])
    })
  })

  test.each(['POST', 'DELETE', 'PATCH', 'QUERY'])('a route for GET lets no %s through', async (method) => {
    const answer = await sendBytes(running.port, `${method} /scoped HTTP/1.1\r\n${head([token({ scope: 'a b' })])}`)
    expect([403, 405, 501]).toContain(answer.status)
    expect((await send('/scoped', token({ scope: 'a b' }))).status).toBe(200)
    expect(received.map((one) => one.method)).toEqual(['GET'])
  })

  test('the query is told, too', async () => {
    expect((await send('/scoped?a=1&_method=DELETE', token({ scope: 'a b' }))).status).toBe(400)
    expect(received).toEqual([])
  })

  test('two credentials are a 400, of the decision server or of the gateway itself', async () => {
    const { status } = await send('/account', token(), 'Authorization: Basic Zm9v')
    expect(status).toBe(400)
    expect(received).toEqual([])
  })

  test('an API that checks the assertion takes it for its request, and for no other', async () => {
    const behind = createResourceServer({
      issuer: gatewayAssertion({ issuer: 'gateway', audience: 'orders', jwks: keys.jwks() }),
    })
    await send('/account?page=1', token())
    const [{ method, url, lines: headers } = { method: '', url: '', lines: [] }] = received
    expect((await behind.guard({ method, url, headers })).principal.subject).toBe('alice')
    await expect(behind.guard({ method, url: '/other', headers })).rejects.toMatchObject({ status: 401 })
    for (const target of ['/public/x', '/optional']) await send(target, 'X-Auth-Assertion: spoofed')
    for (const { lines, ...rest } of received.slice(1))
      expect(await behind.authenticate({ ...rest, headers: lines })).toEqual({ outcome: 'anonymous' })
    expect(received).toHaveLength(3)
  })

  describe('identity headers of the client never reach the API', () => {
    const all = ['X-Auth-Subject', 'x-auth-subject', 'X-AUTH-SUBJECT', 'X-auth-Subject']
    test.each([
      ['an anonymous route', '/public/x', []],
      ['an anonymous route, with a token', '/public/x', [token()]],
      ['an optional route', '/optional', []],
      ['a route with a token that lacks the claim', '/account', [token()]],
    ])('%s', async (_, target, lines) => {
      for (const name of [...all, ...gateway.identityHeaders]) {
        received.length = 0
        expect((await send(target, ...lines, `${name}: spoofed`, `${name}: spoofed`)).status).toBe(200)
        expect(JSON.stringify(received)).not.toContain('spoofed')
      }
    })

    // The gateway drops it, or the decision server refuses the request.
    const withOtherSigns = ['X_Auth_Subject', 'x_auth_subject', 'X-Auth_Subject', 'X.Auth.Subject', 'X~Auth~Subject']
    test.each([...withOtherSigns, 'x.auth-subject'])('with other signs: %s', async (name) => {
      for (const target of ['/public/x', '/optional']) {
        expect([200, 400]).toContain((await send(target, `${name}: spoofed`)).status)
        expect(JSON.stringify(received)).not.toContain('spoofed')
      }
    })

    test.each([
      'X-Auth-Subject',
      'x-auth-subject, X-Auth-Roles',
      'close, X-Auth-Subject',
      'Authorization',
      'X-Forwarded-Uri',
    ])('nor does Connection: %s take the real ones away', async (list) => {
      const answer = await send('/account', token(), `Connection: ${list}`, 'X-Auth-Subject: spoofed')
      if (answer.status === 200) expect(identityIn(received[0])).toMatchObject({ 'x-auth-subject': 'alice' })
      else expect(received).toEqual([])
      expect(JSON.stringify(received)).not.toContain('spoofed')
    })
  })

  describe('metadata of the client changes nothing', () => {
    test.each([
      ['X-Forwarded-Uri: /public/x'],
      ['X-Forwarded-Method: OPTIONS'],
      ['X_Forwarded_Uri: /public/x'],
      ['X-Forwarded-Host: other.example.com'],
      ['X-Original-URI: /public/x'],
      ['X-Forwarded-Prefix: /public'],
      ['X-Claimcheck-Recipe: 0'],
      ['X-Auth-Status: 200'],
      ['Forwarded: for=1.2.3.4;host=x'],
    ])('%s', async (line) => {
      expect((await send('/admin/x', token(), line)).status).toBe(403)
      expect((await send('/admin/x', token(), line, line)).status).toBe(403)
      expect(received).toEqual([])
    })

    test('nor does the API get a host, a scheme or an address that the client made up', async () => {
      const names = ['X-Forwarded-Host', 'X_Forwarded_Host', 'X-Forwarded-Proto', 'X-Forwarded-For', 'X_Forwarded-For']
      const lines = ['Forwarded: for=made.up;host=made.up;proto=made.up', ...names.map((name) => `${name}: made.up`)]
      expect((await send('/account', token(), ...lines, ...lines)).status).toBe(200)
      expect(JSON.stringify(received)).not.toContain('made.up')
    })

    test('nor an override in a spelling that CGI takes for the real one', async () => {
      const answer = await send('/scoped', token({ scope: 'a b' }), 'X_HTTP_METHOD_OVERRIDE: DELETE')
      expect([200, 400]).toContain(answer.status)
      expect(JSON.stringify(received)).not.toMatch(/override/i)
      expect(received.length).toBe(answer.status === 200 ? 1 : 0)
    })

    test.each(['X-HTTP-Method-Override: DELETE', 'X-Original-URL: /admin/x', 'X-Rewrite-URL: /admin/x'])(
      'nor does %s reach the API with an override that was not decided about',
      async (line) => {
        const answer = await send(line.includes('Method') ? '/scoped' : '/public/x', token({ scope: 'a b' }), line)
        expect(answer.status).toBe(400)
        expect(received).toEqual([])
        expect(
          (await send('/account', token(), line.replace(/: .*/, ': GET').replace(/(URL): GET/, '$1: /account'))).status,
        ).toBe(200)
        expect(JSON.stringify(received[0]?.lines)).not.toMatch(/override|original-url|rewrite-url/i)
      },
    )
  })

  test('no twisted target reaches /admin, or anything else of the API', async () => {
    for (const target of twistedTargets) {
      // As the bytes that they are: two of them hold a character that no URL has.
      const answer = await send(target, token()).catch(() => ({ status: 0 }))
      expect([0, 400, 403, 404, 405], target).toContain(answer.status)
    }
    expect(received).toEqual([])
  })

  test('honest targets reach the API as they were sent', async () => {
    for (const target of honestTargets) expect((await send(target)).status, target).toBe(200)
    expect(received.map(({ url }) => url)).toEqual(honestTargets)
  })

  test.each([
    ['absolute-form', 'GET http://other.example.com/admin/x HTTP/1.1'],
    ['absolute-form without a path', 'GET http://other.example.com HTTP/1.1'],
    ['a host with a path', 'GET /admin/x HTTP/1.1', 'Host: a/public/x?'],
    ['a host with a user', 'GET /admin/x HTTP/1.1', 'Host: a@b'],
    ['two hosts', 'GET /admin/x HTTP/1.1', 'Host: a', 'Host: b'],
    ['HTTP/1.0 without a host', 'GET /admin/x HTTP/1.0'],
    ['another method', 'PROPFIND /admin/x HTTP/1.1'],
    ['a method in small letters', 'get /scoped HTTP/1.1'],
    [
      'h2c',
      'GET /admin/x HTTP/1.1',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'Connection: Upgrade, HTTP2-Settings',
    ],
    ['h2c by prior knowledge', 'PRI * HTTP/2.0'],
    [
      'a WebSocket',
      'GET /admin/x HTTP/1.1',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: x',
      'Sec-WebSocket-Version: 13',
    ],
    ['the dialect', `GET /${program} HTTP/1.1`],
    ['CONNECT', 'CONNECT 127.0.0.1:80 HTTP/1.1'],
    ['TRACE', 'TRACE /admin/x HTTP/1.1'],
  ])('nothing gets past by %s', async (_, start, ...lines) => {
    const hosts =
      lines.some((line) => line.startsWith('Host')) || start.endsWith('1.0') ? [] : ['Host: api.example.com']
    const bytes = `${start}\r\n${[...hosts, ...lines, token({ scope: 'a b' })].join('\r\n')}\r\n\r\n`
    const answer = await sendBytes(running.port, bytes, 'first answer').catch(() => ({ status: 0 }))
    expect([0, 400, 401, 403, 404, 405, 505], `status ${answer.status}`).toContain(answer.status)
    if ('headers' in answer) expect(valuesIn(answer.headers, 'X-Auth-Subject')).toEqual([])
    expect(received).toEqual([])
  })

  test('no client can ask for a decision, which has an identity in it', async () => {
    const answer = await send('/_claimcheck', token())
    expect(valuesIn(answer.headers, 'X-Auth-Subject')).toEqual([])
    expect(answer.status === 200 ? answer.body : 'upstream').toBe('upstream')
  })

  test('an upgrade does not pass with an allowed request', async () => {
    for (const upgrade of [
      ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
      [
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ],
    ])
      expect(
        (
          await sendBytes(
            running.port,
            `GET /account HTTP/1.1\r\n${head([token(), ...upgrade], false)}`,
            'first answer',
          )
        ).status,
      ).toBe(200)
    for (const { lines } of received) expect(valuesIn(lines, 'upgrade')).toEqual([])
    expect(received).toHaveLength(2)
  })

  test('each request of a connection is decided, pipelined ones too', async () => {
    const one = (target: string, ...lines: readonly string[]) => `GET ${target} HTTP/1.1\r\n${head(lines, false)}`
    const bytes = [one('/public/1'), one('/admin/x', token()), one('/public/2'), `GET /admin/y HTTP/1.1\r\n${head([])}`]
    const text = await textOf(running.port, bytes.join(''))
    expect([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))).toEqual([200, 403, 200, 401])
    expect(received.map(({ url }) => url)).toEqual(['/public/1', '/public/2'])
  })

  test('a body reaches the API and not the decision, with 100-continue and in chunks', async () => {
    const body = 'GET /admin/x HTTP/1.1\r\nHost: a\r\n\r\n'
    const request = (line: string, sent: string) => `POST /account HTTP/1.1\r\n${head([token(), line])}${sent}`
    for (const [line, sent] of [
      [`Content-Length: ${body.length}`, body],
      [`Expect: 100-continue\r\nContent-Length: ${body.length}`, body],
      ['Transfer-Encoding: chunked', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
    ] as const) {
      const text = await textOf(running.port, request(line, sent))
      expect(text).toMatch(/HTTP\/1\.1 200/)
    }
    expect(received.map(({ url }) => url)).toEqual(['/account', '/account', '/account'])
    for (const smuggled of [
      `Content-Length: 5\r\nTransfer-Encoding: chunked`,
      'Content-Length: 4\r\nContent-Length: 5',
    ]) {
      received.length = 0
      await textOf(running.port, request(smuggled, `0\r\n\r\n${body}`))
      expect(received.filter(({ url }) => url.startsWith('/admin'))).toEqual([])
    }
  })

  test('an access token reaches the API where the recipe says so', async () => {
    const own = await startGateway(program, (port) => recipe(port, undefined, { forwardAuthorization: true }))
    try {
      expect((await sendBytes(own.port, `GET /account HTTP/1.1\r\n${head([token()])}`)).status).toBe(200)
      expect(valuesIn(received[0]?.lines, 'authorization')).toHaveLength(1)
      expect(identityIn(received[0])).toMatchObject({ 'x-auth-subject': 'alice' })
    } finally {
      await own.stop()
    }
  })

  test('a recipe of another list of identity headers lets nothing through', async () => {
    const older = createGateway({
      api: createResourceServer(options),
      identity: { 'X-User': () => 'x' },
      routes: { '/x': anonymous },
    })
    const at = { decisions: decisions.url.replace('http://', ''), upstream: `127.0.0.1:${portOf(upstream)}` }
    const own = await startGateway(program, (port) =>
      printRecipe(older, program, { ...at, listen: `127.0.0.1:${port}` }),
    )
    try {
      expect((await sendBytes(own.port, `GET /public/x HTTP/1.1\r\n${head([token()])}`)).status).toBe(403)
      expect(received).toEqual([])
    } finally {
      await own.stop()
    }
  })

  if (program === 'haproxy' || program === 'apache') {
    test('nothing passes when the Lua fails', async () => {
      const broken = (port: number): readonly RecipeFile[] =>
        recipe(port).map(({ name, text }) => ({ name, text: text.replace('local question = {}', "error('broken')") }))
      const own = await startGateway(program, broken)
      try {
        const { status } = await sendBytes(own.port, `GET /public/x HTTP/1.1\r\n${head([token()])}`)
        expect([500, 503]).toContain(status)
        expect(received).toEqual([])
      } finally {
        await own.stop()
      }
    })
  }

  describe('nothing passes while the decision server', () => {
    const answering = (text: string) =>
      createTcpServer((socket) => void socket.on('error', () => {}).once('data', () => socket.end(text)))
    const html = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>'
    test.each<[string, (() => TcpServer) | undefined]>([
      ['is down', undefined],
      ['resets', () => createTcpServer((socket) => void socket.once('data', () => socket.resetAndDestroy()))],
      ['hangs', () => createTcpServer((socket) => void socket.on('error', () => {}))],
      ['answers 204', () => answering('HTTP/1.1 204 No Content\r\n\r\n')],
      ['answers HTML', () => answering(html)],
      ['answers 302', () => answering('HTTP/1.1 302 Found\r\nLocation: /public/x\r\nContent-Length: 0\r\n\r\n')],
      ['answers 500', () => answering('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n')],
      ['is no HTTP', () => answering('hello')],
    ])(
      '%s',
      async (_, create) => {
        const { port: at, close } = await listenTcp(create)
        const own = await startGateway(program, (port) => recipe(port, `127.0.0.1:${at}`))
        try {
          const ask = (target: string) => sendBytes(own.port, `GET ${target} HTTP/1.1\r\n${head([token()])}`)
          for (const { status, headers } of await Promise.all(['/public/x', '/account'].map(ask))) {
            expect([500, 502, 503, 504], String(status)).toContain(status)
            // 503 is the recipe's own answer, and the others are the gateway's.
            if (status === 503) expect(valuesIn(headers, 'Cache-Control')).toEqual(['no-store'])
            if (create === undefined) expect(status).toBe(down)
          }
          expect(received).toEqual([])
        } finally {
          await own.stop()
          await close()
        }
      },
      15_000,
    )

    test('hangs, for 3 s at most; it is back within a second of its return', async () => {
      let isHanging = true
      const { port: at, close } = await listenTcp(() =>
        createTcpServer((socket) => {
          socket.on('error', () => {})
          if (isHanging) return
          const asked = connect(Number(decisions.url.split(':').at(-1)), '127.0.0.1')
          asked.on('error', () => socket.destroy())
          socket
            .on('close', () => asked.destroy())
            .pipe(asked)
            .pipe(socket)
        }),
      )
      const own = await startGateway(program, (port) => recipe(port, `127.0.0.1:${at}`))
      async function timed(): Promise<{ status: number; ms: number }> {
        const startMs = performance.now()
        const { status } = await sendBytes(own.port, `GET /account HTTP/1.1\r\n${head([token()])}`)
        return { status, ms: performance.now() - startMs }
      }
      try {
        const hung = await timed()
        expect(hung.status).toBeGreaterThanOrEqual(500)
        expect(hung.ms).toBeLessThan(3000)
        isHanging = false
        const back = await timed()
        expect(back.status).toBe(200)
        expect(back.ms).toBeLessThan(1000)
      } finally {
        await own.stop()
        await close()
      }
    })

    test('and it is back with the next request', async () => {
      const at = decisions.url
      await decisions.close()
      expect((await send('/public/x')).status).toBe(down)
      decisions = await gateway.listen({ dialects: [program], listen: at.replace('http://', '') })
      expect((await send('/public/x')).status).toBe(200)
    })
  })

  /** What reached the API as identity: the only value of each header, whatever its spelling. */
  function identityIn(request: Received | undefined): Record<string, string> {
    const found = (request?.lines ?? []).filter(([name]) => /^x.auth/i.test(name))
    const names = found.map(([name]) => name.toLowerCase())
    expect(new Set(names).size).toBe(names.length)
    return Object.fromEntries(found.map(([name, value]) => [name.toLowerCase(), value]))
  }
}

function seen({ method = '', url = '', rawHeaders }: IncomingMessage): Received {
  const lines = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  )
  return { method, url, lines }
}

function head(lines: readonly string[], isLast = true): string {
  const own = lines.some((line) => line.startsWith('Connection'))
  return [...['Host: api.example.com', ...(isLast && !own ? ['Connection: close'] : [])], ...lines, '', ''].join('\r\n')
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function valuesIn(lines: readonly (readonly [string, string])[] | undefined, name: string): readonly string[] {
  return (lines ?? []).filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

async function listenTcp(create: (() => TcpServer) | undefined): Promise<{ port: number; close(): Promise<void> }> {
  const server = (create ?? createTcpServer)()
  const sockets: { destroy(): void }[] = []
  server.on('connection', (socket) => void sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  if (create === undefined) await close()
  return { port, close }
}

/** Sends `bytes`, and resolves to all that comes until the connection ends, or to the first answer. */
async function textOf(port: number, bytes: string, until?: 'first answer'): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.from(bytes))
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1')
    if (until && isWhole(text)) break
  }
  socket.destroy()
  return text
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1]
  if (end < 0) return false
  return length === undefined ? text.endsWith('0\r\n\r\n') : text.length >= end + 4 + Number(length)
}

async function sendBytes(port: number, bytes: string, until?: 'first answer'): Promise<Answer> {
  const text = await textOf(port, bytes, until)
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1])
  if (end < 0 || Number.isNaN(status)) throw new Error(`this is no HTTP answer: ${text.slice(0, 200)}`)
  const headers = lines.map((line): [string, string] => {
    const [name = '', value = ''] = line.split(/: ?(.*)/s)
    return [name, value]
  })
  return { status, headers, body: bodyOf(text.slice(end + 4), valuesIn(headers, 'transfer-encoding').length > 0) }
}

function bodyOf(text: string, isChunked: boolean): string {
  if (!isChunked) return text
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at)
    const length = Number.parseInt(text.slice(at, lineEnd), 16)
    if (!(length > 0)) return body
    body += text.slice(lineEnd + 2, lineEnd + 2 + length)
    at = lineEnd + 2 + length + 2
  }
}
