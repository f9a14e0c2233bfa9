// The one table of requests that every engine decides like the built-in rules, those of examples/orders-api.
import type { Decision } from 'claimcheck/policy'
import type { Order } from '../../../examples/orders-api/orders.ts'
import type { Caller } from '../../../examples/orders-api/policies.ts'
import { now } from '../../support/clock.ts'
import { alice } from '../callers.ts'

export type Action = 'read' | 'change' | 'refund'
/** `step-up`: no, unless the caller logs in again. `veto`: no, whatever else says yes. */
export type Answer = 'allow' | 'deny' | 'step-up' | 'veto'

export interface Row {
  readonly who: string
  readonly action: Action
  readonly what: string
  readonly answer: Answer
  readonly auth: Caller
  readonly order: Order
}

const read = ['orders:read']
const write = ['orders:write']
const refund = ['orders:refund']
const all = [...read, ...write, ...refund]
const mfa = 'urn:example:mfa'

const callers = {
  owner: caller('alice', all),
  'owner without scopes': caller('alice', []),
  'owner who reads': caller('alice', read),
  'owner who writes': caller('alice', write),
  'owner who refunds': caller('alice', refund),
  outsider: caller('bob', all),
  manager: caller('mary', all, ['manager']),
  'manager without scopes': caller('mary', [], ['manager']),
  'manager who owns': caller('alice', all, ['manager']),
  'manager, password now': caller('mary', all, ['manager'], { acr: 'urn:example:password', time: now }),
  'manager, mfa now': caller('mary', all, ['manager'], { acr: mfa, time: now - 300 }),
  'manager, mfa before': caller('mary', all, ['manager'], { acr: mfa, time: now - 301 }),
  'owner, mfa now': caller('alice', all, [], { acr: mfa, time: now }),
  'a Manager': caller('mary', all, ['Manager']),
} as const

const orders = {
  small: order('small', 10_000),
  large: order('large', 10_001),
  paid: { ...order('paid', 100), status: 'paid' },
  held: { ...order('held', 100), onHold: true },
  'held and large': { ...order('held', 90_000), onHold: true },
} as const

const rows: readonly (readonly [keyof typeof callers, Action, keyof typeof orders, Answer])[] = [
  ['owner', 'read', 'small', 'allow'],
  ['owner who reads', 'read', 'held', 'allow'],
  ['owner without scopes', 'read', 'small', 'deny'],
  ['owner who writes', 'read', 'small', 'deny'],
  ['outsider', 'read', 'small', 'deny'],
  ['manager', 'read', 'small', 'allow'],
  ['manager', 'read', 'paid', 'allow'],
  ['manager without scopes', 'read', 'small', 'deny'],
  ['a Manager', 'read', 'small', 'deny'],
  ['owner', 'change', 'small', 'allow'],
  ['owner who writes', 'change', 'large', 'allow'],
  ['owner who reads', 'change', 'small', 'deny'],
  ['owner', 'change', 'paid', 'deny'],
  ['owner', 'change', 'held', 'veto'],
  ['outsider', 'change', 'small', 'deny'],
  ['outsider', 'change', 'held', 'veto'],
  ['manager', 'change', 'small', 'deny'],
  ['manager who owns', 'change', 'small', 'allow'],
  ['owner', 'refund', 'small', 'deny'],
  ['owner, mfa now', 'refund', 'large', 'deny'],
  ['manager', 'refund', 'small', 'allow'],
  ['manager', 'refund', 'paid', 'allow'],
  ['manager without scopes', 'refund', 'small', 'deny'],
  ['manager without scopes', 'refund', 'large', 'deny'],
  ['manager', 'refund', 'large', 'step-up'],
  ['manager, password now', 'refund', 'large', 'step-up'],
  ['manager, mfa before', 'refund', 'large', 'step-up'],
  ['manager, mfa now', 'refund', 'large', 'allow'],
  ['manager', 'refund', 'held', 'veto'],
  ['manager, mfa now', 'refund', 'held and large', 'veto'],
]

export const table: readonly Row[] = rows.map(([who, action, what, answer]) => {
  return { who, action, what, answer, auth: callers[who], order: orders[what] }
})

/** A decision as a word of the table. */
export function answerOf(decision: Decision): Answer | 'indeterminate' {
  if (decision.effect !== 'deny') return decision.effect
  if (decision.missing?.some(({ kind }) => kind === 'step-up')) return 'step-up'
  return decision.veto ? 'veto' : 'deny'
}

function caller(
  subject: string,
  scopes: readonly string[],
  roles: readonly string[] = [],
  authentication = {},
): Caller {
  return { principal: { ...alice, key: `sts|${subject}`, subject, scopes, roles, authentication } }
}

function order(id: string, cents: number): Order {
  return {
    id,
    ownerKey: 'sts|alice',
    status: 'open',
    onHold: false,
    items: [{ sku: 'tea', quantity: 1, unitCents: cents }],
  }
}
