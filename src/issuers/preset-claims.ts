// What presets make of claims: a principal of whom they say nothing yet, the groups that they list, the refusal of a token that
// lacks one.
import type { Refusal } from '../errors.ts'
import { constant } from '../internal/deep-freeze.ts'
import type { JsonObject } from '../internal/json.ts'
import type { Principal } from '../principal/principal.ts'
import { none, readStrings } from '../principal/read-claims.ts'
import { checkAudience } from '../token/claims.ts'

/** The members of a principal that a token may well say nothing of. */
export const unsaid: Pick<Principal, 'scopes' | 'roles' | 'permissions' | 'groups' | 'authentication' | 'traits'> = {
  scopes: none,
  roles: none,
  permissions: none,
  groups: constant({ values: none, complete: false }),
  authentication: constant({}),
  traits: none,
}

/**
 * The groups that the claim `name` lists, where the STS, or an option, has one. They are complete where `read` finds all that the
 * claim has in it: who is in a group that has been left out must not pass for somebody outside of it, so neither a claim that is not
 * there nor one with a member of another type lists all.
 */
export function readGroups(
  claims: JsonObject,
  name: string | undefined,
  read: typeof readStrings = readStrings,
): Principal['groups'] {
  if (name === undefined || !Object.hasOwn(claims, name)) return unsaid.groups
  const values = read(claims, name)
  const all = claims[name]
  return { values, complete: values.length === (Array.isArray(all) ? all.length : 1) }
}

/**
 * Refuses a token for somebody else, where the STS gives its tokens no `aud` and the preset demands none: "If the principal processing
 * the claim does not identify itself with a value in the "aud" claim when this claim is present, then the JWT MUST be rejected",
 * RFC 7519 §4.1.3. `own` is what may stand there.
 */
export function checkForOthers(claims: JsonObject, own: readonly string[] = []): Refusal | undefined {
  return Object.hasOwn(claims, 'aud') ? checkAudience(claims, own) : undefined
}

/** The refusal of a token that lacks `claim`, or has it in a form that says nothing. */
export function missing(claim: string, hint?: string): Refusal {
  return { code: 'claim_missing', ...(hint !== undefined && { hint }), details: { claim } }
}
