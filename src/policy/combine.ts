// Policies made of policies: who is asked, in which order, and what is required. What the answers make together: heard.ts.
import { isPromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount } from '../internal/options.ts'
import { createPrivateSlot } from '../internal/private-slot.ts'
import type { Decision } from './decision.ts'
import type { Requirement } from './missing.ts'
import { all, any, type Tally, count, negated, emptyTally } from './combining.ts'
import { alternative, requirementsOf, withRequirements } from './requirements.ts'
import {
  ask,
  composed,
  type Policy,
  type PolicyFunction,
  type PolicyLike,
  type PolicyQuery,
  toPolicy,
} from './policy.ts'

// `never` lets members with different needs stand in one list; what each needs is inferred, and the result demands it all.
export type Member = PolicyLike<never, never>
type QueryOf<M> = M extends Policy<infer A, infer R> | PolicyFunction<infer A, infer R> ? PolicyQuery<A, R> : never
type Both<Q> = (Q extends unknown ? (one: Q) => void : never) extends (all: infer I extends PolicyQuery) => void
  ? I
  : never

/** A policy that needs of caller and resource what all of `M` need. */
export type Combined<M extends readonly Member[]> = Policy<
  Both<QueryOf<M[number]>>['auth'],
  Both<QueryOf<M[number]>>['resource']
>

/** Members in the order in which they are asked: those that may veto come first, and there are `vetoers` of them. */
interface Members {
  readonly policies: readonly [Policy, ...Policy[]]
  readonly vetoers: number
}

/**
 * Allows when every member allows. Asks from left to right, but first those that may veto; after a denial it only asks
 * members that declare what they require, so that one challenge can name all of it. A denial that nothing could help
 * leaves no challenge.
 */
export function allOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('allOf', members)
  const ordered = vetoersFirst(policies)
  const requires = policies.flatMap((policy) => policy.requires ?? [])
  const made: Combined<M> = compose(`allOf(${idsOf(policies)})`, policies, requires, (query) =>
    askAll(ordered, query, 0, emptyTally()),
  )
  return withRequirements(made, policies.flatMap(requirementsOf))
}

/**
 * Allows when one member allows, and asks no further. Members that may veto are asked first, and all of them. Among
 * denials the first that names what would help is the one that the client is told, and nothing that only other members
 * need: put the preferred way first.
 */
export function anyOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('anyOf', members)
  const ordered = vetoersFirst(policies)
  const preferred = policies.find(({ requires }) => requires?.length)?.requires ?? []
  const made: Combined<M> = compose(`anyOf(${idsOf(policies)})`, policies, preferred, (query) =>
    askAny(ordered, query, 0, emptyTally()),
  )
  return withRequirements(made, alternative(policies.flatMap(requirementsOf)))
}

/** Turns allow into deny and deny into allow. What is indeterminate stays so, and so does a veto. */
export function not<M extends Member>(member: M): Combined<readonly [M]> {
  checkArgumentCount('not()', arguments, 1)
  const policy = toPolicy(member) as Policy
  return compose(`not(${policy.id})`, [policy], [], (query) => {
    const decision = ask(policy, query)
    return isPromise(decision) ? decision.then(negated) : negated(decision)
  })
}

/**
 * Demands `member` of those whom `condition` allows, and nothing of others. It is `anyOf(not(condition), member)`: when
 * the condition cannot tell, whom `member` allows may come, and of others it cannot tell either. Nothing of it stands in the challenge of a request without a token.
 *
 * @example when(({ resource }: PolicyQuery<unknown, Order>) => resource.total > 1000, stepUp({ acrValues: ['mfa'] }))
 */
export function when<C extends Member, M extends Member>(condition: C, member: M): Combined<readonly [C, M]> {
  checkArgumentCount('when()', arguments, 2)
  const policies = [toPolicy(condition) as Policy, toPolicy(member) as Policy]
  const inner = anyOf(not(condition), member) as Policy
  const made: Combined<readonly [C, M]> = compose(`when(${idsOf(policies)})`, policies, [], (query) =>
    ask(inner, query),
  )
  return withRequirements(made, requirementsOf(inner))
}

