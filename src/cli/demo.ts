// `claimcheck serve --demo`: an STS for tests, an API that stands for gateway and upstream at once, and the server. Everything is on
// loopback, and its keys are made for this process: no other server believes its tokens.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anonymous } from '../gateway/access.ts'
import { createGateway } from '../gateway/gateway.ts'
import { authenticated } from '../policy/rules.ts'
import { scope } from '../policy/scope-rules.ts'
import { print } from './command.ts'
import { loadMade, type Source } from './source.ts'

/** The configuration of the demo, and what to start when the server listens. */
export async function demoSource(): Promise<{ readonly source: Source; start(url: string): Promise<void> }> {
  // Loaded here alone: the server for production never holds an STS.
  const { createTestIssuer } = await import('../testing/index.ts')
  const sts = createTestIssuer()
  await sts.listen()
  const options = {
    issuer: sts.issuer,
    audience: sts.audience,
    routes: { 'GET /orders/{id}': scope('orders:read'), '/account': authenticated, '/health': anonymous },
  }
  const source: Source = {
    canReload: false,
    load: async (additions) =>
      loadMade({ dialects: ['caddy'], drainSeconds: 0 }, createGateway({ ...options, ...additions }), options),
  }

  async function start(decisions: string): Promise<void> {
    const api = createServer((request, response) => {
      // Every answer is about one caller.
      response.setHeader('Cache-Control', 'no-store')
      askAndAnswer(decisions, request)
        .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
        .catch(() => response.writeHead(503).end())
    })
    api.listen(0, '127.0.0.1')
    await once(api, 'listening')
    const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
    const curl = (path: string, token?: string): string =>
      `curl -i ${token === undefined ? '' : `-H "Authorization: Bearer $${token}" `}${url}${path}`
    print(`
An STS, the decision server, and an API behind a stand-in for a gateway run. The stand-in asks as Caddy does; no Caddy runs.
The tokens are good for an hour. Run these in a second terminal:

ALICE='${sts.token({ sub: 'alice', scope: 'orders:read' })}'
BOB='${sts.token({ sub: 'bob' })}'
EXPIRED='${sts.badToken('expired')}'

# 200: no token is asked for
${curl('/health')}

# 401: a token is
${curl('/account')}

# 200: Alice may read orders, and the API is told of her
${curl('/orders/1', 'ALICE')}

# 403: Bob has no such scope, and is told which
${curl('/orders/1', 'BOB')}

# 401: an expired token
${curl('/account', 'EXPIRED')}

# 403: no route
${curl('/elsewhere', 'ALICE')}

Ctrl-C ends all of it. The log follows: a line for each refusal.
`)
  }
  return { source, start }
}

/** What a gateway does with each request: it asks, and passes on what is allowed. */
async function askAndAnswer(
  decisions: string,
  { method = '', url = '', headers }: IncomingMessage,
): Promise<{ readonly status: number; readonly headers: Record<string, string>; readonly body: string }> {
  const answer = await fetch(`${decisions}/caddy`, {
    headers: {
      'X-Forwarded-Method': method,
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': headers.host ?? '',
      'X-Forwarded-Uri': url,
      ...(headers.authorization !== undefined && { Authorization: headers.authorization }),
    },
  })
  if (answer.headers.get('x-auth-status') === '200') {
    const told = [...answer.headers].filter(([name, value]) => name.startsWith('x-auth-') && value !== '')
    const body = `${JSON.stringify({ 'the API was told': Object.fromEntries(told) }, null, 2)}\n`
    return { status: 200, headers: { 'Content-Type': 'application/json' }, body }
  }
  const kept = ['content-type', 'www-authenticate', 'retry-after'].flatMap((name): [string, string][] => {
    const value = answer.headers.get(name)
    return value === null ? [] : [[name, value]]
  })
  return { status: answer.status, headers: Object.fromEntries(kept), body: `${await answer.text()}\n` }
}
