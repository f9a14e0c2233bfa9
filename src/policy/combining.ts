// What the members of a composition have answered, and what that makes together. Between yes and no there are two more
// answers: what could not be decided is neither, and a veto (`veto`) beats everything. From strong to weak:
//   allOf  veto · in doubt, and it could be a veto · no · in doubt · yes
//   anyOf  veto · in doubt, and it could be a veto · yes · in doubt · no
// Closed: an allowance is made of allowances and, by `not`, of plain denials. Whatever else there may ever be is in doubt.
import { type Decision, indeterminate, type Reason } from './decision.ts'
import { canBeChallenged } from './missing.ts'

/** What has been answered so far. The flags save going through all of it for every member. */
export interface Tally {
  readonly decisions: Decision[]
  allowed: boolean
  denied: boolean
  vetoed: boolean
  /** Something could not be told that might have been a veto. */
  mayBeVetoed: boolean
}

/** Before anybody has been asked. */
export function emptyTally(): Tally {
  return { decisions: [], allowed: false, denied: false, vetoed: false, mayBeVetoed: false }
}

/** Takes one more answer in. */
export function count(heard: Tally, decision: Decision): void {
  heard.decisions.push(decision)
  heard.allowed ||= isAllowance(decision)
  heard.denied ||= isDenial(decision)
  heard.vetoed ||= isVeto(decision)
  heard.mayBeVetoed ||= couldBeVeto(decision)
}

/** What `allOf` makes of the answers. */
export function all({ decisions, denied, vetoed, mayBeVetoed: open }: Tally): Decision {
  if (open && !vetoed) return decisions.find(couldBeVeto) as Decision
  if (denied) return denialOf(decisions.filter(isDenial), vetoed)
  if (decisions.every(isAllowance)) return { effect: 'allow', ...reasonsOf(decisions) }
  return indeterminateAmong(decisions) ?? unknownEffect()
}

function denialOf(denials: readonly Denial[], vetoed: boolean): Decision {
  const missing = denials.map((denial) => denial.missing ?? [])
  return {
    effect: 'deny',
    // If one denial cannot be helped, helping the others would only send the client round in circles.
    ...(missing.every(({ length }) => length > 0) && { missing: missing.flat() }),
    ...(vetoed && { veto: true }),
    ...reasonsOf(denials),
  }
}

/** What `anyOf` makes of the answers. */
export function any({ decisions, vetoed, mayBeVetoed: open, allowed }: Tally): Decision {
  const strongest = vetoed ? isVeto : open ? couldBeVeto : isAllowance
  if (vetoed || open || allowed) return decisions.find(strongest) as Decision
  const doubt = indeterminateAmong(decisions)
  if (doubt) return doubt
  const denials = decisions.filter(isDenial)
  const ways = denials.flatMap(({ missing }) => (missing?.length ? [missing] : []))
  // A grant is nothing that a challenge could ask for: another way, if there is one, the client can be told of.
  const missing = ways.find((way) => way.every(canBeChallenged)) ?? ways[0]
  return { effect: 'deny', ...(missing && { missing: missing }), ...reasonsOf(denials) }
}

/** What `not` makes of an answer. */
export function negated(decision: Decision): Decision {
  if (isAllowance(decision)) return { effect: 'deny', ...reasonsOf([decision]) }
  if (isDenial(decision)) return decision.veto ? decision : { effect: 'allow', ...reasonsOf([decision]) }
  return indeterminateAmong([decision]) ?? unknownEffect()
}

function unknownEffect(): Decision {
  return indeterminate(new TypeError('unknown effect'))
}

/** Among doubts the first that time may clear up: only then is it worth while to ask again. */
function indeterminateAmong(decisions: readonly Decision[]): Decision | undefined {
  const doubts = decisions.filter((decision) => decision.effect === 'indeterminate')
  return doubts.find(({ kind }) => kind !== 'incomplete') ?? doubts[0]
}

type Denial = Extract<Decision, { effect: 'deny' }>

function isAllowance(decision: Decision): boolean {
  return decision.effect === 'allow'
}

function isDenial(decision: Decision): decision is Denial {
  return decision.effect === 'deny'
}

function isVeto(decision: Decision): boolean {
  return decision.effect === 'deny' && decision.veto === true
}

function couldBeVeto(decision: Decision): boolean {
  return decision.effect === 'indeterminate' && decision.mayVeto === true
}

function reasonsOf(decisions: readonly Decision[]): { reasons?: readonly Reason[] } {
  if (!decisions.some((decision) => decision.reasons)) return {}
  return { reasons: decisions.flatMap((decision) => decision.reasons ?? []) }
}
