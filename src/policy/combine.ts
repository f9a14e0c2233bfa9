// Policies made of policies: which members are asked, and in which order. combined-decision.ts makes one decision of their answers.
import { createNotes } from '../internal/freeze.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount } from '../internal/options.ts'
import {
  canMatterToAll,
  canMatterToAny,
  combineAll,
  combineAny,
  inAllOf,
  inAnyOf,
  type Kind,
  kindOf,
  negate,
  type Ranking,
  strongerOf,
} from './combined-decision.ts'
import type { Decision } from './decision.ts'
import {
  alternative,
  type PolicyRequirement,
  requirementsOf,
  type Requirement,
  withRequirements,
} from './requirements.ts'
import {
  ask,
  type AskedMember,
  askMember,
  composed,
  type Policy,
  type PolicyFunction,
  type PolicyLike,
  type PolicyQuery,
  readMember,
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
  const asked = readMembers('allOf', members)
  const policies = asked.map(({ policy }) => policy)
  const requires = policies.flatMap((policy) => policy.requires ?? [])
  return compose(asked, {
    id: `allOf(${idsOf(policies)})`,
    requires: requires.length > 0 ? requires : undefined,
    requirements: policies.flatMap(requirementsOf),
    evaluate: askMembers(asked, { ...inAllOf, isWorthAsking: canMatterToAll, combine: combineAll }),
  })
}

/**
 * Allows when one member allows, and asks no further. Members that may veto are asked first, and all of them. Among
 * denials, the client learns the first one with a remedy, and nothing that only other members need: put the preferred way
 * first.
 */
export function anyOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const asked = readMembers('anyOf', members)
  const policies = asked.map(({ policy }) => policy)
  return compose(asked, {
    id: `anyOf(${idsOf(policies)})`,
    requires: policies.find(({ requires }) => requires?.length)?.requires,
    requirements: alternative(policies.flatMap(requirementsOf)),
    evaluate: askMembers(asked, { ...inAnyOf, isWorthAsking: canMatterToAny, combine: combineAny }),
  })
}

/** Turns allow into deny and deny into allow. An indeterminate answer stays so, and so does a veto. */
export function not<M extends Member>(member: M): Combined<readonly [M]> {
  checkArgumentCount('not()', arguments, 1)
  const asked = readMember(member)
  return compose([asked], {
    id: `not(${asked.policy.id})`,
    evaluate: (query) => {
      const decision = askMember(asked, query)
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
  return compose([readMember(inner)], {
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
  const asked = readMember(member)
  const { policy } = asked
  const same: Combined<readonly [M]> = compose([asked], {
    id: `withoutDefaultPolicy(${policy.id})`,
    requires: policy.requires,
    requirements: requirementsOf(policy),
    evaluate: (query) => askMember(asked, query),
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
  readonly evaluate: (query: PolicyQuery) => MaybePromise<Decision>
}

/** Makes a policy of `members`, which may veto where one of them may. It is frozen: its parts are believed later. */
export function compose<M extends readonly Member[]>(members: readonly AskedMember[], made: Composition): Combined<M> {
  const { id, requires, requirements = [], evaluate } = made
  const mayVeto = members.some((member) => member.mayVeto)
  const policy = composed({ id, ...(requires && { requires }), ...(mayVeto && { mayVeto }), evaluate })
  return Object.freeze(withRequirements(policy, requirements))
}

/** Refuses an empty `allOf`, which would allow every caller. */
function readMembers(name: string, members: readonly Member[]): readonly AskedMember[] {
  if (members.length === 0) throw new TypeError(`${name}() needs at least one policy.`)
  return members.map(readMember)
}

function idsOf(policies: readonly Policy[]): string {
  return policies.map(({ id }) => id).join(', ')
}

interface Combining extends Ranking {
  /** Whether `member` can still matter after answers of which `strongest` is one. */
  readonly isWorthAsking: (member: AskedMember, strongest: Kind) => boolean
  readonly combine: (decisions: readonly Decision[]) => Decision
}

/** Asks the members that matter, those that may veto first. Stays synchronous until one answers with a promise. */
function askMembers(
  members: readonly AskedMember[],
  { isWorthAsking, combine, strengths, weakest }: Combining,
): Composition['evaluate'] {
  const ordered = [...members.filter(({ mayVeto }) => mayVeto), ...members.filter(({ mayVeto }) => !mayVeto)]
  return (query) => askFrom(0, query, { decisions: [], strongest: weakest })

  // The strongest answer is kept: to look through all of them for each member would take minutes where members are many.
  function askFrom(first: number, query: PolicyQuery, answers: Answers): MaybePromise<Decision> {
    for (let index = first; index < ordered.length; index++) {
      const member = ordered[index] as AskedMember
      if (!isWorthAsking(member, answers.strongest)) continue
      const decision = askMember(member, query)
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

/** The answers of members so far. */
interface Answers {
  readonly decisions: Decision[]
  strongest: Kind
}
