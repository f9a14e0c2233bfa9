// Policies made of policies, by three-valued logic: what could not be decided is neither a yes nor a no.
import {
  type Decision,
  evaluate,
  type Policy,
  type PolicyFunction,
  type PolicyLike,
  type PolicyQuery,
  toPolicy,
  type Unmet,
  whenSettled,
} from './policy.ts'

// `never` lets members with different needs stand in one list; what each needs is inferred, and the result demands it all.
type Member = PolicyLike<never, never>
type QueryOf<M> = M extends Policy<infer A, infer R> | PolicyFunction<infer A, infer R> ? PolicyQuery<A, R> : never
type Both<Q> = (Q extends unknown ? (one: Q) => void : never) extends (all: infer I extends PolicyQuery) => void
  ? I
  : never

/** A policy that needs of caller and resource what all of `M` need. */
export type Combined<M extends readonly Member[]> = Policy<
  Both<QueryOf<M[number]>>['auth'],
  Both<QueryOf<M[number]>>['resource']
>

/**
 * Allows when every member allows. Asks from left to right; after a denial it only asks members that declare what they
 * require, so that one challenge can name all of it. A denial that nothing could help leaves no challenge.
 */
export function allOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('allOf', members)
  return {
    id: idOf('allOf', policies),
    ...requiring(policies.flatMap(({ requires = [] }) => requires)),
    evaluate: (query) => askAll(policies, query, 0, []),
  }
}

/**
 * Allows when one member allows, and asks no further. Among denials the first that names what would help is the one
 * that the client is told: put the preferred way first.
 */
export function anyOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('anyOf', members)
  return {
    id: idOf('anyOf', policies),
    ...requiring(policies.find(({ requires }) => requires?.length)?.requires ?? []),
    evaluate: (query) => askAny(policies, query, 0, []),
  }
}

/** Turns allow into deny and deny into allow. What is indeterminate stays so. */
export function not<M extends Member>(member: M): Combined<readonly [M]> {
  const policy = toPolicy(member) as Policy
  return {
    id: `not(${policy.id})`,
    evaluate: (query) => whenSettled(() => evaluate(policy, query), negated),
  }
}

function askAll(
  policies: readonly Policy[],
  query: PolicyQuery,
  from: number,
  heard: readonly Decision[],
): Decision | Promise<Decision> {
  const denied = heard.some(({ effect }) => effect === 'deny')
  const index = policies.findIndex((policy, at) => at >= from && (!denied || policy.requires))
  const policy = policies[index]
  if (!policy) return all(heard)
  return whenSettled(
    () => evaluate(policy, query),
    (decision) => askAll(policies, query, index + 1, [...heard, decision]),
  )
}

function all(heard: readonly Decision[]): Decision {
  const denials = heard.filter((decision) => decision.effect === 'deny')
  if (denials.length > 0) {
    const unmet = denials.map((denial) => denial.unmet ?? [])
    // If one denial cannot be helped, helping the others would only send the client round in circles.
    return unmet.every(({ length }) => length > 0) ? { effect: 'deny', unmet: unmet.flat() } : { effect: 'deny' }
  }
  return heard.find(({ effect }) => effect === 'indeterminate') ?? { effect: 'allow' }
}

function askAny(
  policies: readonly Policy[],
  query: PolicyQuery,
  index: number,
  heard: readonly Decision[],
): Decision | Promise<Decision> {
  const policy = policies[index]
  if (!policy) return noneOf(heard)
  return whenSettled(
    () => evaluate(policy, query),
    (decision) => (decision.effect === 'allow' ? decision : askAny(policies, query, index + 1, [...heard, decision])),
  )
}

function noneOf(heard: readonly Decision[]): Decision {
  const unsure = heard.find(({ effect }) => effect === 'indeterminate')
  const helpable = heard.find((decision) => decision.effect === 'deny' && decision.unmet?.length)
  return unsure ?? helpable ?? { effect: 'deny' }
}

function negated(decision: Decision): Decision {
  if (decision.effect === 'indeterminate') return decision
  return { effect: decision.effect === 'allow' ? 'deny' : 'allow' }
}

/** An empty `allOf` would allow everybody, so there is none. */
function atLeastOne(name: string, members: readonly Member[]): readonly [Policy, ...Policy[]] {
  const [first, ...rest] = members.map((member) => toPolicy(member) as Policy)
  if (!first) throw new TypeError(`${name}() needs at least one policy.`)
  return [first, ...rest]
}

function idOf(name: string, policies: readonly Policy[]): string {
  return `${name}(${policies.map(({ id }) => id).join(', ')})`
}

function requiring(requires: readonly Unmet[]): { requires?: readonly Unmet[] } {
  return requires.length > 0 ? { requires } : {}
}
