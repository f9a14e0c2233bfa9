// Thirty requests, six ways to decide them: the built-in rules, Cedar, CASL, and AuthZEN and OPA over real HTTP.
import { AbilityBuilder, createMongoAbility, type MongoAbility, subject } from '@casl/ability'
import { evaluate, type Policy } from 'claimcheck/policy'
import { createAuthzen } from 'claimcheck/policy/authzen'
import { createCasl } from 'claimcheck/policy/casl'
import { createOpa } from 'claimcheck/policy/opa'
import { describe, expect, it } from 'vitest'
import { createCedarPolicies } from '../../../examples/orders-api/cedar.ts'
import { type Order, totalCents } from '../../../examples/orders-api/orders.ts'
import { type Caller, createPolicies, strongLogin } from '../../../examples/orders-api/policies.ts'
import { createTestClock, now } from '../../support/clock.ts'
import { authzenAnswer, type Input, opaAnswer, startDecisionPoint } from './decision-points.ts'
import { type Action, answerOf, type Answer, table } from './requests.ts'

const clock = createTestClock()
// The deadline is not what is tested here.
const timeoutMs = 30_000

/** Decides the table, one policy for each action, and compares. `told` says how the engine words an answer. */
async function expectTable(
  policyFor: (action: Action) => Policy<Caller, Order>,
  told: Partial<Record<Answer, Answer>> = {},
): Promise<void> {
  const decided: string[] = []
  // One after the other: thirty connections at once are slow on a busy machine, and not what is tested here.
  for (const { who, action, what, auth, order } of table) {
    const decision = await evaluate(policyFor(action), { auth, resource: order })
    decided.push([who, action, what, answerOf(decision)].join(' | '))
  }
  expect(decided).toEqual(
    table.map(({ who, action, what, answer }) => [who, action, what, told[answer] ?? answer].join(' | ')),
  )
}

function inputOf({ auth, action, resource }: { auth: Caller; action: string; resource: Order }): Input {
  const { key, scopes, roles, authentication } = auth.principal
  const { acr, time } = authentication
  return {
    action,
    caller: {
      key,
      scopes,
      roles,
      ...(acr !== undefined && { acr }),
      ...(time !== undefined && { loginAge: now - time }),
    },
    order: { owner: resource.ownerKey, status: resource.status, onHold: resource.onHold, cents: totalCents(resource) },
  }
}

function abilityFor({ principal: { key, scopes, roles, authentication } }: Caller): MongoAbility {
  const { can, cannot, build } = new AbilityBuilder<MongoAbility>(createMongoAbility)
  const manager = roles.includes('manager')
  const fresh = authentication.acr === 'urn:example:mfa' && now - (authentication.time ?? 0) <= 300
  if (scopes.includes('orders:read')) can('read', 'Order', manager ? {} : { ownerKey: key })
  if (scopes.includes('orders:write')) can('change', 'Order', { ownerKey: key, status: 'open' })
  if (scopes.includes('orders:refund') && manager) can('refund', 'Order', fresh ? {} : { cents: { $lte: 10_000 } })
  cannot(['change', 'refund'], 'Order', { onHold: true }).because('on hold')
  return build()
}

it('has thirty rows, and each answer more than once', () => {
  expect(table).toHaveLength(30)
  for (const answer of ['allow', 'deny', 'step-up', 'veto'])
    expect(table.filter((row) => row.answer === answer).length).toBeGreaterThan(2)
})

describe('the table of requests is decided', { timeout: 30_000 }, () => {
  it('by the built-in rules', () => {
    const policies = createPolicies(clock)
    return expectTable((action) => policies[action])
  })

  it('by a Cedar policy set', () => {
    const policies = createCedarPolicies(clock)
    return expectTable((action) => policies[action])
  })

  it('by a CASL ability, which knows no step-up', () => {
    const casl = createCasl<Caller, Order>({
      abilityFor,
      map: ({ resource }) => ({ subject: subject('Order', { ...resource, cents: totalCents(resource) }) }),
    })
    return expectTable(casl.policy, { 'step-up': 'deny' })
  })

  it('[AZ-6.1-1] by an AuthZEN decision point, which knows no veto', async () => {
    const pdp = await startDecisionPoint(authzenAnswer)
    const authzen = createAuthzen<Caller, Order>({
      pdp: pdp.url,
      timeoutMs,
      map: (query) => {
        const { caller, order } = inputOf(query)
        const { key, ...properties } = caller
        return {
          subject: { type: 'user', id: key, properties },
          resource: { type: 'order', id: query.resource.id, properties: { ...order } },
        }
      },
    })
    await expectTable(authzen.policy, { veto: 'deny' })
    expect(pdp.heads.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(30).fill('POST /access/v1/evaluation'))
  })

  it('by OPA over its data API', async () => {
    const opa = await startDecisionPoint(opaAnswer)
    const engine = createOpa<Caller, Order>({
      url: `${opa.url}v1/data/orders`,
      timeoutMs,
      map: (query) => ({ ...inputOf(query) }),
      missing: { 'large-refund': [{ kind: 'step-up', ...strongLogin }] },
    })
    await expectTable(engine.policy)
    expect(opa.heads.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(30).fill('POST /v1/data/orders'))
  })
})
