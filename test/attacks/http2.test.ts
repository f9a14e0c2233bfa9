// HTTP/2: what `node:http2` hands on is judged as in HTTP/1, also two fields of one name, which its `headers` hides.
import { once } from 'node:events'
import { createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type AuthError, fromNode, type RequestView, type ResourceServer } from 'claimcheck'
import { createGuard } from 'claimcheck/fastify'
import { fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Field, sendHttp2 } from '../support/raw-http2.ts'
import { createTestApi } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const good = createToken()
const authorization = (...values: readonly string[]): readonly Field[] =>
  values.map((value) => ['authorization', value] as const)

const repeated = { status: 400, detail: 'The request must carry exactly one Authorization header.' }
const malformed = { status: 400 }
const invalid = { status: 401, error: 'invalid_token' }
const anonymous = { subject: null }
const alice = { subject: 'alice' }

async function serveFastify(api: ResourceServer): Promise<Http2Server> {
  const guard = createGuard(api)
  const app = fastify({ http2: true })
  // The guard's types are those of HTTP/1, the default of Fastify's.
  for (const [path, hook] of Object.entries({ '/guarded': guard(), '/optional': guard.optional() }))
    app.get(path, { onRequest: hook as never }, (request, reply) => {
      void reply.send({ subject: guard.maybeAuth(request as never)?.principal.subject ?? null })
    })
  await app.ready()
  return app.server
}

/** By `fromNode`, the way docs/other-frameworks.md shows it. */
async function serveFromNode(api: ResourceServer): Promise<Http2Server> {
  async function answer(view: RequestView): Promise<{ readonly status: number; readonly body: string }> {
    const result = await api.authenticate(view)
    if (result.outcome === 'anonymous' && view.url === '/optional')
      return { status: 200, body: JSON.stringify(anonymous) }
    try {
      const { principal } = await api.guard(view)
      return { status: 200, body: JSON.stringify({ subject: principal.subject }) }
    } catch (error) {
      return api.challenge(error as AuthError, view)
    }
  }
  return createServer((req, res) => {
    void answer(fromNode(req)).then(({ status, body }) => res.writeHead(status).end(body))
  })
}

describe.each([
  ['Fastify', serveFastify],
  ['fromNode', serveFromNode],
])('over HTTP/2 with %s', (_, serve) => {
  let server: Http2Server
  let port: number

  beforeAll(async () => {
    server = await serve(createTestApi().api)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => void server.close())

  it.each([
    [['Bearer A', 'DPoP B']],
    [['Basic Zm9v', `Bearer ${good}`]],
    [[`Bearer ${good}`, 'Basic Zm9v']],
    [[`Bearer ${good}`, `Bearer ${good}`]],
    [['', `Bearer ${good}`]],
    [[`Bearer ${good}`, '']],
    [['Basic Zm9v', 'Basic Zm9v']],
    [[`Basic Zm9v, Bearer ${good}`]],
  ])('two credentials are refused, also where authentication is optional: %.40j', async (values) => {
    for (const path of ['/guarded', '/optional'])
      expect(await sendHttp2(port, path, authorization(...values))).toMatchObject(repeated)
  })

  it('the second of two is found behind other fields, and in a later frame', async () => {
    for (const filling of [Array(100).fill(['x', '1']), Array(3).fill(['x', 'x'.repeat(12_000)])] as Field[][])
      for (const path of ['/guarded', '/optional']) {
        const fields = [...authorization('Basic Zm9v'), ...filling, ...authorization(`Bearer ${good}`)]
        expect(await sendHttp2(port, path, fields)).toMatchObject(repeated)
      }
  })

  it('a request with more fields than Node takes is reset, and not cut', async () => {
    const filling = Array.from({ length: 200 }, () => ['x', '1'] as const)
    for (const path of ['/guarded', '/optional'])
      expect(await sendHttp2(port, path, [...authorization(`Bearer ${good}`), ...filling])).toBeUndefined()
  })

  it('one credential is judged as in HTTP/1', async () => {
    for (const path of ['/guarded', '/optional']) {
      const answerTo = (...values: string[]) => sendHttp2(port, path, authorization(...values))
      expect(await answerTo(`Bearer ${good}`)).toEqual(alice)
      expect(await answerTo('Bearer garbage')).toMatchObject(invalid)
      for (const value of ['', 'Bearer', `Bearer\t${good}`, `Bearer ${good}\u00e9`, `Bearer ${good} ${good}`, good])
        expect(await answerTo(value), value).toMatchObject(malformed)
    }
    expect(await sendHttp2(port, '/guarded', [])).toMatchObject({ status: 401 })
    expect(await sendHttp2(port, '/optional', [])).toEqual(anonymous)
  })

  it.each<[string, Field]>([
    ['in capitals', ['Authorization', `Bearer ${good}`]],
    ['as a pseudo-header field', [':authorization', `Bearer ${good}`]],
  ])('a name that HTTP/2 forbids is reset: %s', async (_, field) => {
    expect(await sendHttp2(port, '/optional', [field])).toBeUndefined()
  })

  // Node takes such a field away and says nothing, where RFC 9113 §8.2.1 calls the request malformed: see SECURITY.md.
  it.each<[string, Field]>([
    ['a control character', ['authorization', `Bearer ${good}\x01`]],
    ['a line end', ['authorization', `Bearer ${good}\r\n`]],
    ['white space around it', ['authorization', ` Bearer ${good} `]],
    ['a name with a space', ['authorization ', `Bearer ${good}`]],
  ])('a field that HTTP/2 forbids lets no caller in: %s', async (_, field) => {
    expect(await sendHttp2(port, '/guarded', [field])).toMatchObject({ status: 401 })
    expect(await sendHttp2(port, '/optional', [field])).not.toEqual(alice)
  })
})
