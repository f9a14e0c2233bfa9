// What the groups of a caller prove. A list that is not complete proves nothing about a group that it lacks.
import type { PrincipalGroups } from '../principal/principal.ts'
import type { Decision } from './decision.ts'

/** Decides whether the caller is in every group in `ids`. Only a complete list can deny. */
export function decideMembership({ values, complete }: PrincipalGroups, ids: readonly unknown[]): Decision {
  const groups: readonly unknown[] = values
  if (ids.every((id) => groups.includes(id))) return { effect: 'allow' }
  return complete ? { effect: 'deny' } : incompleteGroups()
}

/**
 * Decides about a claim that does not hold `value`. Where the groups of the caller come from that claim, the claim may lack
 * members: the STS filters it, or another source (`groupResolver`) completed the groups.
 */
export function decideAbsence(auth: object, claim: string | undefined, value: unknown): Decision {
  const groups = groupsOf(auth)
  if (groups === undefined || groups.claim !== claim) return { effect: 'deny' }
  return decideMembership(groups, [value]).effect === 'deny' ? { effect: 'deny' } : incompleteGroups()
}

/** A rule about claims asks for no principal, so a caller that was made by hand may have none. */
function groupsOf(auth: { readonly principal?: { readonly groups?: PrincipalGroups } }): PrincipalGroups | undefined {
  return auth.principal?.groups
}

function incompleteGroups(): Decision {
  const cause = new Error(
    'the token is not known to list all groups of the caller, so the absence of one proves nothing (see groupsAreComplete)',
  )
  return { effect: 'indeterminate', kind: 'incomplete', cause }
}
