// "claimcheck/policy/cedar": Cedar policies, decided in this process by @cedar-policy/cedar-wasm. The module is an option.
import type {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  Schema,
  StatefulAuthorizationCall,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import { checkArgumentCount, checkFunction, checkOptions, checkString } from '../../internal/options.ts'
import { type Decision, indeterminate } from '../decision.ts'
import type { Policy } from '../policy.ts'
import {
  createPolicyFactory,
  type EngineQuery,
  readMissingByRule,
  reasonsFor,
  vetoBy,
  type MissingByRule,
} from './engine.ts'

/** A question to Cedar. */
export type CedarRequest = Pick<StatefulAuthorizationCall, 'principal' | 'action' | 'resource' | 'context' | 'entities'>

export interface CedarOptions<A, R> {
  /** The module itself, in the build for your platform: `import * as cedar from '@cedar-policy/cedar-wasm/nodejs'`. */
  readonly cedar: CedarModule
  readonly policies: CedarPolicies
  /** Validates policies when they are loaded, and each request. Default: no validation. */
  readonly schema?: Schema
  /** Makes the question. */
  readonly map: (query: EngineQuery<A, R>) => CedarRequest
  /** The remedies of a denial by the `forbid` of that id, such as a step-up. */
  readonly missing?: MissingByRule
}

export interface CedarEngine<A, R> {
  /** The policy that asks Cedar whether the caller may do `action`. A `forbid` is a veto. */
  policy(action: string): Policy<A, R>
  /** Uses other policies from the next question on. @throws TypeError, and keeps the old ones, when they are wrong. */
  replace(policies: CedarPolicies): void
}

/**
 * Makes an engine of Cedar policies. A policy that errors makes the decision indeterminate: Cedar would skip a `forbid`.
 *
 * @throws TypeError when the policies or the schema are wrong.
 */
export function createCedar<A, R>(options: CedarOptions<A, R>): CedarEngine<A, R> {
  checkOptions('createCedar()', arguments, ['cedar', 'policies', 'schema', 'map', 'missing'])
  const { cedar, schema, map } = options
  checkFunction('cedar.statefulIsAuthorized', cedar?.statefulIsAuthorized)
  checkFunction('map', map)
  const missing = readMissingByRule(options.missing)
  // Apart from those of another copy of this module with the same Cedar. Not by `crypto`, which a Worker may use only within a request.
  const name = `${Math.random()}${Math.random()}`
  if (schema !== undefined) orThrow('schema', cedar.preparseSchema(name, schema))
  const checked = schema === undefined ? {} : { preparsedSchemaName: name, validateRequest: true }

  function replace(policies: CedarPolicies): void {
    checkArgumentCount('engine.replace()', arguments, 1)
    const staticPolicies = policiesById(cedar, policies)
    const result = schema === undefined ? undefined : cedar.validate({ schema, policies: { staticPolicies } })
    if (result) orThrow('policies', result)
    const [fault] = result?.type === 'success' ? result.validationErrors : []
    if (fault) throw new TypeError(`policies: ${fault.error.message}`)
    orThrow('policies', cedar.preparsePolicySet(name, { staticPolicies }))
  }

  function decide(request: CedarRequest): Decision {
    const answer = cedar.statefulIsAuthorized({ ...request, ...checked, preparsedPolicySetId: name })
    if (answer.type !== 'success') return indeterminate(new Error(`Cedar: ${answer.errors[0]?.message}`))
    const { decision, diagnostics } = answer.response
    const { reason, errors } = diagnostics
    // Cedar skips a policy that errors, also a forbid, and may then allow.
    if (errors.length > 0)
      return {
        ...indeterminate(new Error(`Cedar: ${errors[0]?.error.message}`)),
        ...reasonsFor(errors.map((one) => one.policyId)),
      }
    if (decision === 'allow') return { effect: 'allow', ...reasonsFor(reason) }
    // Not a denial either, or `not` would turn an unknown answer into an allowance.
    if (decision !== 'deny') return indeterminate(new Error('Cedar answered neither allow nor deny'))
    // Without a reason no policy applied. With a reason it was a forbid.
    return reason.length === 0 ? { effect: 'deny' } : vetoBy(reason, missing)
  }

  replace(options.policies)
  return { policy: createPolicyFactory('cedar', (query) => decide(map(query))), replace }
}

// Cedar policies: a text is taken apart, so that each policy has its own name.

/** The used part of `@cedar-policy/cedar-wasm`, in any of its builds. */
interface CedarModule {
  readonly policySetTextToParts: typeof policySetTextToParts
  readonly policyToJson: typeof policyToJson
  readonly preparsePolicySet: typeof preparsePolicySet
  readonly preparseSchema: typeof preparseSchema
  readonly statefulIsAuthorized: typeof statefulIsAuthorized
  readonly validate: typeof validate
}

/** Cedar policies: one text, where `@id("…")` names a policy, or each by its id. */
type CedarPolicies = string | Readonly<Record<string, string>>

/** `policies`, each by its id. @throws TypeError when there is none, one is no text, or Cedar cannot read them. */
function policiesById(cedar: CedarModule, policies: CedarPolicies): Record<string, string> {
  const byId = typeof policies === 'string' ? policiesOfText(cedar, policies) : { ...policies }
  // Cedar denies every question about an empty set, and `not` would turn that into an allowance.
  if (Object.keys(byId).length === 0)
    throw new TypeError('policies: there is no policy in it, so every question would be denied.')
  // Questions to Cedar are JSON, which drops undefined members: a misspelt forbid would be gone, or the whole set empty.
  for (const [id, text] of Object.entries(byId)) checkString(`policies.${id}`, text)
  return byId
}

/** Cedar itself numbers the policies of a text. Their own names say more. */
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
function orThrow<T extends { readonly type: string }>(
  what: string,
  answer: T,
): Extract<T, { readonly type: 'success' }> {
  if (answer.type === 'success') return answer as Extract<T, { readonly type: 'success' }>
  const [error] = (answer as { readonly errors?: readonly { readonly message: string }[] }).errors ?? []
  throw new TypeError(`${what}: ${error?.message}`)
}
