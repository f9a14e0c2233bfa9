// What policies need of a token, in any case or in one of several ways. A client whose token lacks something then asks for that
// and for what its token must not lose, and for nothing that only another way would need.
import { createPrivateSlot } from '../internal/private-slot.ts'
import { copyRequirements, type Requirement } from './missing.ts'

/** One thing that a policy needs. */
export interface PolicyRequirement {
  readonly requirement: Requirement
  /** Whether nobody is allowed without it: otherwise there is another way, and whoever takes that need not have it. */
  readonly mandatory: boolean
}

interface Requiring {
  readonly requires?: readonly Requirement[]
}

// Not a member of policies: how many ways there are is no matter of those who write them.
const noted = createPrivateSlot<readonly PolicyRequirement[]>()

/** `policy` itself, of which it is known from now on that it needs `needs`. */
export function withRequirements<P extends Requiring>(policy: P, needs: readonly PolicyRequirement[]): P {
  noted.set(policy, needs)
  return policy
}

/** What `policy` needs, in its order. Of who has noted nothing, all that it requires is needed in any case. */
export function requirementsOf(policy: Requiring): readonly PolicyRequirement[] {
  return (
    noted.get(policy) ??
    copyRequirements(policy.requires ?? []).map((requirement) => ({ requirement, mandatory: true }))
  )
}

/** The same needs where there is another way. */
export function alternative(needs: readonly PolicyRequirement[]): readonly PolicyRequirement[] {
  return needs.map(({ requirement }) => ({ requirement, mandatory: false }))
}

/** What a token has that a policy might rely on. */
export interface Granted {
  readonly scopes: readonly string[]
  readonly acr?: string | undefined
}

/** What a token must bring in the place of one that has `held`, besides what is `missing`: in the order of the policy. */
export function requirementsToKeep(
  needs: readonly PolicyRequirement[],
  missing: readonly Requirement[],
  held: Granted,
): readonly Requirement[] {
  const lacking = missing.flatMap((one) => (one.kind === 'scope' ? one.scopes : []))
  return needs.flatMap(({ requirement: need, mandatory: always }): readonly Requirement[] => {
    if (always) return [need]
    if (need.kind === 'scope')
      return [{ ...need, scopes: need.scopes.filter((one) => held.scopes.includes(one) || lacking.includes(one)) }]
    // Not its age: the next login is more recent in any case.
    const { acrValues = [] } = need.kind === 'step-up' ? need : {}
    return held.acr !== undefined && acrValues.includes(held.acr) ? [{ kind: 'step-up', acrValues }] : []
  })
}
