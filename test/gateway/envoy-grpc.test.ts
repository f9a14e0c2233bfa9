// Envoy's gRPC service with a real gRPC client and server. Envoy itself is not there: what it does with an answer is written down in
// `upstreamHeaders`, by the documents of `ext_authz` (OkHttpResponse).
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { anonymous, optional } from 'claimcheck/gateway'
import { createEnvoyService, type EnvoyServiceOptions } from 'claimcheck/gateway/envoy'
import { authenticated, policy, role, scope } from 'claimcheck/policy'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTestGateway } from './support.ts'

const file = fileURLToPath(new URL('ext-authz.proto', import.meta.url))
const loaded = loadPackageDefinition(loadSync(file, { keepCase: true, defaults: true, oneofs: true }))
const api = (loaded as never as { envoy: { service: { auth: { v3: Record<string, ServiceClientConstructor> } } } })
  .envoy
const Client = api.service.auth.v3.Authorization as ServiceClientConstructor

interface HeaderOption {
  readonly header: { readonly key: string; readonly value: string }
  readonly append: { readonly value: boolean } | null
}
interface Answer {
  readonly status: { readonly code: number }
  readonly http_response: 'ok_response' | 'denied_response'
  readonly ok_response?: { readonly headers: readonly HeaderOption[]; readonly headers_to_remove: readonly string[] }
  readonly denied_response?: {
    readonly status: { readonly code: number }
    readonly headers: readonly HeaderOption[]
    readonly body: string
  }
}

/** Starts a server with the service, and gives a function that asks it. */
async function serve(
  gateway: ReturnType<typeof createTestGateway>['gateway'],
  options: EnvoyServiceOptions = {},
  address = '127.0.0.1:0',
) {
  const server = new Server()
  const { definition, implementation } = createEnvoyService(gateway, options)
  server.addService(definition, implementation)
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  const target = address.startsWith('unix:') ? address : `127.0.0.1:${port}`
  const client = new Client(target, credentials.createInsecure())
  onTestFinished(() => {
    client.close()
    server.forceShutdown()
  })
  const check = (request: object, metadata = new Metadata()) =>
    new Promise<Answer>((resolve, reject) => {
      // As Envoy does: 200 ms unless it is told otherwise, here with time for a busy machine.
      const deadline = Date.now() + 10_000
      client.Check?.(request, metadata, { deadline }, (error: ServiceError | null, answer: Answer) =>
        error ? reject(error) : resolve(answer),
      )
    })
  return { check, port }
}

type Lines = readonly (readonly [name: string, value: string])[]

interface Asked {
  readonly method?: string
  readonly headers?: Lines
  readonly changes?: object
  readonly extensions?: Readonly<Record<string, string>>
}

/** The question of Envoy about `GET path`, in one of its two forms. */
type Form = 'headers' | 'header_map'

function questionOf(
  form: Form,
  path: string,
  { method = 'GET', headers = [], changes = {}, extensions = {} }: Asked = {},
) {
  const all: Lines = [[':path', path], [':method', method], ['accept', '*/*'], ...headers]
  const joined: Record<string, string> = {}
  for (const [name, value] of all) joined[name] = name in joined ? `${joined[name]},${value}` : value
  const lines = all.map(([key, value]) => ({ key, raw_value: Buffer.from(value, 'latin1') }))
  const told = form === 'headers' ? { headers: joined } : { header_map: { headers: lines } }
  const http = {
    id: '1',
    method,
    path,
    host: 'api.example.com',
    scheme: 'https',
    protocol: 'HTTP/1.1',
    ...told,
    ...changes,
  }
  return {
    attributes: {
      source: { address: { socket_address: { address: '203.0.113.7', port_value: 40_000 } } },
      request: { time: { seconds: '1' }, http },
      context_extensions: extensions,
    },
  }
}

