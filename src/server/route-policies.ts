// The policies of routes. Each is joined to the default policy once, not for each request. Their requirements enter the metadata.
import type { Emit } from '../errors/events.ts'
import { printable } from '../internal/json.ts'
import { allOf, compose, replacesDefault } from '../policy/combine.ts'
import { copyRequirements, type Requirement, requirementsOf } from '../policy/requirements.ts'
import { askMember, type Policy, type PolicyLike, type PolicyQuery, readMember, toPolicy } from '../policy/policy.ts'

/** The policies of a resource server's routes. */
export interface RoutePolicies<A> {
  /** The default policy, which is asked without a resource. `undefined` where every verified caller may come. */
  readonly byDefault: Policy<A> | undefined
  /** Joins `like` to the default policy, unless it is a `withoutDefaultPolicy(…)`. @throws TypeError when it is no policy. */
  withDefault<R>(like: PolicyLike<A, R>): Policy<A, R>
  /** Keeps the requirements of `like`. Reports it where a request has come already. @throws TypeError when it is no policy. */
  declare(like: PolicyLike<A, never>): void
  /** Called for each request. A policy that is declared later was made for a request, and may name other people's things. */
  seal(): void
  /** The requirements of the declared policies. */
  required(): readonly Requirement[]
}

const maxRequired = 1000

/** @throws TypeError when the default policy is no policy. */
export function createRoutePolicies<A>(byDefault: PolicyLike<A, undefined> | undefined, emit: Emit): RoutePolicies<A> {
  const always = byDefault === undefined ? undefined : checkedPolicy(byDefault, withoutResource)
  const joined = new WeakMap<object, Policy<A, never>>()
  const declared = new WeakSet<object>()
  const required = new Map<string, Requirement>()
  let sealed = false
  let reported = false

  function withDefault<R>(like: PolicyLike<A, R>): Policy<A, R> {
    const known = joined.get(like)
    if (known) return known as Policy<A, R>
    const own: Policy<A, R> = checkedPolicy(like, unchanged<PolicyQuery<A, R>>)
    const policy = always && !replacesDefault(like) ? (allOf(always, own) as Policy<A, R>) : own
    // A policy that was made for a request is not kept.
    if (!sealed) joined.set(like, policy)
    return policy
  }

  function declare(like: PolicyLike<A, never>): void {
    const { id, requires = [] } = toPolicy(like)
    if (declared.has(like)) return
    if (!sealed) declared.add(like)
    for (const missing of copyRequirements(requires)) {
      const name = JSON.stringify(missing)
      if (required.has(name)) continue
      if (sealed) return report(id, 'it came after the first request: declare the policies of all routes at start')
      if (required.size >= maxRequired)
        return report(id, `the declared policies require more than ${maxRequired} things`)
      required.set(name, missing)
    }
  }

  function report(id: unknown, reason: string): void {
    if (!reported) emit({ type: 'policy.not_published', policy: printable(id), reason })
    reported = true
  }

  if (always) declare(always)
  return {
    byDefault: always,
    withDefault,
    declare,
    seal: () => void (sealed = true),
    required: () => [...required.values()],
  }
}

type QueryFor<A, R, S> = (query: PolicyQuery<A, R>) => PolicyQuery<A, S>

/** Copies a policy, so that later changes of its `requires` reach no challenge. The copy hands its queries on, through `queryFor`. */
function checkedPolicy<A, R, S>(like: PolicyLike<A, S>, queryFor: QueryFor<A, R, S>): Policy<A, R> {
  const asked = readMember(like)
  const { id, requires } = asked.policy
  return compose<readonly [Policy<A, R>]>([asked], {
    id,
    requires: requires && copyRequirements(requires),
    requirements: requirementsOf(asked.policy),
    evaluate: (query) => askMember(asked, queryFor(query as PolicyQuery<A, R>)),
  })
}

function unchanged<Q>(query: Q): Q {
  return query
}

/** The default policy is about callers alone: each route has another kind of resource. */
function withoutResource<A>(query: PolicyQuery<A>): PolicyQuery<A, undefined> {
  return query.resource === undefined ? (query as PolicyQuery<A, undefined>) : { ...query, resource: undefined }
}
