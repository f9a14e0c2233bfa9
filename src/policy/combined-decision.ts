// The one decision that the answers of several policies make together. Only allowances, and plain denials under `not`, make an allowance.
// An effect that does not exist is indeterminate.
import { type Decision, indeterminate, type Reason } from './decision.ts'
import type { AskedMember } from './policy.ts'
import { canBeChallenged } from './requirements.ts'

// The kinds of answers and how strong they are. Two lie between yes and no: a possible veto is indeterminate, too.
export type Kind = 'veto' | 'possibleVeto' | 'deny' | 'indeterminate' | 'allow'
type Strengths = Readonly<Record<Kind, number>>

/** The strengths of answers in a composition, and the answer of none. */
export interface Ranking {
  readonly strengths: Strengths
  readonly weakest: Kind
}

export const inAllOf: Ranking = {
  strengths: { veto: 4, possibleVeto: 3, deny: 2, indeterminate: 1, allow: 0 },
  weakest: 'allow',
}
export const inAnyOf: Ranking = {
  strengths: { veto: 4, possibleVeto: 3, allow: 2, indeterminate: 1, deny: 0 },
  weakest: 'deny',
}

export function kindOf(decision: Decision): Kind {
  if (decision.effect === 'allow') return 'allow'
  if (decision.effect === 'deny') return decision.veto ? 'veto' : 'deny'
  return decision.effect === 'indeterminate' && decision.mayVeto ? 'possibleVeto' : 'indeterminate'
}

export function strongerOf(one: Kind, other: Kind, strengths: Strengths): Kind {
  return strengths[other] > strengths[one] ? other : one
}

function strongestOf(decisions: readonly Decision[], { strengths, weakest }: Ranking): Kind {
  return decisions.reduce((strongest, decision) => strongerOf(strongest, kindOf(decision), strengths), weakest)
}

/** After a denial only members that say what is missing matter, and none does once a veto cannot be ruled out. */
export function canMatterToAll({ policy, mayVeto }: AskedMember, strongest: Kind): boolean {
  if (mayVeto || strongest === 'allow' || strongest === 'indeterminate') return true
  return strongest !== 'possibleVeto' && policy.requires !== undefined
}

export function canMatterToAny({ mayVeto }: AskedMember, strongest: Kind): boolean {
  return strongest === 'deny' || strongest === 'indeterminate' || (mayVeto && strongest !== 'veto')
}

/** The decision of `allOf` when its members answered with `decisions`. */
export function combineAll(decisions: readonly Decision[]): Decision {
  const strongest = strongestOf(decisions, inAllOf)
  if (strongest === 'allow') return { effect: 'allow', ...reasonsOf(decisions) }
  if (strongest === 'possibleVeto') return firstOf(decisions, strongest)
  if (strongest === 'indeterminate') return indeterminateAmong(decisions)
  const denials = decisions.filter(isDenial)
  const missing = denials.map((denial) => denial.missing ?? [])
  return {
    effect: 'deny',
    // If one denial has no remedy, a remedy for the others would only send the client round in circles.
    ...(missing.every(({ length }) => length > 0) && { missing: missing.flat() }),
    ...(strongest === 'veto' && { veto: true }),
    ...reasonsOf(denials),
  }
}

/** The decision of `anyOf` when its members answered with `decisions`. */
export function combineAny(decisions: readonly Decision[]): Decision {
  const strongest = strongestOf(decisions, inAnyOf)
  if (strongest === 'indeterminate') return indeterminateAmong(decisions)
  if (strongest !== 'deny') return firstOf(decisions, strongest)
  const denials = decisions.filter(isDenial)
  const ways = denials.flatMap(({ missing }) => (missing?.length ? [missing] : []))
  // No challenge can ask for a grant. The client learns of another way, if there is one.
  const missing = ways.find((way) => way.every(canBeChallenged)) ?? ways[0]
  return { effect: 'deny', ...(missing && { missing }), ...reasonsOf(denials) }
}

/** The decision of `not` when its member answered with `decision`. */
export function negate(decision: Decision): Decision {
  if (decision.effect === 'allow') return { effect: 'deny', ...reasonsOf([decision]) }
  if (decision.effect !== 'deny') return indeterminateAmong([decision])
  return decision.veto ? decision : { effect: 'allow', ...reasonsOf([decision]) }
}

/** The first indeterminate decision that time may clear up: only then is it worthwhile to ask again. Else the first of all. */
function indeterminateAmong(decisions: readonly Decision[]): Decision {
  const open = decisions.filter((decision) => decision.effect === 'indeterminate')
  return open.find(({ kind }) => kind !== 'incomplete') ?? open[0] ?? indeterminate(new TypeError('unknown effect'))
}

function firstOf(decisions: readonly Decision[], kind: Kind): Decision {
  return decisions.find((decision) => kindOf(decision) === kind) as Decision
}

function isDenial(decision: Decision): decision is Extract<Decision, { effect: 'deny' }> {
  return decision.effect === 'deny'
}

function reasonsOf(decisions: readonly Decision[]): { reasons?: readonly Reason[] } {
  if (!decisions.some(({ reasons }) => reasons)) return {}
  return { reasons: decisions.flatMap(({ reasons = [] }) => reasons) }
}