/** The headers of the request that Envoy sends to the API: it sets or appends, and then it removes. */
function upstreamHeaders(client: Lines, { headers, headers_to_remove }: NonNullable<Answer['ok_response']>) {
  const sent = new Map<string, string>(client)
  for (const { header, append } of headers) {
    const before = sent.get(header.key.toLowerCase())
    if (header.value === '') continue
    sent.set(
      header.key.toLowerCase(),
      append?.value && before !== undefined ? `${before},${header.value}` : header.value,
    )
  }
  for (const name of headers_to_remove) sent.delete(name)
  return Object.fromEntries(sent)
}

const bearer = (token: string): Lines => [['authorization', `Bearer ${token}`]]
const reader = { sub: 'alice', scope: 'orders:read', roles: ['clerk'], exp: 9_999_999_999 }

const routes = {
  'GET /orders/{id}': scope('orders:read'),
  '/admin/{rest...}': role('admin'),
  '/down': policy('down', () => Promise.reject(new Error('the database is down'))),
  '/hangs': policy('hangs', () => new Promise<boolean>(() => {})),
  '/account': authenticated,
  '/catalog': optional,
  '/health': anonymous,
  '/{rest...}': role('root'),
} as const

describe.each(['headers', 'header_map'] as const)('a question with %s', (form) => {
  const own = createTestGateway(routes as never)
  const { gateway, sts, decisions } = own

  test('allows, sets the identity and removes what is empty, in place of all that the client sent', async () => {
    const { check } = await serve(gateway)
    const forged: Lines = [
      ['x-auth-subject', 'root'],
      ['x-auth-tenant', 'root'],
      ['x-other', 'stays'],
    ]
    const headers = [...bearer(sts.token(reader)), ...forged]
    const answer = await check(questionOf(form, '/orders/1', { headers }))
    expect([answer.status.code, answer.http_response]).toEqual([0, 'ok_response'])
    const ok = answer.ok_response as NonNullable<Answer['ok_response']>
    expect(upstreamHeaders(headers, ok)).toEqual({
      authorization: headers[0]?.[1],
      'x-other': 'stays',
      'x-auth-principal': 'https://sts.example.com|alice',
      'x-auth-kind': 'user',
      'x-auth-subject': 'alice',
      'x-auth-client': 'web-app',
      'x-auth-scopes': 'orders:read',
      'x-auth-roles': 'clerk',
      'x-auth-expires': '9999999999',
    })
    const set = ok.headers.map(({ header }) => header.key.toLowerCase())
    expect([...set, ...ok.headers_to_remove]).toEqual(
      expect.arrayContaining(gateway.identityHeaders.map((name) => name.toLowerCase())),
    )
    expect(set.filter((name) => ok.headers_to_remove.includes(name))).toEqual([])
    // Explicit: without it, some versions of Envoy would append to the client's header.
    expect(ok.headers.map(({ append }) => append)).toEqual(Array(set.length).fill({ value: false }))
    expect(decisions.at(-1)).toMatchObject({ effect: 'allow', dialect: 'envoy-grpc', route: 'GET /orders/{id}' })
    for (const name of ['x_auth_subject', 'x-auth_roles']) {
      const other = await check(questionOf(form, '/orders/1', { headers: [...headers, [name, 'root']] }))
      expect(other.http_response, name).toBe('denied_response')
    }
  })

  test('removes every identity header on an anonymous route, whatever token came', async () => {
    const { check } = await serve(gateway)
    for (const token of [[], bearer('a.b.c'), bearer(sts.token(reader))]) {
      const headers: Lines = [...token, ['x-auth-subject', 'root']]
      const answer = await check(questionOf(form, '/health', { headers }))
      expect(answer.ok_response?.headers).toEqual([])
      expect(answer.ok_response?.headers_to_remove.toSorted()).toEqual(
        gateway.identityHeaders.map((name) => name.toLowerCase()).toSorted(),
      )
    }
  })

  test.each([
    ['no token', '/account', [], 401, 16, /^Bearer realm="orders"$/],
    ['a token that is none', '/account', bearer('a.b.c'), 401, 16, /error="invalid_token"/],
    ['a malformed credential', '/account', bearer('a b'), 400, 7, undefined],
    ['two credentials', '/account', [...bearer('a'), ...bearer('b')], 400, 7, undefined],
    ['dot segments', '/health/../admin', [], 400, 7, undefined],
    ['a missing scope', '/orders/1', 'other', 403, 7, /error="insufficient_scope"/],
    ['a missing role', '/admin/x', 'other', 403, 7, undefined],
  ])('answers %s as the client shall get it', async (_, path, lines, httpStatus, code, challenge) => {
    const { check } = await serve(gateway)
    const headers = lines === 'other' ? bearer(sts.token({ sub: 'bob' })) : (lines as Lines)
    const answer = await check(questionOf(form, path, { headers }))
    const { status: denied, headers: sent, body } = answer.denied_response as NonNullable<Answer['denied_response']>
    expect([answer.status.code, denied.code]).toEqual([code, httpStatus])
    expect(JSON.parse(body)).toMatchObject({ status: httpStatus })
    const given = new Map(sent.map(({ header }) => [header.key, header.value]))
    expect(given.get('Content-Type')).toBe('application/problem+json')
    expect(given.get('Cache-Control')).toBe('no-store')
    if (challenge) expect(given.get('WWW-Authenticate')).toMatch(challenge)
  })

  test('names an identity value that is too large, and removes its header', async () => {
    const { check } = await serve(gateway)
    const roles = Array.from({ length: 400 }, (_, index) => `role-number-${index}`)
    const headers: Lines = [...bearer(sts.token({ ...reader, roles })), ['x-auth-roles', 'admin']]
    const answer = await check(questionOf(form, '/orders/1', { headers }))
    const upstream = upstreamHeaders(headers, answer.ok_response as NonNullable<Answer['ok_response']>)
    expect(upstream).toMatchObject({ 'x-auth-omitted': 'X-Auth-Roles', 'x-auth-subject': 'alice' })
    expect(upstream).not.toHaveProperty('x-auth-roles')
  })

  test('that cannot be decided is an error and no answer', async () => {
    const { check } = await serve(gateway)
    const asked = check(questionOf(form, '/down', { headers: bearer(sts.token(reader)) }))
    await expect(asked).rejects.toMatchObject({ code: status.UNAVAILABLE, details: 'no decision' })
  })

  test('that takes longer is an error before the 200 ms of Envoy are over', async () => {
    const patient = createTestGateway(routes as never, { deadlineMs: 60_000 })
    const { check } = await serve(patient.gateway)
    const asked = check(questionOf(form, '/hangs', { headers: bearer(patient.sts.token(reader)) }))
    await expect(asked).rejects.toMatchObject({ code: status.UNAVAILABLE })
    const causes = patient.events.flatMap((one) => (one.type === 'refusal' ? String(one.details.cause) : []))
    expect(causes).toEqual([expect.stringMatching(/\(150\)$/)])
  })

  test('is an error while the STS gives no keys, and no 401', async () => {
    const cold = createTestGateway(routes as never)
    cold.sts.outage('refuse')
    const { check } = await serve(cold.gateway)
    const headers = bearer(cold.sts.token(reader))
    await expect(check(questionOf(form, '/account', { headers }))).rejects.toMatchObject({ code: status.UNAVAILABLE })
  })

  test('that says too little is refused, and is no error: an error would open a fail-open Envoy', async () => {
    const { check } = await serve(gateway)
    const changes = [
      { method: '' },
      { path: '' },
      { host: '' },
      { scheme: '' },
      { scheme: 'ftp' },
      { host: 'a/health?' },
    ]
    for (const change of changes) {
      const answer = await check(questionOf(form, '/health', { changes: change }))
      expect(answer.http_response, JSON.stringify(change)).toBe('denied_response')
    }
    for (const request of [{}, { attributes: {} }, { attributes: { request: {} } }])
      expect((await check(request)).denied_response?.status.code).toBe(403)
  })

  test('may name the only route that answers', async () => {
    const { check } = await serve(gateway)
    const codeOf = async (path: string, route: string, method = 'GET') => {
      const asked = questionOf(form, path, {
        method,
        headers: bearer(sts.token(reader)),
        extensions: { route, other: 'x' },
      })
      const answer = await check(asked)
      return answer.denied_response?.status.code ?? 200
    }
    expect(await codeOf('/orders/1', 'GET /orders/{id}')).toBe(200)
    expect(await codeOf('/orders/1', '/{rest...}')).toBe(403)
    expect(await codeOf('/health', '/{rest...}')).toBe(403)
    // Another route, one that does not match, and one that is not there.
    expect(await codeOf('/admin/x', '/health')).toBe(403)
    expect(await codeOf('/orders/1', 'GET /orders/{id}', 'DELETE')).toBe(403)
    expect(await codeOf('/health', '/nowhere')).toBe(403)
    expect(await codeOf('/health', '')).toBe(403)
    expect(await codeOf('/health', 'constructor')).toBe(403)
  })
})

