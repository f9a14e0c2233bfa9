import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DialectName, ListenOptions } from 'claimcheck/gateway'
import { anonymous } from 'claimcheck/gateway'
import { authenticated, scope, stepUp } from 'claimcheck/policy'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPeerCheck, readAddress } from '../../src/gateway/peers.ts'
import { type RawRequest, sendRaw, valuesOf } from '../support/raw-request.ts'
import { createTestGateway } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'claimcheck-gateway-'))
const forwarded: readonly DialectName[] = ['nginx', 'caddy', 'traefik', 'haproxy', 'apache', 'apisix']
const all: readonly DialectName[] = [...forwarded, 'envoy', 'ingress-nginx']

async function start(options: Partial<ListenOptions> = {}) {
  const parts = createTestGateway({
    '/x': authenticated,
    '/scoped': scope('a'),
    '/login': stepUp({ acrValues: ['2fa'] }),
    '/health': anonymous,
    '/slow': () => new Promise<boolean>((resolve) => void (parts.finish = () => resolve(true))),
  }) as ReturnType<typeof createTestGateway> & { finish?: () => void }
  await parts.gateway.api.ready()
  const server = await parts.gateway.listen({ dialects: all, listen: '127.0.0.1:0', ...options })
  onTestFinished(() => server.close())
  const port = Number(server.url.split(':').at(-1))
  const send = (request: RawRequest) => sendRaw(port, request)
  return { ...parts, server, port, send, parts }
}

function told(target: string, changes: Record<string, string | readonly string[] | undefined> = {}): string[] {
  const lines = {
    'X-Forwarded-Method': 'GET',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'api.example.com',
    'X-Forwarded-Uri': target,
    ...changes,
  }
  return Object.entries(lines).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${name}: ${value as string}`),
  )
}

describe.each(forwarded)('the dialect %s', (dialect) => {
  test('allows with every identity header, and says so in X-Auth-Status', async () => {
    const { send, sts } = await start()
    const answer = await send({
      path: `/${dialect}`,
      lines: [...told('/x'), `Authorization: Bearer ${sts.token({ sub: 'alice' })}`],
    })
    expect(answer.status).toBe(200)
    expect(valuesOf(answer, 'X-Auth-Status')).toEqual(['200'])
    expect(valuesOf(answer, 'X-Auth-Subject')).toEqual(['alice'])
    expect(valuesOf(answer, 'X-Auth-Tenant')).toEqual([''])
    expect(valuesOf(answer, 'X-Auth-Omitted')).toEqual([''])
    expect(valuesOf(answer, 'Content-Length')).toEqual(['0'])
  })

  test.each(['X-Forwarded-Method', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Uri'])(
    'refuses without %s, or with two, and names it in the log',
    async (name) => {
      const { send, events, sts } = await start()
      const token = `Authorization: Bearer ${sts.token()}`
      const value =
        told('/x')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? ''
      for (const values of [undefined, '', [value, value]]) {
        const answer = await send({ path: `/${dialect}`, lines: [...told('/x', { [name]: values }), token] })
        expect([answer.status, ...valuesOf(answer, 'X-Auth-Status')]).toEqual([403, '403'])
      }
      const hints = events.flatMap((event) => (event.type === 'refusal' ? [event.hint] : []))
      expect(hints).toHaveLength(3)
      for (const hint of hints) expect(hint).toContain(name)
    },
  )

  test('ignores query, method and body of the question itself', async () => {
    const { send } = await start()
    const answer = await send({ method: 'POST', path: `/${dialect}?/health`, lines: told('/x'), body: 'x=1' })
    expect(answer.status).toBe(401)
    expect((await send({ method: 'PUT', path: `/${dialect}?a=b`, lines: told('/health'), body: 'x' })).status).toBe(200)
  })

  test('refuses a recipe that was made for another list of identity headers', async () => {
    const { send, gateway, events } = await start()
    const lines = told('/health')
    const status = async (...recipes: readonly string[]) =>
      (await send({ path: `/${dialect}`, lines: [...lines, ...recipes.map((one) => `X-Claimcheck-Recipe: ${one}`)] }))
        .status
    expect(await status(gateway.fingerprint)).toBe(200)
    expect(await status('0123456789abcdef')).toBe(403)
    expect(await status(gateway.fingerprint, '0123456789abcdef')).toBe(403)
    expect(events.at(-1)).toMatchObject({ hint: expect.stringContaining('recipe is older') as string })
  })
})

/** What each dialect sends for 400, 401, 403 and 503. */
const sent: Record<DialectName, readonly number[]> = {
  nginx: [403, 401, 403, 403],
  caddy: [400, 401, 403, 503],
  traefik: [400, 401, 403, 503],
  haproxy: [400, 401, 403, 503],
  apache: [400, 401, 403, 503],
  envoy: [400, 401, 403, 403],
  'ingress-nginx': [403, 401, 403, 403],
  apisix: [400, 401, 403, 503],
}

function questionFor(dialect: DialectName, target: string, ...lines: readonly string[]): RawRequest {
  if (dialect === 'ingress-nginx') return { path: `/${dialect}`, lines: [...original(target), ...lines] }
  if (dialect !== 'envoy') return { path: `/${dialect}`, lines: [...told(target), ...lines] }
  return { path: `/envoy${target}`, lines: ['X-Forwarded-Proto: https', ...lines] }
}

function original(target: string, url = `https://api.example.com${target}`): string[] {
  return ['X-Original-Method: GET', `X-Original-URL: ${url}`, 'X-Forwarded-For: 203.0.113.7']
}

