// What policies cost: `npx tsx bench/policy-cost.ts`. Numbers are per decision, and as a ratio to a bare function call that does the
// least a scope check could do.
import { allOf, evaluate, type PolicyLike, role, scope, user } from '../src/policy/index.ts'

const auth = {
  principal: { kind: 'user' as const, scopes: ['profile', 'orders:read', 'orders:write'], roles: ['clerk', 'manager'] },
}
const query = { auth, resource: undefined }

function bare(asked: typeof query): boolean {
  return asked.auth.principal.scopes.includes('orders:read')
}

const bench: readonly (readonly [name: string, run: () => unknown, budgetMicroseconds?: number])[] = [
  ['bare function', () => bare(query)],
  ['scope', asking(scope('orders:read')), 0.5],
  ['scope, denied', asking(scope('orders:delete')), 0.5],
  ['allOf of three', asking(allOf(scope('orders:read'), role('manager'), user)), 1.5],
  ['allOf of three, denied', asking(allOf(scope('orders:read'), role('director'), user)), 1.5],
]

const rounds = 15
const calls = 200_000
const best = new Map<string, number>()
// Rounds take turns, so that a busy moment of the machine hits all alike; the best of each counts.
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of bench) best.set(name, Math.min(best.get(name) ?? Infinity, microsecondsOf(run)))
}
const base = best.get('bare function') ?? Number.NaN
for (const [name, , budget] of bench) {
  const cost = best.get(name) ?? Number.NaN
  const limit = budget === undefined ? '' : ` of ${budget} µs${cost > budget ? '  TOO SLOW' : ''}`
  console.log(`${name.padEnd(24)} ${cost.toFixed(3)} µs  ×${(cost / base).toFixed(1).padStart(6)}${limit}`)
  if (budget !== undefined && cost > budget) process.exitCode = 1
}

function asking(policy: PolicyLike<typeof auth, undefined>): () => unknown {
  return () => evaluate(policy, query)
}

function microsecondsOf(run: () => unknown): number {
  let sink: unknown
  const start = performance.now()
  for (let call = 0; call < calls; call++) sink = run()
  const end = performance.now()
  if (sink === undefined) throw new Error('nothing was decided')
  return ((end - start) / calls) * 1000
}
