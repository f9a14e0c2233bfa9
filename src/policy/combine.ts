// Policies made of policies: which members are asked, in which order, and what their answers make together.
// Only allowances, and plain denials under `not`, make an allowance. An effect that does not exist is indeterminate.
import { createNotes } from '../internal/freeze.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkBoolean } from '../internal/options.ts'
import { type Decision, indeterminate, type Reason } from './decision.ts'
import {
  alternative,
  canBeChallenged,
  type PolicyRequirement,
  requirementsOf,
  type Requirement,
  withRequirements,
} from './requirements.ts'
import {
  ask,
  askMember,
  composed,
  type Policy,
  type PolicyFunction,
  type PolicyLike,
  type PolicyQuery,
  toPolicy,
} from './policy.ts'

// `never` lets members with different needs stand in one list. The needs of each are inferred, and the result demands all.
export type Member = PolicyLike<never, never>
type QueryOf<M> = M extends Policy<infer A, infer R> | PolicyFunction<infer A, infer R> ? PolicyQuery<A, R> : never
type Both<Q> = (Q extends unknown ? (one: Q) => void : never) extends (all: infer I extends PolicyQuery) => void
  ? I
  : never

/** A policy with the needs of all of `M`, of caller and resource. */
export type Combined<M extends readonly Member[]> = Policy<
  Both<QueryOf<M[number]>>['auth'],
  Both<QueryOf<M[number]>>['resource']
>

/**
 * Allows when every member allows. Asks from left to right, but first the members that may veto. After a denial it only
 * asks members that declare what they require, so that one challenge can name all of it. A denial without a remedy leaves
 * no challenge.
 */
export function allOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('allOf', members)
  const marks = vetoMarks(policies)
  const requires = policies.flatMap((policy) => policy.requires ?? [])
  return compose(policies, {
    id: `allOf(${idsOf(policies)})`,
    requires: requires.length > 0 ? requires : undefined,
    requirements: policies.flatMap(requirementsOf),
    marks,
    evaluate: askMembers(policies, marks, { ...inAllOf, isWorthAsking: canMatterToAll, combine: combineAll }),
  })
}

/**
 * Allows when one member allows, and asks no further. Members that may veto are asked first, and all of them. Among
 * denials, the client learns the first one with a remedy, and nothing that only other members need: put the preferred way
 * first.
 */
export function anyOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('anyOf', members)
  const marks = vetoMarks(policies)
  return compose(policies, {
    id: `anyOf(${idsOf(policies)})`,
    requires: policies.find(({ requires }) => requires?.length)?.requires,
    requirements: alternative(policies.flatMap(requirementsOf)),
    marks,
    evaluate: askMembers(policies, marks, { ...inAnyOf, isWorthAsking: canMatterToAny, combine: combineAny }),
  })
}

/** Turns allow into deny and deny into allow. An indeterminate answer stays so, and so does a veto. */
export function not<M extends Member>(member: M): Combined<readonly [M]> {
  checkArgumentCount('not()', arguments, 1)
  const policy = toPolicy(member) as Policy
  const marks = vetoMarks([policy])
  return compose([policy], {
    id: `not(${policy.id})`,
    marks,
    evaluate: (query) => {
      const decision = askMember(policy, marks.includes(true), query)
      return isPromise(decision) ? decision.then(negate) : negate(decision)
    },
  })
}

/**
 * Demands `member` of callers that `condition` allows, and nothing of others. It is `anyOf(not(condition), member)`: when
 * the condition cannot tell, it allows the callers that `member` allows and is indeterminate for others. The challenge of
 * a request without a token names nothing of it.
 *
 * @example when(({ resource }: PolicyQuery<unknown, Order>) => resource.total > 1000, stepUp({ acrValues: ['mfa'] }))
 */
export function when<C extends Member, M extends Member>(condition: C, member: M): Combined<readonly [C, M]> {
  checkArgumentCount('when()', arguments, 2)
  const policies = [toPolicy(condition) as Policy, toPolicy(member) as Policy]
  const inner = anyOf(not(condition), member) as Policy
  return compose([inner], {
    id: `when(${idsOf(policies)})`,
    requirements: requirementsOf(inner),
    evaluate: (query) => ask(inner, query),
  })
}

/**
 * Takes the default policy of the resource server away from a route: `member` is asked alone. Counts only where it is the
 * whole policy of a route. As a member of another policy it adds nothing.
 *
 * @example app.get('/health', guard(withoutDefaultPolicy(authenticated)), …)
 */
export function withoutDefaultPolicy<M extends Member>(member: M): Combined<readonly [M]> {
  checkArgumentCount('withoutDefaultPolicy()', arguments, 1)
  const policy = toPolicy(member) as Policy
  const marks = vetoMarks([policy])
  const same: Combined<readonly [M]> = compose([policy], {
    id: `withoutDefaultPolicy(${policy.id})`,
    marks,
    requires: policy.requires,
    requirements: requirementsOf(policy),
    evaluate: (query) => askMember(policy, marks.includes(true), query),
  })
  withoutDefault.set(same, true)
  return same
}

// Not a member of the policy: no inherited member, and no copy of a policy, may take the default policy away.
const withoutDefault = createNotes<true>()

/** Whether `policy` was made by `withoutDefaultPolicy`. */
export function replacesDefault(policy: object): boolean {
  return withoutDefault.get(policy) === true
}

