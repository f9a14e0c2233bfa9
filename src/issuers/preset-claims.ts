// What presets make of a token: a principal of whom it says nothing yet, and the refusal of one that lacks a claim.
import type { Refusal } from '../errors.ts'
import type { Principal } from '../principal/principal.ts'

/** The members of a principal that a token may well say nothing of. */
export const unsaid: Pick<Principal, 'scopes' | 'roles' | 'permissions' | 'groups' | 'authentication' | 'traits'> = {
  scopes: [],
  roles: [],
  permissions: [],
  groups: { values: [], complete: true },
  authentication: {},
  traits: [],
}

/** The refusal of a token that lacks `claim`, or has it in a form that says nothing. */
export function missing(claim: string, hint?: string): Refusal {
  return { code: 'claim_missing', ...(hint !== undefined && { hint }), details: { claim } }
}
