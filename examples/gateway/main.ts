// `npm run start:gateway`: a real nginx asks a decision server about each request to an API that knows nothing of tokens. Prints what
// was answered; the exit code is 1 when an answer is not the expected one.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { logTo } from 'claimcheck'
import { anonymous, createGateway, printRecipe } from 'claimcheck/gateway'
import { authenticated, policy, scope } from 'claimcheck/policy'
import { createTestIssuer } from 'claimcheck/testing'
import { formatTable } from '../quickstart/table.ts'
import { hasNginx, portOf, send, startNginx } from './nginx.ts'

const sts = createTestIssuer()
await sts.listen()

const gateway = createGateway({
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

// The API: any language would do. It believes the headers, since only the gateway reaches it.
const api = createServer(({ headers }, response) => void response.end(String(headers['x-auth-subject'] || 'nobody')))
api.listen(0, '127.0.0.1')
await once(api, 'listening')

if (!hasNginx()) console.error('nginx is missing: apt-get install nginx-light')
const nginx = await startNginx((listen) => {
  const addresses = {
    listen,
    upstream: `127.0.0.1:${portOf(api)}`,
    decisions: decisions.url.replace('http://', ''),
  }
  return printRecipe(gateway, 'nginx', addresses)[0]?.text
})

const alice = `Bearer ${sts.token({ sub: 'alice', scope: 'orders:read' })}`
const walk: readonly (readonly [what: string, expected: number, headers?: Record<string, string>])[] = [
  ['GET /health', 200],
  ['GET /health', 200, { 'X-Auth-Subject': 'root' }],
  ['GET /account', 401],
  ['GET /account', 401, { Authorization: `Bearer ${sts.badToken('expired')}` }],
  ['GET /account', 200, { Authorization: alice }],
  ['GET /orders/1', 200, { Authorization: alice }],
  ['GET /orders/1', 403, { Authorization: `Bearer ${sts.token({ sub: 'bob' })}` }],
  ['DELETE /orders/1', 403, { Authorization: alice }],
  ['GET /users/alice/files', 200, { Authorization: alice }],
  ['GET /users/bob/files', 403, { Authorization: alice }],
  ['GET /users/bob/%2e%2e/alice', 400, { Authorization: alice }],
  ['GET /elsewhere', 403, { Authorization: alice }],
]

try {
  const rows: string[][] = []
  for (const [what, expected, headers = {}] of walk) {
    const [method = '', path = ''] = what.split(' ')
    const { status, body } = await send(nginx.port, { method, path, headers })
    if (status !== expected) process.exitCode = 1
    rows.push([what, String(status), status === expected ? body.slice(0, 60) : `EXPECTED ${expected}`])
  }
  console.log(`\n${formatTable([['WHAT', 'STATUS', 'BODY'], ...rows])}`)
  if (process.exitCode === undefined) console.log(`\nAll ${walk.length} as expected.`)
} finally {
  await Promise.all([nginx.stop(), sts.close(), decisions.close()])
  api.close()
  api.closeAllConnections()
}
