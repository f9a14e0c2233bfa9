// "claimcheck/mcp" by the official client and server, over HTTP.
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/sdk/server/auth/router.js'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createResourceServer, type ResourceServerOptions, type VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { authOf, createTokenVerifier, toAuthInfo, toolPolicy } from 'claimcheck/mcp'
import { allOf, authenticated, evaluate, policy, type PolicyQuery, scope, stepUp } from 'claimcheck/policy'
import express4 from 'express4'
import express, { type Express, type RequestHandler } from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseChallenge } from '../support/challenge-grammar.ts'
import { faults, startKeyServer } from '../support/key-server.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { audience, createToken, goodClaims } from '../support/tokens.ts'
import { portOf } from './framework.ts'

const mayCall = allOf(scope('mcp'), toolPolicy({ whoami: authenticated, cancel: scope('orders:write') }))

function createMcpServer(api: ReturnType<typeof createResourceServer>, seen: (AuthInfo | undefined)[] = []): McpServer {
  const server = new McpServer({ name: 'orders', version: '1.0.0' })
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
  server.registerTool('whoami', {}, ({ authInfo }) => {
    seen.push(authInfo)
    return text(authOf(authInfo).principal.subject)
  })
  server.registerTool('cancel', {}, async ({ authInfo }) => {
    await api.require(authOf(authInfo), scope('orders:write'))
    return text('cancelled')
  })
  server.registerTool('forgotten', {}, () => text('open'))
  return server
}

