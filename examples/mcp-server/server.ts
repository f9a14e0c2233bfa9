// An MCP server on Express that is a resource server: each tool has its policy, and a session belongs to its first caller.
import { randomUUID } from 'node:crypto'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createResourceServer, type VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { authOf, toAuthInfo, toolPolicy } from 'claimcheck/mcp'
import { allOf, authenticated, policy, type PolicyQuery, scope } from 'claimcheck/policy'
import express, { type Express } from 'express'

const mayRead = scope('orders:read')
// Joined, so that one challenge names all scopes: a client that asked for `orders:write` alone would lose `orders:read`.
const mayCall = allOf(mayRead, toolPolicy({ list_orders: authenticated, cancel_order: scope('orders:write') }))

interface Session {
  readonly owner: string
  readonly transport: StreamableHTTPServerTransport
}
const isOwner = policy('session owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Session>) => {
  return auth.principal.key === resource.owner
})

/** @param resource The address of the endpoint, `https://…/mcp`: what the tokens must be for. */
export function createApp(issuer: string, resource: string): Express {
  const api = createResourceServer({ issuer, audience: resource, metadata: { resource } })
  const guard = createGuard(api)
  const sessions = new Map<string, Session>()

  async function openSession(owner: string): Promise<Session> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, session),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    const session = { owner, transport }
    await createOrders().connect(transport)
    return session
  }

  const app = express()
  app.use(guard.metadata(), express.json())
  app.all(
    '/mcp',
    guard.handler(mayRead, async (req, res, auth) => {
      // A session id is no authentication: a caller that knows one must also be its owner.
      const known = sessions.get(String(req.headers['mcp-session-id']))
      if (known) await guard.require(req, isOwner, known)
      if (req.method === 'POST') await guard.require(req, mayCall, req.body as unknown)
      const { transport } = known ?? (await openSession(auth.principal.key))
      await transport.handleRequest(Object.assign(req, { auth: toAuthInfo(auth) }), res, req.body)
    }),
  )
  return app
}

function createOrders(): McpServer {
  const server = new McpServer({ name: 'orders', version: '1.0.0' })
  const answer = (text: string) => ({ content: [{ type: 'text' as const, text }] })
  server.registerTool('list_orders', {}, ({ authInfo }) =>
    answer(`the orders of ${authOf(authInfo).principal.subject}`),
  )
  server.registerTool('cancel_order', {}, ({ authInfo }) => answer(`cancelled by ${authInfo?.clientId}`))
  return server
}