test.each(all)('%s: sends the status that this gateway takes for a no, and the real one beside it', async (dialect) => {
  const { send, sts, gateway } = await start()
  const token = `Authorization: Bearer ${sts.token()}`
  const questions = [
    questionFor(dialect, '/x/../health'),
    questionFor(dialect, '/x'),
    questionFor(dialect, '/scoped', token),
  ]
  const answers = await Promise.all(questions.map(send))
  const down = createTestGateway({ '/x': authenticated })
  down.sts.outage('500')
  const server = await down.gateway.listen({ dialects: [dialect], listen: '127.0.0.1:0' })
  onTestFinished(() => server.close())
  const unavailable = questionFor(dialect, '/x', `Authorization: Bearer ${down.sts.token()}`)
  answers.push(await sendRaw(Number(server.url.split(':').at(-1)), unavailable))
  expect(answers.map(({ status }) => status)).toEqual(sent[dialect])
  expect(answers.map((answer) => valuesOf(answer, 'X-Auth-Status')[0])).toEqual(['400', '401', '403', '503'])
  expect(valuesOf(answers[3] as never, 'Retry-After')).toEqual(['1'])
  // The body is the problem document of the resource server, with the real status.
  const problems = answers.map(({ body }) => (JSON.parse(body) as { status: number }).status)
  expect(problems).toEqual([400, 401, 403, 503])
  const [, challenge] = answers.map((answer) => valuesOf(answer, 'WWW-Authenticate')[0])
  expect(challenge).toBe('Bearer realm="orders"')
  expect(gateway.identityHeaders).toContain('X-Auth-Omitted')
})

test('nginx gets the problem document in a header, since it drops bodies', async () => {
  const { send } = await start()
  const answer = await send(questionFor('nginx', '/x'))
  expect(valuesOf(answer, 'X-Auth-Problem')).toEqual([answer.body])
  expect(JSON.parse(answer.body)).toMatchObject({ status: 401 })
})

test('Envoy: reads the target behind the path, and removes what the token does not say', async () => {
  const { send, sts } = await start()
  const token = `Authorization: Bearer ${sts.token({ sub: 'alice' })}`
  const answer = await send({ method: 'POST', path: '/envoy/x?a=1', lines: ['X-Forwarded-Proto: http', token] })
  expect(answer.status).toBe(200)
  expect(valuesOf(answer, 'X-Auth-Subject')).toEqual(['alice'])
  const removed = valuesOf(answer, 'x-envoy-auth-headers-to-remove')[0]?.split(',')
  expect(removed).toContain('X-Auth-Tenant')
  expect(removed).not.toContain('X-Auth-Subject')
  expect(valuesOf(answer, 'X-Auth-Tenant')).toEqual([])
  expect((await send({ path: '/envoy/x', lines: [token] })).status).toBe(403)
  expect((await send({ path: '/envoy//x', lines: ['X-Forwarded-Proto: http', token] })).status).toBe(400)
  expect((await send({ path: '/envoy', lines: ['X-Forwarded-Proto: http', token] })).status).toBe(400)
})