describe('headers', () => {
  const { gateway, sts } = createTestGateway({ '/x': policy('looks', ({ resource }) => look(resource)) } as never)
  let look: (resource: unknown) => boolean = () => true
  const headerMap = (headers: readonly object[]) => ({ header_map: { headers } })
  const good = `Bearer ${sts.token()}`

  test('that are there twice are two lines, in either form', async () => {
    const { check } = await serve(gateway)
    const codeOf = async (changes: object, form: Form = 'header_map') => {
      const answer = await check(questionOf(form, '/x', { changes }))
      return answer.denied_response?.status.code ?? 200
    }
    const line = { key: 'authorization', value: good }
    expect(await codeOf(headerMap([line]))).toBe(200)
    expect(await codeOf({ ...headerMap([line]), headers: { authorization: good } })).toBe(200)
    expect(await codeOf(headerMap([line, line]))).toBe(400)
    expect(await codeOf({ ...headerMap([line]), headers: { authorization: 'Bearer other' } })).toBe(400)
    expect(await codeOf(headerMap([line, { key: 'Authorization', raw_value: Buffer.from(good) }]))).toBe(400)
    // Two values in one line are no header that Envoy sends.
    expect(await codeOf(headerMap([{ ...line, raw_value: Buffer.from('Bearer other') }]))).toBe(403)
  })

  test('of bytes are read as Node reads them, and identity headers never', async () => {
    const { check } = await serve(gateway)
    const seen: unknown[] = []
    look = (resource) => {
      const { header, clientAddress } = resource as { header(name: string): unknown; clientAddress: unknown }
      seen.push(header('x-raw'), header('x-auth-subject'), header(':path'), clientAddress)
      return true
    }
    const lines = [
      { key: 'authorization', value: good },
      { key: 'x-raw', raw_value: Buffer.from([0x7a, 0xeb, 0xff]) },
      { key: 'x-auth-subject', value: 'root' },
      { key: ':path', value: '/x' },
    ]
    await check(questionOf('header_map', '/x', { changes: headerMap(lines) }))
    expect(seen).toEqual(['z\u00eb\u00ff', undefined, undefined, '203.0.113.7'])
  })
})

