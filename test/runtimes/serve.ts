// The API on Node, Bun and Deno, each with its own server. Prints `port N`, where N is a free port of 127.0.0.1.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier } from 'claimcheck'
import { createTestIssuer, oidcLike } from 'claimcheck/testing'
import { createApp } from './app.ts'

type Serve = (request: Request) => Promise<Response>

/** What this program uses of the types of Bun and Deno. */
interface Platforms {
  readonly Bun?: { serve(options: { hostname: string; port: number; fetch: Serve }): { readonly port: number } }
  readonly Deno?: {
    serve(options: { hostname: string; port: number; onListen(): void }, fetch: Serve): { addr: { port: number } }
  }
}

const { ISSUER: issuer = '', AUDIENCE: audience = '' } = process.env
const app = createApp({ issuer, audience })
const { Bun, Deno } = globalThis as Platforms
const hostname = '127.0.0.1'

console.log(`port ${await listen()}`)

async function listen(): Promise<number> {
  if (Bun) return Bun.serve({ hostname, port: 0, fetch: serve }).port
  if (Deno) return Deno.serve({ hostname, port: 0, onListen: () => {} }, serve).addr.port
  const server = createServer((request, response) => void answer(request, response)).listen(0, hostname)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function serve(request: Request): Promise<Response> {
  return new URL(request.url).pathname === '/testing' ? new Response(await verifyOwnTokens()) : app(request)
}

/** Issues and verifies tokens within this runtime, without any network. */
async function verifyOwnTokens(): Promise<string> {
  const sts = createTestIssuer(oidcLike(), { algorithms: ['RS256', 'PS256', 'ES256', 'ES512', 'EdDSA'] })
  const { verifyToken } = createVerifier({
    issuer: sts.issuer,
    audience: sts.audience,
    fetch: sts.fetch,
    clock: sts.clock,
  })
  for (const algorithm of ['RS256', 'PS256', 'ES256', 'ES512', 'EdDSA'] as const)
    await verifyToken(sts.token({}, { algorithm }))
  const refused: unknown = await verifyToken(sts.badToken('forged-signature')).catch((error: unknown) => error)
  return String(refused)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.entries(request.headersDistinct).flatMap(([name, lines = []]) =>
    lines.map((line): [string, string] => [name, line]),
  )
  const { status, headers: lines, body } = await serve(new Request(`http://${hostname}${request.url}`, { headers }))
  response.writeHead(status, [...lines].flat())
  if (body) for await (const chunk of body) response.write(chunk)
  response.end()
}