describe('ingress-nginx', () => {
  test('reads one URL, whose host ends at the first slash', async () => {
    const { send, sts } = await start()
    const token = `Authorization: Bearer ${sts.token({ sub: 'alice' })}`
    const statusOf = async (url: string) =>
      (await send({ path: '/ingress-nginx', lines: [...original('', url), token] })).status
    expect(await statusOf('http://api.example.com:8080/x?a=https://b/c')).toBe(200)
    // 400 travels as 403; nginx hands such hosts on.
    for (const url of [
      'https://a?/x',
      'https://a#/x',
      'https://a@b/x',
      'https:///x',
      'https://a',
      'ftp://a/x',
      '/x',
      '',
    ])
      expect(await statusOf(url), url).toBe(403)
    expect(await statusOf('https://api.example.com/health')).toBe(200)
    expect(await statusOf('https://api.example.com/health/../x')).toBe(403)
  })

  test('refuses without one of its headers, and with two', async () => {
    const { send, events } = await start()
    const lines = original('/health')
    expect((await send({ path: '/ingress-nginx', lines })).status).toBe(200)
    for (const changed of [
      lines.slice(1),
      lines.toSpliced(1, 1),
      [...lines, lines[0] ?? ''],
      [...lines, lines[1] ?? ''],
    ])
      expect((await send({ path: '/ingress-nginx', lines: changed })).status).toBe(403)
    const hints = events.flatMap((event) => (event.type === 'refusal' ? [event.hint] : []))
    expect(hints).toEqual(
      ['Method', 'URL', 'Method', 'URL'].map((name) => expect.stringContaining(`X-Original-${name}`)),
    )
  })
})