async function listen(app: Express): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${portOf(server)}`
}

/** An MCP server behind the guard of claimcheck/express. */
async function serve(changes: Partial<ResourceServerOptions> = {}, framework = express) {
  const api = createResourceServer(testApiOptions(changes).options)
  const guard = createGuard(api)
  const seen: (AuthInfo | undefined)[] = []
  const app = framework()
  app.use(guard.metadata(), framework.json())
  app.post(
    ['/mcp', '/unread'],
    guard.handler(async (req, res) => {
      await guard.require(req, mayCall, req.body as unknown)
      const transport = new StreamableHTTPServerTransport({})
      await createMcpServer(api, seen).connect(transport as never)
      // Without a body the SDK reads the request itself.
      const body: unknown[] = req.path === '/mcp' ? [req.body] : []
      await transport.handleRequest(Object.assign(req, { auth: toAuthInfo(guard.auth(req)) }), res, ...body)
    }),
  )
  return { url: `${await listen(app)}/mcp`, seen }
}

const bearer = (claims: Readonly<Record<string, unknown>> = {}) => ({
  authorization: `Bearer ${createToken({ claims: { scope: 'mcp', ...claims } })}`,
})

async function connect(url: string, headers: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }) as never)
  onTestFinished(() => client.close())
  return client
}

async function post(url: string, headers: Record<string, string>, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

const call = (name: unknown, id = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } })

describe('a server behind the guard', () => {
  it('gives tools what the types of the SDK promise', async () => {
    const { url, seen } = await serve()
    const client = await connect(url, bearer())
    expect(await client.callTool({ name: 'whoami' })).toEqual({ content: [{ type: 'text', text: 'alice' }] })
    const { exp } = goodClaims()
    const [info] = seen
    expect(info).toMatchObject({ clientId: 'web', scopes: ['mcp'], expiresAt: exp })
    expect(info?.resource?.href).toBe(`${audience}/`)
    expect(info?.token).toMatch(/^eyJ/)
    // [MCP-TOK-3] A tool that prints its caller shows no token.
    expect(JSON.stringify(info)).not.toContain('eyJ')
  })

  it('[MCP-PRM-1] [RFC9728-3-1] leads to its metadata, for resources with and without a path', async () => {
    for (const resource of ['https://mcp.example.com', 'https://mcp.example.com/mcp']) {
      const { url } = await serve({ metadata: { resource } })
      const answer = await post(url, {}, call('whoami'))
      const { params } = parseChallenge(String(answer.headers.get('www-authenticate')))
      expect([answer.status, params.error]).toEqual([401, undefined])
      expect(params.resource_metadata).toBe(getOAuthProtectedResourceMetadataUrl(new URL(resource)))
      const { pathname } = new URL(String(params.resource_metadata))
      expect(await (await fetch(new URL(pathname, url))).json()).toMatchObject({ resource })
    }
  })

  it('[MCP-SCOPE-1] [MCP-SCOPE-2] refuses a tool without its scope by a 403 that names all of them', async () => {
    const { url } = await serve()
    const answer = await post(url, bearer(), call('cancel'))
    const { params } = parseChallenge(String(answer.headers.get('www-authenticate')))
    expect([answer.status, params.error, params.scope]).toEqual([403, 'insufficient_scope', 'mcp orders:write'])
    const client = await connect(url, bearer({ scope: 'mcp orders:write' }))
    expect(await client.callTool({ name: 'cancel' })).toMatchObject({ content: [{ text: 'cancelled' }] })
  })

  it('[MCP-TOK-2] refuses an expired token by 401 invalid_token', async () => {
    const { url } = await serve()
    const answer = await post(url, bearer({ exp: 1 }), call('whoami'))
    expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ error: 'invalid_token' })])
  })

  it.each<[string, unknown, Record<string, string>]>([
    ['a tool without an entry', call('forgotten'), {}],
    ['a tool with the name of a member of all objects', call('constructor'), {}],
    ['a name that is a list', call(['whoami']), {}],
    ['no name', { jsonrpc: '2.0', id: 1, method: 'tools/call' }, {}],
    ['a batch that hides it', [call('whoami'), call('forgotten', 2)], {}],
    ['a batch in a batch', [[call('forgotten')]], {}],
    // The parser of Express takes it for no JSON, and the SDK does.
    ['a body that no parser has read', call('whoami'), { 'content-type': 'text/plain; application/json' }],
  ])('denies %s', async (_, body, headers) => {
    const { url, seen } = await serve()
    const answer = await post(url, { ...bearer({ scope: 'mcp orders:write' }), ...headers }, body)
    expect(answer.status).toBe(403)
    expect(answer.headers.get('www-authenticate')).toBeNull()
    expect(seen).toEqual([])
  })

  it('denies a body that Express 4 leaves to the SDK to read, and gives as {}', async () => {
    const { url } = await serve({}, express4 as unknown as typeof express)
    const answer = await post(
      url.replace('/mcp', '/unread'),
      { ...bearer(), 'content-type': 'application/json; x' },
      call('forgotten'),
    )
    expect([answer.status, await answer.text()]).toEqual([403, expect.not.stringContaining('open')])
  })

  it('asks for the scopes of a tool that a batch hides', async () => {
    const { url, seen } = await serve()
    const answer = await post(url, bearer(), [call('whoami'), call('cancel', 2)])
    expect([answer.status, seen]).toEqual([403, []])
  })

  it('[MCP-SEC-1] a session of another caller is of no use, by a policy on its owner', async () => {
    const guard = createGuard(testApiOptions().options)
    const sessions = new Map<string, { readonly owner: string; readonly transport: StreamableHTTPServerTransport }>()
    const isOwner = policy(
      'session owner',
      ({ auth, resource }: PolicyQuery<VerifiedToken, { readonly owner: string }>) => {
        return auth.principal.key === resource.owner
      },
    )
    const app = express()
    app.use(express.json())
    app.post(
      '/mcp',
      guard.handler(async (req, res, auth) => {
        const known = sessions.get(String(req.headers['mcp-session-id']))
        if (known) await guard.require(req, isOwner, known)
        const transport = known?.transport ?? (await open(auth.principal.key))
        await transport.handleRequest(Object.assign(req, { auth: toAuthInfo(auth) }), res, req.body)
      }),
    )
    async function open(owner: string): Promise<StreamableHTTPServerTransport> {
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, { owner, transport }),
      })
      await createMcpServer(createResourceServer(testApiOptions().options)).connect(transport as never)
      return transport
    }
    const url = `${await listen(app)}/mcp`
    const client = await connect(url, bearer())
    expect(await client.callTool({ name: 'whoami' })).toMatchObject({ content: [{ text: 'alice' }] })
    const [session] = sessions.keys()
    const headers = { 'mcp-session-id': String(session) }
    expect((await post(url, { ...bearer({ sub: 'bob' }), ...headers }, call('whoami'))).status).toBe(403)
    expect((await post(url, headers, call('whoami'))).status).toBe(401)
    // Another token of the same caller is as good: the tool sees that one.
    const renewed = await post(url, { ...bearer({ scope: 'mcp other' }), ...headers }, call('whoami'))
    expect(await renewed.text()).toContain('alice')
  })
})

describe("the verifier for the SDK's requireBearerAuth", () => {
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(new URL(`${audience}/mcp`))

  async function serveBy(changes: Partial<ResourceServerOptions> = {}, requiredScopes: string[] = []) {
    const verifier = createTokenVerifier(testApiOptions(changes).options)
    const app = express()
    const auth = requireBearerAuth({
      verifier,
      requiredScopes,
      resourceMetadataUrl,
      expectedResource: new URL(audience),
    } as never)
    const show: RequestHandler = (req, res) => void res.json(Reflect.get(req, 'auth'))
    app.use(auth, show)
    return listen(app)
  }

  it('lets a good token in, also where the SDK compares its resource', async () => {
    // The SDK looks at the clock of the system.
    const headers = bearer({ exp: Math.floor(Date.now() / 1000) + 300 })
    const answer = await fetch(await serveBy({}, ['mcp']), { headers })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ clientId: 'web', scopes: ['mcp'] })
  })

  it.each<[string, Record<string, string>, Partial<ResourceServerOptions>, number, string]>([
    ['an expired token', bearer({ exp: 1 }), {}, 401, 'invalid_token'],
    ['a token of another issuer', bearer({ iss: 'https://other.example.com' }), {}, 401, 'invalid_token'],
    ['a token for another resource', bearer({ aud: 'https://other.example.com' }), {}, 401, 'invalid_token'],
    ['no token', {}, {}, 401, 'invalid_token'],
    ['a caller without the scope of the default policy', bearer(), { policy: scope('api') }, 403, 'insufficient_scope'],
    ['a caller that the default policy denies', bearer(), { policy: () => false }, 403, 'access_denied'],
    [
      'a login that is too weak',
      bearer(),
      { policy: stepUp({ acrValues: ['mfa'] }) },
      401,
      'insufficient_user_authentication',
    ],
    [
      'a policy that cannot be asked',
      bearer(),
      { policy: () => Promise.reject(new Error('SECRET')) },
      500,
      'temporarily_unavailable',
    ],
  ])('refuses %s as the SDK does', async (_, headers, changes, status, error) => {
    const answer = await fetch(await serveBy(changes), { headers })
    const body = await answer.text()
    expect([answer.status, JSON.parse(body)]).toEqual([status, expect.objectContaining({ error })])
    expect(body).not.toMatch(/SECRET|expired_|audience_mismatch|issuer_unknown/)
  })

  it('never calls a token bad while the keys cannot be reached', async () => {
    const sts = await startKeyServer()
    onTestFinished(() => sts.stop())
    sts.answer('*', faults.status(500))
    const url = await serveBy({ issuer: sts.issuer, fetch: globalThis.fetch })
    const answer = await fetch(url, { headers: bearer({ iss: sts.issuer }) })
    expect([answer.status, await answer.json()]).toEqual([
      500,
      expect.objectContaining({ error: 'temporarily_unavailable' }),
    ])
    expect(answer.headers.get('www-authenticate')).toBeNull()
  })
})

describe('toAuthInfo and authOf', () => {
  const verified = (claims: Record<string, unknown>) =>
    createResourceServer(testApiOptions({ audience: [audience, 'https://b.example.com'] }).options).verifyToken(
      createToken({ claims }),
    )

  it('name no resource where the token has several audiences', async () => {
    const info = toAuthInfo(await verified({ aud: [audience, 'https://b.example.com'] }))
    expect('resource' in info).toBe(false)
    expect(info.clientId).toBe('web')
  })

  it('take no caller that no verifier has made', async () => {
    const info = toAuthInfo(await verified({}))
    expect(authOf(info).principal.subject).toBe('alice')
    const forged = { ...info, extra: { auth: { ...authOf(info) } } }
    for (const one of [undefined, { token: '', clientId: '', scopes: [] }, forged])
      expect(() => authOf(one)).toThrow(TypeError)
    expect(() => toAuthInfo({ ...authOf(info) })).toThrow(TypeError)
  })
})

describe('toolPolicy', () => {
  const auth = { principal: { scopes: [] } }

  it('allows what calls no tool', async () => {
    const rule = toolPolicy<object>({ whoami: authenticated })
    for (const resource of [{ method: 'tools/list' }, { method: 'ping' }, { result: {} }, [], [call('whoami')]])
      expect(await evaluate(rule, { auth, resource })).toMatchObject({ effect: 'allow' })
    const unread = Buffer.from(JSON.stringify(call('cancel')))
    // Express 4 gives {} for a body that no parser has read.
    for (const resource of [undefined, null, '', 'tools/call', 1, [1], {}, [{}], unread, { method: ['tools/call'] }])
      expect(await evaluate(rule, { auth, resource }), String(resource)).toMatchObject({ effect: 'deny' })
  })

  it.each<[string, unknown, RegExp]>([
    ['a policy that is undefined', { whoami: undefined }, /^The policy is undefined/],
    ['no object', undefined, /needs an object/],
    ['a map, whose entries are no members', new Map([['whoami', authenticated]]), /needs an object/],
  ])('refuses %s with a TypeError, at creation', (_, tools, words) => {
    expect(() => toolPolicy(tools as never)).toThrow(TypeError)
    expect(() => toolPolicy(tools as never)).toThrow(words)
  })
})
