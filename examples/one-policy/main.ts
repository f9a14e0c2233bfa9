// `npm run start:one-policy`: the same policies in three places, and one table of decisions that all three must give. The exit code is 1 when
// a place decides otherwise.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createResourceServer } from 'claimcheck'
import { type Gateway, printRecipe } from 'claimcheck/gateway'
import { createTestIssuer } from 'claimcheck/testing'
import { hasNginx, portOf, send, startNginx } from '../gateway/nginx.ts'
import { formatTable } from '../quickstart/table.ts'
import { createApi } from './express.ts'
import { createOrdersGateway } from './gateway.ts'
import { createApiGateway } from './lambda.ts'

const sts = createTestIssuer()
await sts.listen()
const { issuer, audience } = sts
const resourceServer = createResourceServer({ issuer, audience, realm: 'orders' })

const callers = {
  nobody: {},
  alice: bearer(sts.token({ sub: 'alice', scope: 'orders:read orders:write' })),
  'alice, reading': bearer(sts.token({ sub: 'alice', scope: 'orders:read' })),
  'alice, mfa': bearer(sts.token({ sub: 'alice', acr: 'urn:example:mfa' })),
  suspended: bearer(sts.token({ sub: 'sam', scope: 'orders:write', roles: ['suspended'] })),
  support: bearer(sts.token({ sub: 'sue', roles: ['support'] })),
  expired: bearer(sts.badToken('expired')),
  malformed: bearer('a b'),
} as const

const table: readonly (readonly [caller: keyof typeof callers, method: string, path: string, expected: number])[] = [
  ['nobody', 'GET', '/health', 200],
  ['expired', 'GET', '/health', 200],
  ['nobody', 'GET', '/orders', 401],
  ['alice, reading', 'GET', '/orders', 200],
  ['support', 'GET', '/orders', 403],
  ['expired', 'GET', '/orders', 401],
  ['malformed', 'GET', '/orders', 400],
  ['alice', 'POST', '/orders', 200],
  ['alice, reading', 'POST', '/orders', 403],
  ['suspended', 'POST', '/orders', 403],
  ['support', 'GET', '/account', 200],
  ['nobody', 'GET', '/account', 401],
  ['alice', 'GET', '/users/alice', 200],
  ['alice', 'GET', '/users/al%69ce', 200],
  ['alice', 'GET', '/users/bob', 403],
  ['support', 'GET', '/users/bob', 200],
  ['nobody', 'GET', '/users/alice', 401],
  ['alice', 'DELETE', '/users/alice', 401],
  ['alice, mfa', 'DELETE', '/users/alice', 200],
  ['alice, mfa', 'DELETE', '/users/bob', 403],
]

const gateway = createOrdersGateway(resourceServer)
const express = await listen(createServer(createApi(resourceServer)))
// It knows nothing of tokens.
const upstream = await listen(createServer((_, response) => void response.end('ok')))
const decisions = await gateway.listen({ dialects: ['nginx'], listen: '127.0.0.1:0' })
const nginx = hasNginx() ? await startNginx((address) => writeRecipe(gateway, address)) : undefined
const lambda = createApiGateway(gateway)

try {
  const rows: string[][] = []
  for (const [caller, method, path, expected] of table) {
    const headers = callers[caller]
    const given = [
      (await send(portOf(express), { method, path, headers })).status,
      await askGateway(method, path, headers),
      await lambda(method, path, headers),
    ]
    if (given.some((status) => status !== expected)) process.exitCode = 1
    rows.push([caller, method, path, String(expected), ...given.map(String)])
  }
  const places = ['EXPRESS', nginx ? 'NGINX' : 'DECISION SERVER', 'LAMBDA']
  console.log(formatTable([['CALLER', 'METHOD', 'PATH', 'EXPECTED', ...places], ...rows]))
  if (process.exitCode === undefined) console.log(`\nAll ${table.length} decisions are the same in three places.`)
} finally {
  await Promise.all([nginx?.stop(), sts.close(), decisions.close()])
  for (const server of [express, upstream]) {
    server.close()
    server.closeAllConnections()
  }
}

/** Through nginx; without one, by the question that nginx would ask. */
async function askGateway(method: string, path: string, headers: object): Promise<number> {
  if (nginx) return (await send(nginx.port, { method, path, headers })).status
  const told = { 'X-Forwarded-Method': method, 'X-Forwarded-Uri': path, 'X-Forwarded-Host': 'api.example.com' }
  const question = { ...headers, ...told, 'X-Forwarded-Proto': 'http' }
  const answer = await fetch(`${decisions.url}/nginx`, { headers: question })
  await answer.body?.cancel()
  return Number(answer.headers.get('X-Auth-Status'))
}

function writeRecipe(asked: Gateway, address: string): string | undefined {
  const addresses = { upstream: `127.0.0.1:${portOf(upstream)}`, decisions: decisions.url.replace('http://', '') }
  return printRecipe(asked, 'nginx', { listen: address, ...addresses })[0]?.text
}

async function listen(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function bearer(token: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` }
}
