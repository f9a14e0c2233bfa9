// The example's policies, asked without any HTTP; and the example itself, started once.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { evaluate } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import type { Order } from '../../examples/orders-api/orders.ts'
import { createPolicies } from '../../examples/orders-api/policies.ts'
import { root } from '../../scripts/subpaths.ts'
import { alice } from '../policy/callers.ts'
import { createTestClock, now } from '../support/clock.ts'

const policies = createPolicies(createTestClock())
const manager = { principal: { ...alice, scopes: ['orders:refund'], roles: ['manager'] } }
const order: Order = {
  id: 'o1',
  ownerKey: alice.key,
  status: 'paid',
  onHold: false,
  items: [
    { sku: 'tea', quantity: 3, unitCents: 3000 },
    { sku: 'cup', quantity: 1, unitCents: 1000 },
  ],
}
const larger = { ...order, items: [...order.items, { sku: 'spoon', quantity: 1, unitCents: 1 }] }

describe('a refund', () => {
  it('of a small order is for managers', () => {
    expect(evaluate(policies.refund, { auth: manager, resource: order })).toEqual({ effect: 'allow' })
    const clerk = { principal: { ...manager.principal, roles: [] } }
    expect(evaluate(policies.refund, { auth: clerk, resource: order })).toEqual({ effect: 'deny' })
  })

  it('of a large one wants a fresh login as well', () => {
    expect(evaluate(policies.refund, { auth: manager, resource: larger })).toEqual({
      effect: 'deny',
      missing: [{ kind: 'step-up', acrValues: ['urn:example:mfa'], maxAgeSeconds: 300 }],
    })
    const fresh = { principal: { ...manager.principal, authentication: { acr: 'urn:example:mfa', time: now } } }
    expect(evaluate(policies.refund, { auth: fresh, resource: larger })).toEqual({ effect: 'allow' })
  })

  it('of one that is on hold is for nobody', () => {
    expect(evaluate(policies.refund, { auth: manager, resource: { ...order, onHold: true } })).toEqual({
      effect: 'deny',
      veto: true,
      reasons: [{ code: 'on-hold' }],
    })
  })
})

it('an order is for customers who are not blocked, and not for those whose groups may not all be known', () => {
  const create = (values: readonly string[], complete: boolean) => {
    const auth = { principal: { ...alice, scopes: ['orders:write'], groups: { values, complete } } }
    return evaluate(policies.create, { auth, resource: undefined })
  }
  expect(create(['customers'], true)).toEqual({ effect: 'allow' })
  expect(create(['customers', 'blocked'], true)).toEqual({ effect: 'deny' })
  expect(create(['customers', 'blocked'], false)).toEqual({ effect: 'deny' })
  expect(create(['customers'], false)).toMatchObject({ effect: 'indeterminate', kind: 'incomplete' })
})

it('says in advance which scopes its routes need', () => {
  const needs = Object.values(policies).map(({ requires }) => requires)
  expect(needs).toEqual(
    ['read', 'write', 'read', 'write', 'refund'].map((scope) => [{ kind: 'scope', scopes: [`orders:${scope}`] }]),
  )
})

it('runs, with its policies in TypeScript and in Cedar, and gets every answer that it expects', async () => {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'examples/orders-api/main.ts'], { cwd: root })
  expect(stdout.trim().split('\n').at(-1)).toBe('All 18 as expected, with both.')
}, 60_000)
