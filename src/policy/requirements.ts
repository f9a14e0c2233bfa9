// What policies need of a token, in any case or in one of several ways. A client whose token lacks something then asks for that
// and for what its token must not lose, and for nothing that only another way would need.
import { createPrivateSlot } from '../internal/private-slot.ts'
import { copyUnmet, type Unmet } from './missing.ts'

/** One thing that a policy needs. */
export interface Need {
  readonly unmet: Unmet
  /** Whether nobody is allowed without it: otherwise there is another way, and whoever takes that need not have it. */
  readonly always: boolean
}

interface Requiring {
  readonly requires?: readonly Unmet[]
}

// Not a member of policies: how many ways there are is no matter of those who write them.
const noted = createPrivateSlot<readonly Need[]>()

/** `policy` itself, of which it is known from now on that it needs `needs`. */
export function withNeeds<P extends Requiring>(policy: P, needs: readonly Need[]): P {
  noted.set(policy, needs)
  return policy
}

/** What `policy` needs, in its order. Of who has noted nothing, all that it requires is needed in any case. */
export function needsOf(policy: Requiring): readonly Need[] {
  return noted.get(policy) ?? copyUnmet(policy.requires ?? []).map((unmet) => ({ unmet, always: true }))
}

/** The same needs where there is another way. */
export function inOneWay(needs: readonly Need[]): readonly Need[] {
  return needs.map(({ unmet }) => ({ unmet, always: false }))
}

/** What a token has that a policy might rely on. */
export interface Held {
  readonly scopes: readonly string[]
  readonly acr?: string | undefined
}

/** What a token must bring in the place of one that has `held`, besides what is `unmet`: in the order of the policy. */
export function toKeep(needs: readonly Need[], unmet: readonly Unmet[], held: Held): readonly Unmet[] {
  const lacking = unmet.flatMap((one) => (one.kind === 'scope' ? one.scopes : []))
  return needs.flatMap(({ unmet: need, always }): readonly Unmet[] => {
    if (always) return [need]
    if (need.kind === 'scope')
      return [{ ...need, scopes: need.scopes.filter((one) => held.scopes.includes(one) || lacking.includes(one)) }]
    // Not its age: the next login is more recent in any case.
    const { acrValues = [] } = need.kind === 'step-up' ? need : {}
    return held.acr !== undefined && acrValues.includes(held.acr) ? [{ kind: 'step-up', acrValues }] : []
  })
}