describe('the server', () => {
  test('has no other path than those of its dialects', async () => {
    const { send } = await start({ dialects: ['nginx'] })
    for (const path of ['/', '/caddy', '/nginxx', '/NGINX', '/health', '//nginx', '/x/../nginx'])
      expect((await send({ path, lines: told('/health') })).status).toBe(403)
    expect((await send({ path: '/nginx', lines: told('/health') })).status).toBe(200)
  })

  test('never takes an identity header of the client for a fact', async () => {
    let seen: unknown[] = []
    const { gateway, sts } = createTestGateway({
      '/x': ({ resource }) => {
        seen = ['x-auth-subject', 'X-Claimcheck-Recipe', 'x-team'].map((name) => resource.header(name))
        return true
      },
    })
    const server = await gateway.listen({ dialects: ['nginx'], listen: '127.0.0.1:0' })
    onTestFinished(() => server.close())
    const spoofed = ['X-Auth-Subject: root', `X-Claimcheck-Recipe: ${gateway.fingerprint}`]
    const lines = [...told('/x'), ...spoofed, 'X-Team: a', 'x-team: b', `Authorization: Bearer ${sts.token()}`]
    await sendRaw(Number(server.url.split(':').at(-1)), { path: '/nginx', lines })
    expect(seen).toEqual([undefined, undefined, 'a, b'])
  })

  test.each([
    ['a control character', Buffer.from('GET /nginx HTTP/1.1\r\nHost: a\r\nX-A: \x0b\r\n\r\n')],
    ['64 KiB of headers', Buffer.from(`GET /nginx HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`)],
    ['two lengths', Buffer.from('GET /nginx HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n')],
    ['no HTTP', Buffer.from('hello\r\n\r\n')],
    ['CONNECT', Buffer.from('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n')],
  ])('answers %s with a 403 in its own form, not with an outage', async (_, bytes) => {
    const { port } = await start()
    const socket = connect(port, '127.0.0.1')
    socket.write(bytes)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(text).toContain('X-Auth-Status: 403')
  })

  test.each([
    'Expect: 100-continue',
    'Expect: magic',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Content-Length: 5',
  ])('means nothing by %s', async (line) => {
    const { port } = await start()
    const head = ['GET /nginx HTTP/1.1', 'Host: a', ...told('/health'), line]
    const socket = connect(port, '127.0.0.1')
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    const [chunk] = (await new Promise((resolve) => socket.once('data', (data) => resolve([data])))) as [Buffer]
    socket.destroy()
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 /)
  })

  test.each(['1.0', '1.1'])('needs no Host of the question, in HTTP/%s either', async (version) => {
    const { port } = await start()
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /nginx HTTP/${version}\r\nConnection: close\r\n${told('/health').join('\r\n')}\r\n\r\n`)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('reads a thousand header lines without dropping a second Authorization', async () => {
    const { send, sts } = await start()
    const token = `Authorization: Bearer ${sts.token()}`
    const filler = Array.from({ length: 1100 }, (_, index) => `A${index}: x`)
    expect((await send({ path: '/nginx', lines: [...told('/x'), token, ...filler, token] })).status).toBe(403)
    expect((await send({ path: '/nginx', lines: [...told('/x'), ...filler, token] })).status).toBe(200)
  })

  test('drains: finishes what has come, takes nothing more, and says so on the connection', async () => {
    const { server, port, sts, parts } = await start()
    const slow = sendRaw(port, questionFor('nginx', '/slow', `Authorization: Bearer ${sts.token()}`))
    await expect.poll(() => parts.finish).toBeDefined()
    const drained = server.drain()
    await expect(sendRaw(port, questionFor('nginx', '/health'))).rejects.toThrow(/ECONNREFUSED/)
    parts.finish?.()
    const answer = await slow
    expect(answer.status).toBe(200)
    expect(valuesOf(answer, 'Connection')).toEqual(['close'])
    await drained
  })

  test('listens on a Unix socket, without trust', async () => {
    const path = join(folder, 'a.sock')
    const { server } = await start({ listen: `unix:${path}` })
    expect(server.url).toBe(`unix:${path}`)
    const headers = Object.fromEntries(told('/health').map((line) => line.split(': ')))
    const status = await new Promise((resolve, reject) => {
      httpRequest({ socketPath: path, path: '/nginx', headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(200)
  })
})

describe('trust', () => {
  test('refuses a peer that it does not name, before it reads anything', async () => {
    const { send, sts, events, decisions } = await start({ trust: { addresses: ['10.0.0.0/8', 'fd00::/8'] } })
    const token = `Authorization: Bearer ${sts.token()}`
    for (const path of ['/nginx', '/envoy/health', '/elsewhere']) {
      const answer = await send({ path, lines: [...told('/health'), token] })
      expect([answer.status, ...valuesOf(answer, 'X-Auth-Status')]).toEqual([403, '403'])
    }
    expect(decisions.map(({ reason }) => reason)).toEqual(['peer_untrusted', 'peer_untrusted', 'peer_untrusted'])
    expect(events.filter(({ type }) => type === 'refusal')).toHaveLength(3)
  })

  test('a flood of such peers fills no log: ten refusals a minute, and how many were left out', async () => {
    const { port, send, sts, events, decisions } = await start({ trust: { secret: 's'.repeat(40) } })
    const hints = () => events.flatMap((event) => (event.type === 'refusal' ? [String(event.hint)] : []))
    const flood = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent++)
        expect((await send({ path: '/nginx', lines: told('/health') })).status).toBe(403)
    }
    await flood(25)
    expect(hints()).toHaveLength(10)
    // Counted all the same.
    expect(decisions.map(({ isSurplus = false }) => isSurplus)).toEqual(Array.from({ length: 25 }, (_, at) => at >= 10))
    sts.clock.advance({ seconds: 59 })
    await flood(1)
    expect(hints()).toHaveLength(10)
    sts.clock.advance({ seconds: 1 })
    await flood(12)
    expect(hints()).toHaveLength(20)
    expect(hints().map((hint) => /(\d+) like it/.exec(hint)?.[1])).toEqual(
      Array.from({ length: 20 }, (_, at) => (at === 10 ? '16' : undefined)),
    )
    // What is no HTTP comes before any trust. One kind does not hide another.
    for (let sent = 0; sent < 12; sent++) {
      const socket = connect(port, '127.0.0.1')
      socket.write('hello\r\n\r\n')
      for await (const _ of socket);
    }
    expect(hints()).toHaveLength(30)
    expect(decisions.filter(({ question }) => question === 'unreadable')).toHaveLength(12)
  })

  test('takes a peer by its address, also where a socket serves both families', () => {
    const check = createPeerCheck(readAddress('0.0.0.0:1'), { addresses: ['10.1.0.0/16', '192.0.2.7', 'fd00::/8'] })
    const of = (remoteAddress: string | undefined) => check({ socket: { remoteAddress }, rawHeaders: [] })
    expect(['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', 'fd00::1'].map(of)).toEqual([true, true, true, true])
    expect(['10.2.0.1', '192.0.2.8', '::1', '127.0.0.1', '', 'x', undefined].map(of)).toEqual(
      Array.from({ length: 7 }, () => false),
    )
  })

  test('takes a secret, once and whole', async () => {
    const secretFile = join(folder, 'secret')
    const secret = 'a'.repeat(40)
    writeFileSync(secretFile, `${secret}\n`)
    const { send } = await start({ trust: { secretFile } })
    const status = async (...secrets: readonly string[]) =>
      (
        await send({
          path: '/nginx',
          lines: [...told('/health'), ...secrets.map((one) => `X-Claimcheck-Secret: ${one}`)],
        })
      ).status
    expect(await status(secret)).toBe(200)
    for (const wrong of [[], [''], ['b'.repeat(40)], [secret.slice(1)], [`${secret}a`], [secret, secret]])
      expect(await status(...wrong)).toBe(403)
  })

  test.each([
    ['0.0.0.0 without trust', { listen: '0.0.0.0:0' }, /trust is missing/],
    ['[::] without trust', { listen: '[::]:0' }, /trust is missing/],
    ['another address without trust', { listen: '192.0.2.1:0' }, /trust is missing/],
    ['a mapped address without trust', { listen: '[::ffff:10.0.0.1]:0' }, /trust is missing/],
    ['a name', { listen: 'localhost:0' }, /listen must be like/],
    ['a port alone', { listen: '9001' }, /listen must be like/],
    ['trust in nothing', { trust: {} }, /addresses or a secretFile/],
    ['two secrets', { trust: { secret: 'a'.repeat(40), secretFile: '/nowhere' } }, /write one/],
    ['a short secret', { trust: { secret: 'a'.repeat(31) } }, /32 visible/],
    ['trust in all', { trust: { addresses: ['0.0.0.0/0'] } }, /trusts everyone/],
    ['trust in no list', { trust: { addresses: [] } }, /at least one/],
    ['trust in a name', { trust: { addresses: ['gateway'] } }, /must be an address/],
    ['an unknown member', { trust: { address: ['10.0.0.1'] } as never }, /no option address/],
    ['addresses on a socket', { listen: 'unix:/x', trust: { addresses: ['10.0.0.1'] } }, /no address/],
    ['no dialect', { dialects: [] }, /dialects/],
    ['an unknown dialect', { dialects: ['skipper' as never] }, /dialects/],
  ] as const)('does not start with %s', async (_, options, message) => {
    const { gateway } = createTestGateway({ '/x': anonymous })
    await expect(gateway.listen({ dialects: all, listen: '127.0.0.1:0', ...options } as ListenOptions)).rejects.toThrow(
      message,
    )
  })

  test('does not start with a short secret', async () => {
    const secretFile = join(folder, 'short')
    writeFileSync(secretFile, 'changeme')
    const { gateway } = createTestGateway({ '/x': anonymous })
    await expect(gateway.listen({ dialects: all, trust: { secretFile } })).rejects.toThrow(/at least 32/)
    onTestFinished(() => rmSync(folder, { recursive: true }))
  })
})
