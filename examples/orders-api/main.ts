// `npm run start:orders`: the API twice, with policies in TypeScript and with the same in Cedar, and a client that tries
// what matters. Prints what was answered; the exit code is 1 when an answer is not the expected one.
import { listenOnLoopback } from '../quickstart/loopback.ts'
import { formatTable } from '../quickstart/table.ts'
import { createApi } from './api.ts'
import { createCedarPolicies } from './cedar.ts'
import { createIssuer } from './issuer.ts'
import type { Order } from './orders.ts'
import { createPolicies, strongLogin } from './policies.ts'

const audience = 'https://orders.example.com'
const sts = await createIssuer('https://sts.example.com', audience)
const now = Math.floor(Date.now() / 1000)
const groups = ['customers']
const login = { acr: 'urn:example:password', auth_time: now - 900, groups }
const strong = { acr: strongLogin.acrValues[0], auth_time: now, groups }
const all = 'orders:read orders:write orders:refund'

const callers = {
  nobody: undefined,
  alice: { sub: 'alice', scope: all, ...login },
  'alice, reading': { sub: 'alice', scope: 'orders:read', ...login },
  bob: { sub: 'bob', scope: all, ...login },
  blocked: { sub: 'bill', scope: all, ...login, groups: ['customers', 'blocked'] },
  'groups unknown': { sub: 'bill', scope: all, ...login, groups: undefined },
  manager: { sub: 'mary', scope: all, roles: ['manager'], ...login },
  'manager, mfa': { sub: 'mary', scope: all, roles: ['manager'], ...strong },
} as const

const orders: readonly Order[] = [
  { id: 'small', ownerKey: keyOf('alice'), status: 'open', onHold: false, items: [item(2, 1000)] },
  { id: 'large', ownerKey: keyOf('alice'), status: 'open', onHold: false, items: [item(1, 90_000)] },
  { id: 'held', ownerKey: keyOf('alice'), status: 'open', onHold: true, items: [item(1, 500)] },
]

// Who, what, and the status that is expected.
const walk: readonly (readonly [keyof typeof callers, string, number])[] = [
  ['nobody', 'GET /orders', 401],
  ['alice', 'GET /orders', 200],
  ['alice', 'POST /orders', 201],
  ['alice, reading', 'POST /orders', 403],
  ['blocked', 'POST /orders', 403],
  ['groups unknown', 'POST /orders', 403],
  ['alice', 'GET /orders/small', 200],
  ['bob', 'GET /orders/small', 403],
  ['manager', 'GET /orders/small', 200],
  ['alice', 'GET /orders/none', 404],
  ['alice', 'PUT /orders/small/items', 200],
  ['manager', 'PUT /orders/small/items', 403],
  ['alice', 'PUT /orders/held/items', 403],
  ['alice', 'POST /orders/small/refund', 403],
  ['manager', 'POST /orders/small/refund', 200],
  ['manager', 'POST /orders/large/refund', 401],
  ['manager, mfa', 'POST /orders/large/refund', 200],
  ['manager, mfa', 'POST /orders/held/refund', 403],
]

for (const [kind, policies] of [
  ['policies.ts', createPolicies()],
  ['policies.cedar', createCedarPolicies()],
] as const) {
  const server = await listenOnLoopback(createApi({ ...sts, audience, policies, orders }), 0)
  try {
    const rows = await walkThrough(server.url)
    console.log(`${formatTable([['WHO', 'WHAT', kind, 'CHALLENGE'], ...rows])}\n`)
  } finally {
    await server.close()
  }
}
if (process.exitCode === undefined) console.log(`All ${walk.length} as expected, with both.`)

async function walkThrough(url: string): Promise<string[][]> {
  const rows: string[][] = []
  for (const [who, what, expected] of walk) {
    const [method = '', path = ''] = what.split(' ')
    const claims = callers[who]
    const response = await fetch(url + path, {
      method,
      headers: { ...(claims && { authorization: `Bearer ${sts.token(claims)}` }), 'content-type': 'application/json' },
      ...(method !== 'GET' && { body: JSON.stringify({ items: [item(1, 1500)] }) }),
    })
    await response.text()
    if (response.status !== expected) {
      console.error(`orders-api: ${who}, ${what}: expected ${expected}, got ${response.status}`)
      process.exitCode = 1
    }
    rows.push([who, what, String(response.status), wordsOf(response.headers.get('www-authenticate'))])
  }
  return rows
}

/** The challenge without what is the same in all of them. */
function wordsOf(challenge: string | null): string {
  return (challenge ?? '').replace(/(realm|resource_metadata|error_description)="[^"]*",? ?/g, '').replace(/, $/, '')
}

function item(quantity: number, unitCents: number) {
  return { sku: 'tea', quantity, unitCents }
}

function keyOf(subject: string): string {
  return `https://sts.example.com|${subject}`
}