/**
 * Says of a route's policy that the default policy of the resource server is not asked besides it. Counts only where it
 * is the whole policy of a route: as a member of another it adds nothing.
 *
 * @example app.get('/health', guard(withoutDefaultPolicy(authenticated)), …)
 */
export function withoutDefaultPolicy<M extends Member>(member: M): Combined<readonly [M]> {
  checkArgumentCount('withoutDefaultPolicy()', arguments, 1)
  const policy = toPolicy(member) as Policy
  const { id, requires = [] } = policy
  const same: Combined<readonly [M]> = compose(`withoutDefaultPolicy(${id})`, [policy], requires, (query) =>
    ask(policy, query),
  )
  withoutDefault.set(same, true)
  return withRequirements(same, requirementsOf(policy))
}

// Not a member of the policy: nothing that a policy inherits, and no copy of one, may take the default policy away.
const withoutDefault = createPrivateSlot<true>()

/** Whether `policy` was made by `withoutDefaultPolicy`. */
export function replacesDefault(policy: object): boolean {
  return withoutDefault.get(policy) === true
}

function compose<M extends readonly Member[]>(
  id: string,
  policies: readonly Policy[],
  requires: readonly Requirement[],
  evaluate: (query: PolicyQuery) => Decision | Promise<Decision>,
): Combined<M> {
  return composed({
    id,
    ...(requires.length > 0 && { requires }),
    ...(policies.some(({ mayVeto }) => mayVeto) && { mayVeto: true }),
    evaluate,
  })
}

function askAll(members: Members, query: PolicyQuery, from: number, heard: Tally): Decision | Promise<Decision> {
  const { policies, vetoers } = members
  for (let index = from; index < policies.length; index++) {
    const policy = policies[index] as Policy
    if (index >= vetoers && !couldMatterToAll(policy, heard)) continue
    const decision = ask(policy, query)
    if (isPromise(decision)) {
      return decision.then((settled) => {
        count(heard, settled)
        return askAll(members, query, index + 1, heard)
      })
    }
    count(heard, decision)
  }
  return all(heard)
}

/** After a denial only what helps to name all that is missing; and nothing once a veto cannot be ruled out. */
function couldMatterToAll({ requires }: Policy, { denied, mayBeVetoed: open }: Tally): boolean {
  return denied ? requires !== undefined : !open
}

function askAny(members: Members, query: PolicyQuery, from: number, heard: Tally): Decision | Promise<Decision> {
  const { policies, vetoers } = members
  for (let index = from; index < policies.length; index++) {
    if (heard.vetoed || (index >= vetoers && (heard.allowed || heard.mayBeVetoed))) break
    const decision = ask(policies[index] as Policy, query)
    if (isPromise(decision)) {
      return decision.then((settled) => {
        count(heard, settled)
        return askAny(members, query, index + 1, heard)
      })
    }
    count(heard, decision)
  }
  return any(heard)
}

/** An empty `allOf` would allow everybody, so there is none. */
function atLeastOne(name: string, members: readonly Member[]): readonly [Policy, ...Policy[]] {
  const [first, ...rest] = members.map((member) => toPolicy(member) as Policy)
  if (!first) throw new TypeError(`${name}() needs at least one policy.`)
  return [first, ...rest]
}

function vetoersFirst(policies: readonly [Policy, ...Policy[]]): Members {
  const vetoers = policies.filter(({ mayVeto }) => mayVeto)
  const others = policies.filter(({ mayVeto }) => !mayVeto)
  return { policies: [...vetoers, ...others] as [Policy, ...Policy[]], vetoers: vetoers.length }
}

function idsOf(policies: readonly Policy[]): string {
  return policies.map(({ id }) => id).join(', ')
}
