// Who may do what with orders: all of it, and nothing else. Routes name these policies; tests ask them without any HTTP.
import type { Clock, Principal } from 'claimcheck'
import {
  allOf,
  anyOf,
  group,
  type HasPrincipal,
  not,
  type Policy,
  policy,
  type PolicyQuery,
  role,
  scope,
  stepUp,
  when,
} from 'claimcheck/policy'
import { type Order, totalCents } from './orders.ts'

/** What the policies need to know of a caller: a `VerifiedToken` has it. */
export type Caller = HasPrincipal<keyof Principal>

export interface OrderPolicies {
  /** For routes that have loaded nothing yet. */
  readonly list: Policy<Caller, undefined>
  readonly create: Policy<Caller, undefined>
  readonly read: Policy<Caller, Order>
  readonly change: Policy<Caller, Order>
  readonly refund: Policy<Caller, Order>
}

/** From here on a refund needs a fresh login with a second factor. */
const largeRefundCents = 10_000
export const strongLogin = { acrValues: ['urn:example:mfa'], maxAgeSeconds: 300 } as const

const owner = policy('owner', ({ auth, resource }: PolicyQuery<Caller, Order>) => {
  return resource.ownerKey === auth.principal.key
})
const open = policy('open', ({ resource }: PolicyQuery<unknown, Order>) => resource.status === 'open')
const large = policy('large', ({ resource }: PolicyQuery<unknown, Order>) => totalCents(resource) > largeRefundCents)

/** A veto: whatever else allows, nobody touches an order that is on hold. */
const notOnHold = policy(
  'notOnHold',
  ({ resource }: PolicyQuery<unknown, Order>) =>
    resource.onHold ? { effect: 'deny', veto: true, reasons: [{ code: 'on-hold' }] } : true,
  { mayVeto: true },
)

/** Members of the group `blocked` place no orders. Where a token may not list all groups, the policy cannot tell: no order either. */
const notBlocked = not(group('blocked'))

export function createPolicies(clock?: Clock): OrderPolicies {
  const freshLogin = stepUp({ ...strongLogin, ...(clock && { clock }) })
  return {
    list: scope('orders:read'),
    create: allOf(scope('orders:write'), notBlocked),
    read: allOf(scope('orders:read'), anyOf(owner, role('manager'))),
    change: allOf(scope('orders:write'), owner, open, notOnHold),
    refund: allOf(scope('orders:refund'), role('manager'), when(large, freshLogin), notOnHold),
  }
}