interface Composition {
  readonly id: string
  readonly requires?: readonly Requirement[] | undefined
  /** Default: none. */
  readonly requirements?: readonly PolicyRequirement[]
  /** Whether each member may veto. Default: read now. */
  readonly marks?: readonly boolean[]
  readonly evaluate: (query: PolicyQuery) => MaybePromise<Decision>
}

/** Whether each of `policies` may veto, read once: a later change, or a getter of two minds, counts for nothing. */
export function vetoMarks(policies: readonly Policy[]): readonly boolean[] {
  return policies.map(({ mayVeto }) => {
    if (mayVeto !== undefined) checkBoolean('mayVeto', mayVeto)
    return mayVeto === true
  })
}

/** Makes a policy of `policies`, which may veto where one of them may. It is frozen: its parts are believed later. */
export function compose<M extends readonly Member[]>(policies: readonly Policy[], made: Composition): Combined<M> {
  const { id, requires, requirements = [], marks = vetoMarks(policies), evaluate } = made
  const mayVeto = marks.includes(true)
  const policy = composed({ id, ...(requires && { requires }), ...(mayVeto && { mayVeto }), evaluate })
  return Object.freeze(withRequirements(policy, requirements))
}

/** Refuses an empty `allOf`, which would allow every caller. */
function atLeastOne(name: string, members: readonly Member[]): readonly Policy[] {
  if (members.length === 0) throw new TypeError(`${name}() needs at least one policy.`)
  return members.map((member) => toPolicy(member) as Policy)
}

function idsOf(policies: readonly Policy[]): string {
  return policies.map(({ id }) => id).join(', ')
}

interface Combining extends Ranking {
  /** Whether `policy` can still matter after answers of which `strongest` is one. `mayVeto` is as it was when the policy was combined. */
  readonly isWorthAsking: (policy: Policy, mayVeto: boolean, strongest: Kind) => boolean
  readonly combine: (decisions: readonly Decision[]) => Decision
}

/** Asks the members that matter, those that may veto first. Stays synchronous until one answers with a promise. */
function askMembers(
  policies: readonly Policy[],
  marks: readonly boolean[],
  { isWorthAsking, combine, strengths, weakest }: Combining,
): Composition['evaluate'] {
  const vetoers = policies.filter((_, index) => marks[index])
  const ordered = [...vetoers, ...policies.filter((_, index) => !marks[index])]
  return (query) => askFrom(0, query, { decisions: [], strongest: weakest })

  // The strongest answer is kept: to look through all of them for each member would take minutes where members are many.
  function askFrom(first: number, query: PolicyQuery, answers: Answers): MaybePromise<Decision> {
    for (let index = first; index < ordered.length; index++) {
      const policy = ordered[index] as Policy
      const mayVeto = index < vetoers.length
      if (!isWorthAsking(policy, mayVeto, answers.strongest)) continue
      const decision = askMember(policy, mayVeto, query)
      if (isPromise(decision)) {
        return decision.then((settled) => {
          add(settled, answers)
          return askFrom(index + 1, query, answers)
        })
      }
      add(decision, answers)
    }
    return combine(answers.decisions)
  }

  function add(decision: Decision, answers: Answers): void {
    answers.decisions.push(decision)
    answers.strongest = strongerOf(answers.strongest, kindOf(decision), strengths)
  }
}

// The kinds of answers and how strong they are. Two lie between yes and no: a possible veto is indeterminate, too.
type Kind = 'veto' | 'possibleVeto' | 'deny' | 'indeterminate' | 'allow'
type Strengths = Readonly<Record<Kind, number>>

/** The strengths of answers in a composition, and the answer of none. */
interface Ranking {
  readonly strengths: Strengths
  readonly weakest: Kind
}

const inAllOf: Ranking = {
  strengths: { veto: 4, possibleVeto: 3, deny: 2, indeterminate: 1, allow: 0 },
  weakest: 'allow',
}
const inAnyOf: Ranking = {
  strengths: { veto: 4, possibleVeto: 3, allow: 2, indeterminate: 1, deny: 0 },
  weakest: 'deny',
}

/** The answers of members so far. */
interface Answers {
  readonly decisions: Decision[]
  strongest: Kind
}

function kindOf(decision: Decision): Kind {
  if (decision.effect === 'allow') return 'allow'
  if (decision.effect === 'deny') return decision.veto ? 'veto' : 'deny'
  return decision.effect === 'indeterminate' && decision.mayVeto ? 'possibleVeto' : 'indeterminate'
}

function strongerOf(one: Kind, other: Kind, strengths: Strengths): Kind {
  return strengths[other] > strengths[one] ? other : one
}

function strongestOf(decisions: readonly Decision[], { strengths, weakest }: Ranking): Kind {
  return decisions.reduce((strongest, decision) => strongerOf(strongest, kindOf(decision), strengths), weakest)
}

/** After a denial only members that say what is missing matter, and none does once a veto cannot be ruled out. */
function canMatterToAll({ requires }: Policy, mayVeto: boolean, strongest: Kind): boolean {
  if (mayVeto || strongest === 'allow' || strongest === 'indeterminate') return true
  return strongest !== 'possibleVeto' && requires !== undefined
}

function canMatterToAny(_policy: Policy, mayVeto: boolean, strongest: Kind): boolean {
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
