// The policies of routes, each joined to the default policy once and not for every request, and what they require.
import { allOf, replacesDefault } from './policy/combinators.ts'
import { copyUnmet, type Unmet } from './policy/unmet.ts'
import { needsOf, withNeeds } from './policy/needs.ts'
import { ask, composed, type Policy, type PolicyLike, type PolicyQuery, toPolicy } from './policy/policy.ts'

/** The policies of a resource server's routes. */
export interface RoutePolicies<A> {
  /** What a route with `like` asks, the default policy included; `undefined` when any verified caller may come. */
  policyOf(like: PolicyLike<A, undefined> | undefined): Policy<A, undefined> | undefined
  /** What all routes seen so far require. */
  required(): readonly Unmet[]
}

/** @throws TypeError when the default policy is no policy. */
export function createRoutePolicies<A>(byDefault: PolicyLike<A, undefined> | undefined): RoutePolicies<A> {
  const always = byDefault === undefined ? undefined : checkedPolicy(byDefault)
  const joined = new WeakMap<object, Policy<A, undefined>>()
  // By what they say, since a policy may be made anew for every request.
  const required = new Map<string, Unmet>()
  const remember = ({ requires = [] }: Policy<A, undefined>) => {
    for (const unmet of requires) required.set(JSON.stringify(unmet), unmet)
  }
  if (always) remember(always)
  return {
    policyOf(like) {
      if (like === undefined) return always
      const known = joined.get(like)
      if (known) return known
      const own = checkedPolicy(like)
      const policy = always && !replacesDefault(like) ? (allOf(always, own) as Policy<A, undefined>) : own
      joined.set(like, policy)
      remember(own)
      return policy
    },
    required: () => [...required.values()],
  }
}

/** A policy whose `requires` nobody can change once it stands in challenges. */
function checkedPolicy<A>(like: PolicyLike<A, undefined>): Policy<A, undefined> {
  const policy = toPolicy(like)
  const { id, requires, mayVeto } = policy
  const copy: Policy<A, undefined> = composed({
    id,
    ...(requires && { requires: copyUnmet(requires) }),
    ...(mayVeto && { mayVeto }),
    // As it was asked for, so that a composition still says exactly what it could not tell.
    evaluate: (query: PolicyQuery<A, undefined>) => ask(policy, query),
  })
  return withNeeds(copy, needsOf(policy))
}
