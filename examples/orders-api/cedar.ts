// The same policies, decided by Cedar: the rules are in policies.cedar, and here is what they get to see.
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { readFileSync } from 'node:fs'
import type { Clock } from 'claimcheck'
import { type CedarRequest, createCedar } from 'claimcheck/policy/cedar'
import { type Order, totalCents } from './orders.ts'
import { type Caller, type OrderPolicies, strongLogin } from './policies.ts'

const folder = import.meta.dirname

export function createCedarPolicies(clock: Clock = { nowMs: Date.now }): OrderPolicies {
  const engine = createCedar<Caller, Order | undefined>({
    cedar,
    policies: readFileSync(`${folder}/policies.cedar`, 'utf8'),
    schema: readFileSync(`${folder}/schema.cedarschema`, 'utf8'),
    map: ({ auth, action, resource }) => requestOf(auth, action, resource, clock),
    // Cedar knows that a strong login would help; this says so to the client.
    missing: { 'large-refund': [{ kind: 'step-up', ...strongLogin }] },
  })
  return {
    list: engine.policy('list'),
    create: engine.policy('create'),
    read: engine.policy('read'),
    change: engine.policy('change'),
    refund: engine.policy('refund'),
  }
}

function requestOf(
  { principal: { key, scopes, roles, groups, authentication } }: Caller,
  action: string,
  order: Order | undefined,
  clock: Clock,
): CedarRequest {
  const caller = { type: 'Caller', id: key }
  const resource = order ? { type: 'Order', id: order.id } : { type: 'Shop', id: 'shop' }
  const ageSeconds = clock.nowMs() / 1000 - (authentication.time ?? 0)
  const attrs = {
    scopes: [...scopes],
    roles: [...roles],
    groups: [...groups.values],
    groupsComplete: groups.complete,
  }
  const isStrong = strongLogin.acrValues.some((acr) => acr === authentication.acr)
  return {
    principal: caller,
    action: { type: 'Action', id: action },
    resource,
    context: { strongLogin: isStrong && ageSeconds <= strongLogin.maxAgeSeconds },
    entities: [
      { uid: caller, attrs, parents: [] },
      { uid: resource, attrs: order ? attributesOf(order) : {}, parents: [] },
    ],
  }
}

function attributesOf(order: Order) {
  const { ownerKey, status, onHold } = order
  return { owner: { __entity: { type: 'Caller', id: ownerKey } }, status, onHold, totalCents: totalCents(order) }
}
