// Cedar policies as they are written: a text is taken apart, so that each policy is known by its own name.
import type {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import { checkString } from '../../internal/options.ts'

/** What is used of `@cedar-policy/cedar-wasm`, in any of its builds. */
export interface CedarModule {
  readonly policySetTextToParts: typeof policySetTextToParts
  readonly policyToJson: typeof policyToJson
  readonly preparsePolicySet: typeof preparsePolicySet
  readonly preparseSchema: typeof preparseSchema
  readonly statefulIsAuthorized: typeof statefulIsAuthorized
  readonly validate: typeof validate
}

/** Cedar policies: one text, where `@id("…")` names a policy, or each by its id. */
export type CedarPolicies = string | Readonly<Record<string, string>>

/** `policies`, each by its id. @throws TypeError when there is none, one is no text, or Cedar cannot read them. */
export function policiesById(cedar: CedarModule, policies: CedarPolicies): Record<string, string> {
  const byId = typeof policies === 'string' ? policiesOfText(cedar, policies) : { ...policies }
  // Cedar denies every question about an empty set, and `not` would turn that into an allowance.
  if (Object.keys(byId).length === 0)
    throw new TypeError('policies: there is no policy in it, so every question would be denied.')
  // Cedar is asked in JSON, which leaves out what is undefined: a misspelt forbid would be gone, and a set of nothing else empty.
  for (const [id, text] of Object.entries(byId)) checkString(`policies.${id}`, text)
  return byId
}

/** Cedar itself numbers the policies of a text; their own names say more. */
function policiesOfText(cedar: CedarModule, policies: string): Record<string, string> {
  const parts = orThrow('policies', cedar.policySetTextToParts(policies))
  if (parts.policy_templates.length > 0) throw new TypeError('policies: templates are not supported.')
  const named = parts.policies.map(
    (policy, at) =>
      [orThrow('policies', cedar.policyToJson(policy)).json.annotations?.id ?? `policy${at}`, policy] as const,
  )
  const byId = Object.fromEntries(named)
  if (Object.keys(byId).length < named.length) throw new TypeError('policies: two policies have the same @id.')
  return byId
}

/** @throws TypeError with Cedar's first message, when it answered with a failure. */
export function orThrow<T extends { readonly type: string }>(
  what: string,
  answer: T,
): Extract<T, { readonly type: 'success' }> {
  if (answer.type === 'success') return answer as Extract<T, { readonly type: 'success' }>
  const [error] = (answer as { readonly errors?: readonly { readonly message: string }[] }).errors ?? []
  throw new TypeError(`${what}: ${error?.message}`)
}