describe('what is no CheckRequest', () => {
  const { gateway, decisions, events } = createTestGateway({ '/x': anonymous })

  /** By bytes: a gRPC client would not write these. Gives the status of gRPC and the bytes of the answer. */
  async function send(port: number, message: Buffer) {
    const session = connect(`http://127.0.0.1:${port}`)
    onTestFinished(() => session.destroy())
    const stream = session.request({
      ':method': 'POST',
      ':path': '/envoy.service.auth.v3.Authorization/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let grpcStatus: unknown
    // An error has its status in the only header block.
    for (const event of ['response', 'trailers'])
      stream.on(event, (headers: Record<string, unknown>) => (grpcStatus ??= headers['grpc-status']))
    const frame = Buffer.alloc(5)
    frame.writeUInt32BE(message.length, 1)
    stream.end(Buffer.concat([frame, message]))
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return { grpcStatus, body: Buffer.concat(chunks).subarray(5) }
  }

  test.each([
    ['a cut varint', [0x0a]],
    ['a cut field', [0x0a, 0x05, 0x01]],
    ['a length without end', [0x0a, ...Array<number>(11).fill(0xff)]],
    ['a length above the message', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a group', [0x0b, 0x0c]],
    ['a field without a number', [0x02, 0x00]],
    ['a number in place of a message', [0x08, 0x01]],
    ['attributes twice', [0x0a, 0x00, 0x0a, 0x00]],
    ['text that is no UTF-8', [0x0a, 0x07, 0x22, 0x05, 0x12, 0x03, 0x12, 0x01, 0xff]],
    ['random bytes', [...Buffer.from('GET / HTTP/1.1')]],
  ])('%s is refused, and is no error', async (_, bytes) => {
    const { port } = await serve(gateway)
    const { grpcStatus, body } = await send(port, Buffer.from(bytes))
    expect(String(grpcStatus)).toBe('0')
    // status { code: 7 }, and then the denied response.
    expect([...body.subarray(0, 5)]).toEqual([0x0a, 0x02, 0x08, 0x07, 0x12])
    expect(decisions.at(-1)).toMatchObject({ question: 'unreadable', dialect: 'envoy-grpc' })
    expect(events.at(-1)).toMatchObject({ hint: expect.stringContaining('no CheckRequest that can be read') })
  })
})

describe('trust', () => {
  const secret = 'a secret of at least 32 characters'.replaceAll(' ', '-')
  const { gateway, decisions } = createTestGateway({ '/x': anonymous })

  test('is in this machine by default, over a Unix socket, too', async () => {
    const { check } = await serve(gateway, {}, `unix:${join(tmpdir(), `claimcheck-envoy-${process.pid}.sock`)}`)
    expect((await check(questionOf('headers', '/x'))).http_response).toBe('ok_response')
  })

  test('in other peers refuses this one, by an answer', async () => {
    for (const trust of [{ addresses: ['10.0.0.0/8'] }, { secret }]) {
      const { check } = await serve(gateway, { trust })
      const answer = await check(questionOf('headers', '/x'))
      expect(answer.denied_response?.status.code).toBe(403)
      expect(decisions.at(-1)).toMatchObject({ question: 'untrusted_peer', reason: 'peer_untrusted' })
    }
  })

  test('in a secret takes it from the metadata, once', async () => {
    const { check } = await serve(gateway, { trust: { secret, addresses: ['127.0.0.1'] } })
    const metadata = new Metadata()
    metadata.set('x-claimcheck-secret', secret)
    expect((await check(questionOf('headers', '/x'), metadata)).http_response).toBe('ok_response')
    metadata.add('x-claimcheck-secret', secret)
    expect((await check(questionOf('headers', '/x'), metadata)).http_response).toBe('denied_response')
  })
})

test.each([
  ['an unknown option', { timeout: 1 }],
  ['a deadline that is none', { deadlineMs: 0 }],
  ['trust in nothing', { trust: {} }],
  ['trust in every address', { trust: { addresses: ['0.0.0.0/0'] } }],
])('throws a TypeError for %s', (_, options) => {
  const { gateway } = createTestGateway({ '/x': anonymous })
  expect(() => createEnvoyService(gateway, options as never)).toThrow(TypeError)
  expect(() => createEnvoyService({ ...gateway })).toThrow(TypeError)
})
