// `npm run start:gateway`: a real nginx asks a decision server about each request to two APIs. One knows nothing of tokens and believes
// the identity headers; the other believes a signed assertion alone. Prints what was answered; the exit code is 1 when an answer is not
// the expected one.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logTo } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { anonymous, createGateway, fileSigningKeys, gatewayAssertion, printRecipe } from 'claimcheck/gateway'
import { authenticated, policy, scope } from 'claimcheck/policy'
import { createTestIssuer } from 'claimcheck/testing'
import express from 'express'
import { formatTable } from '../quickstart/table.ts'
import { hasNginx, portOf, send, startNginx } from './nginx.ts'

const folder = mkdtempSync(join(tmpdir(), 'claimcheck-example-'))
const sts = createTestIssuer()
await sts.listen()

const keys = fileSigningKeys(join(folder, 'keys'))
const gateway = createGateway({
  assertion: { issuer: 'gateway', audience: 'users', keys },
  issuer: sts.issuer,
  audience: sts.audience,
  onEvent: logTo({ info: () => {}, warn: (line) => console.log(`  log: ${line.slice(0, 110)}`) }),
  routes: {
    'GET /orders/{id}': scope('orders:read'),
    '/users/{user}/{rest...}': policy('own', ({ auth, resource }) => resource.params.user === auth.principal.subject),
    '/account': authenticated,
    '/health': anonymous,
  },
})
const decisions = await gateway.listen({ dialects: ['nginx'], listen: '127.0.0.1:0' })

// The orders API: any language would do. It believes the headers, since only the gateway reaches it.
const orders = createServer(({ headers }, response) => void response.end(String(headers['x-auth-subject'] || 'nobody')))
orders.listen(0, '127.0.0.1')

// The users API: it may stand in any network, since it believes no header that the gateway has not signed.
const guard = createGuard({ issuer: gatewayAssertion({ issuer: 'gateway', audience: 'users', jwks: keys.jwks() }) })
const app = express().use(guard())
app.use((request, response) => void response.send(`${guard.auth(request).principal.subject}, asserted`))
const users = createServer(app).listen(0, '127.0.0.1')
await Promise.all([orders, users].map(async (api) => api.listening || once(api, 'listening')))

if (!hasNginx()) console.error('nginx is missing: apt-get install nginx-light')
const nginx = await startNginx((listen) => {
  const addresses = {
    listen,
    upstream: `127.0.0.1:${portOf(orders)}`,
    decisions: decisions.url.replace('http://', ''),
  }
  return withUsersApi(printRecipe(gateway, 'nginx', addresses)[0]?.text ?? '')
})

const callers: Readonly<Record<string, Record<string, string>>> = {
  'no token': {},
  'no token, says root': { 'X-Auth-Subject': 'root' },
  'expired token': { Authorization: `Bearer ${sts.badToken('expired')}` },
  alice: { Authorization: `Bearer ${sts.token({ sub: 'alice', scope: 'orders:read' })}` },
  bob: { Authorization: `Bearer ${sts.token({ sub: 'bob' })}` },
}
const walk: readonly (readonly [what: string, expected: number, caller: string])[] = [
  ['GET /health', 200, 'no token'],
  ['GET /health', 200, 'no token, says root'],
  ['GET /account', 401, 'no token'],
  ['GET /account', 401, 'expired token'],
  ['GET /account', 200, 'alice'],
  ['GET /orders/1', 200, 'alice'],
  ['GET /orders/1', 403, 'bob'],
  ['DELETE /orders/1', 403, 'alice'],
  ['GET /users/alice/files', 200, 'alice'],
  ['GET /users/bob/files', 403, 'alice'],
  ['GET /users/bob/%2e%2e/alice', 400, 'alice'],
  ['GET /elsewhere', 403, 'alice'],
]

try {
  const rows: string[][] = []
  for (const [what, expected, caller] of walk) {
    const [method = '', path = ''] = what.split(' ')
    const { status, body } = await send(nginx.port, { method, path, headers: callers[caller] ?? {} })
    if (status !== expected) process.exitCode = 1
    const told = /"detail":"([^"]*)"/.exec(body)?.[1] ?? body
    rows.push([what, caller, String(status), status === expected ? told : `EXPECTED ${expected}`])
  }
  console.log(`\n${formatTable([['WHAT', 'CALLER', 'STATUS', 'ANSWER'], ...rows])}`)
  if (process.exitCode === undefined) console.log(`\nAll ${walk.length} as expected.`)
} finally {
  await Promise.all([nginx.stop(), sts.close(), decisions.close()])
  for (const api of [orders, users]) api.close().closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
}

/** The recipe with a second API behind `/users/`, as docs/gateways.md has it. */
function withUsersApi(text: string): string {
  return text
    .replace(
      '  # auth_request takes any',
      `  upstream users_api {\n    server 127.0.0.1:${portOf(users)};\n  }\n  # auth_request takes any`,
    )
    .replace('map $claimcheck_status $claimcheck_upstream', 'map "$claimcheck_status $uri" $claimcheck_upstream')
    .replace('200 claimcheck_api;', '"~^200 /users/" users_api;\n    "~^200 " claimcheck_api;')
}
