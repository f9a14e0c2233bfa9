// Changed headers over HTTP/2, whose `request.headers` has pseudo-header fields and no prototype.
import { once } from 'node:events'
import { connect, createServer, type Http2ServerRequest, type OutgoingHttpHeaders } from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { createResourceServer, fromNode, type ResourceServer } from 'claimcheck'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { oidc } from 'claimcheck/issuers'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken, issuer, keyFor } from '../support/tokens.ts'

type Change = (headers: Record<string, unknown>) => void
/** A server whose requests are changed before, and between, what guards they pass. */
type Serve = (api: ResourceServer, first: Change, second: Change) => Promise<Server>

const tokenOf = (sub: string) => createToken({ claims: { sub } })
const [alice, bob] = [`Bearer ${tokenOf('alice')}`, `Bearer ${tokenOf('bob')}`]
const nothing: Change = () => {}
const set =
  (value: unknown, name = 'authorization'): Change =>
  (headers) =>
    void (headers[name] = value)
const remove: Change = (headers) => void delete headers.authorization

const serveFastify: Serve = async (api, first, second) => {
  const guard = createFastifyGuard(api)
  const app = fastify({ http2: true })
  const changes = (change: Change) => async (request: { headers: object }) => change(request.headers as never)
  const onRequest = [changes(first), guard.optional(), changes(second), guard.optional()]
  app.route({
    method: 'GET',
    url: '/',
    onRequest: onRequest as never,
    handler: async (request) => String(guard.maybeAuth(request as never)?.principal.subject),
  })
  await app.ready()
  return app.server as unknown as Server
}

const serveMiddleware: Serve = async (api, first, second) => {
  const guard = createExpressGuard(api)
  const optional = guard.optional()
  return createServer((req, res) => {
    const [request, response] = [req as unknown as IncomingMessage, res as unknown as ServerResponse]
    first(req.headers)
    optional(request, response, () => {
      second(req.headers)
      optional(request, response, () => void res.end(String(guard.maybeAuth(request)?.principal.subject)))
    })
  })
}

const serveFromNode: Serve = async (api, first, second) => {
  async function answer(req: Http2ServerRequest): Promise<string> {
    first(req.headers)
    await api.authenticate(fromNode(req))
    second(req.headers)
    const result = await api.authenticate(fromNode(req))
    if (result.outcome === 'refused') throw result.error
    return String(result.outcome === 'authenticated' ? result.auth.principal.subject : undefined)
  }
  return createServer((req, res) => {
    answer(req).then(
      (body) => void res.end(body),
      (error: { status: number }) => void res.writeHead(error.status).end(),
    )
  })
}

/** The caller, or the status of a refusal. */
async function ask(serve: Serve, sent: OutgoingHttpHeaders, first: Change, second = nothing): Promise<string> {
  const local = oidc({ issuer, jwks: { keys: [keyFor('ES256').publicJwk] } })
  const { options } = testApiOptions('x-token' in sent ? { issuer: { ...local, tokenHeader: 'x-token' } } : {})
  const server = await serve(createResourceServer(options), first, second)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => client.close(() => server.close()))
  const stream = client.request(sent)
  stream.setEncoding('utf8').end()
  const [answered] = (await once(stream, 'response')) as [{ ':status': number }]
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  return answered[':status'] === 200 ? body : String(answered[':status'])
}

describe.each<[string, Serve]>([
  ['Fastify', serveFastify],
  ['middleware', serveMiddleware],
  ['fromNode', serveFromNode],
])('over HTTP/2, in %s', (_, serve) => {
  it('a credential that the application has set counts', async () => {
    expect(await ask(serve, {}, set(alice))).toBe('alice')
    expect(await ask(serve, { authorization: bob }, set(alice))).toBe('alice')
    expect(await ask(serve, { authorization: bob }, nothing)).toBe('bob')
    expect(await ask(serve, { authorization: bob }, set('Bearer garbage'))).toBe('401')
    expect(await ask(serve, { authorization: bob }, set([alice]))).toBe('400')
  })

  it('a credential that the application has deleted is none', async () => {
    expect(await ask(serve, { authorization: bob }, remove)).toBe('undefined')
    expect(await ask(serve, { authorization: 'Bearer garbage' }, remove)).toBe('undefined')
  })

  it('a credential that has changed since a guard ran is verified anew', async () => {
    expect(await ask(serve, { authorization: bob }, nothing, set(alice))).toBe('alice')
    expect(await ask(serve, { authorization: bob }, nothing, remove)).toBe('undefined')
    expect(await ask(serve, { authorization: bob }, nothing, set('Bearer garbage'))).toBe('401')
  })

  it('a header of a preset can be set only where there was none', async () => {
    const [own, other] = [tokenOf('alice'), tokenOf('bob')]
    expect(await ask(serve, { 'x-token': other }, nothing)).toBe('bob')
    expect(await ask(serve, { 'x-token': other }, set(own, 'x-token'))).toBe('400')
    expect(await ask(serve, { 'x-token': [own, other] }, nothing)).toBe('400')
    expect(await ask(serve, { 'x-token': [own, other] }, set(own, 'x-token'))).toBe('400')
    expect(await ask(serve, { 'x-token': other }, (headers) => void delete headers['x-token'])).toBe('undefined')
  })
})
