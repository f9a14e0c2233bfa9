// Requirements of policies, checked so that each can stand in a challenge (RFC 6750 §3, RFC 9470 §3). Policies never write headers.
// A challenge names the requirements that the token lacks and those that it must not lose, and none that only another way needs.
import { createNotes, deepFreeze } from '../internal/freeze.ts'

/** A requirement that turns a denial into an allowance when the next token meets it. */
export type Requirement =
  | { readonly kind: 'scope'; readonly scopes: readonly string[] }
  /** A better or more recent login (RFC 9470): one of `acrValues`, at most `maxAgeSeconds` ago, where 0 asks for a login now. */
  | { readonly kind: 'step-up'; readonly acrValues?: readonly string[]; readonly maxAgeSeconds?: number }
  /** An authentication context of Entra Conditional Access, such as `c1`. */
  | { readonly kind: 'authentication-context'; readonly context: string }
  /** A grant of one of these types (RFC 9396). No challenge can name it, so the client learns nothing of it. */
  | { readonly kind: 'authorization-details'; readonly types: readonly string[] }

/** One requirement of a policy. */
export interface PolicyRequirement {
  readonly requirement: Requirement
  /** Whether the policy allows no request without it. Otherwise there is another way, which need not meet it. */
  readonly mandatory: boolean
}

/** The parts of a token that a policy may rely on. */
export interface Granted {
  readonly scopes: readonly string[]
  readonly acr?: string | undefined
}

interface Requiring {
  readonly requires?: readonly Requirement[]
}

type Members = Readonly<Record<string, unknown>>

// scope-token of RFC 6749 §3.3: anything else could never be granted, or would break out of the challenge.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const authenticationContext = /^c[1-9][0-9]?$/

// Not members of the policies: a copy or an heir of a policy must not claim them.
const noted = createNotes<readonly PolicyRequirement[]>()
/** Lists that were checked and frozen once, so that no denial needs a copy. */
const checkedLists = createNotes<true>()

/** Notes that `policy` has these requirements, and returns it. */
export function withRequirements<P extends Requiring>(policy: P, requirements: readonly PolicyRequirement[]): P {
  noted.set(policy, requirements)
  return policy
}

/** The requirements of `policy`, in its order. Without a note, all that it `requires` is mandatory. */
export function requirementsOf(policy: Requiring): readonly PolicyRequirement[] {
  return (
    noted.get(policy) ??
    copyRequirements(policy.requires ?? []).map((requirement) => ({ requirement, mandatory: true }))
  )
}

/** The same requirements where there is another way. */
export function alternative(requirements: readonly PolicyRequirement[]): readonly PolicyRequirement[] {
  return requirements.map(({ requirement }) => ({ requirement, mandatory: false }))
}

/** The requirements that the next token must meet besides `missing`, so that it loses no grant: in the order of the policy. */
export function requirementsToKeep(
  requirements: readonly PolicyRequirement[],
  missing: readonly Requirement[],
  granted: Granted,
): readonly Requirement[] {
  const lacking = missing.flatMap((one) => (one.kind === 'scope' ? one.scopes : []))
  return requirements.flatMap(({ requirement, mandatory }): readonly Requirement[] => {
    if (mandatory) return [requirement]
    if (requirement.kind === 'scope') {
      const scopes = requirement.scopes.filter((one) => granted.scopes.includes(one) || lacking.includes(one))
      return [{ ...requirement, scopes }]
    }
    // Not its age: the next login is more recent in any case.
    const { acrValues = [] } = requirement.kind === 'step-up' ? requirement : {}
    return granted.acr !== undefined && acrValues.includes(granted.acr) ? [{ kind: 'step-up', acrValues }] : []
  })
}

/** RFC 9396 §9 registers no error code for a missing grant, and insufficient_scope would mislead: no challenge asks for one. */
export function canBeChallenged({ kind }: Requirement): boolean {
  return kind !== 'authorization-details'
}

/** The list as rules keep it: checked, and frozen all the way down. @throws TypeError as `copyRequirements` does. */
export function declaredRequirements(...list: readonly Requirement[]): readonly Requirement[] {
  const declared = copyRequirements(list)
  checkedLists.set(declared, true)
  return deepFreeze(declared)
}

/** @throws TypeError when `list` is anything but a list of requirements. */
export function copyRequirements(list: unknown): readonly Requirement[] {
  if (!Array.isArray(list)) throw malformedRequirements()
  return checkedLists.get(list) ? (list as readonly Requirement[]) : Array.from(list, copyRequirement)
}

function copyRequirement(one: Members): Requirement {
  const { kind } = one
  if (kind === 'scope') return { kind, scopes: copyList(one.scopes, checkedScope) }
  if (kind === 'step-up') return copyStepUp(one)
  if (kind === 'authentication-context') return { kind, context: checkedContext(one.context) }
  if (kind === 'authorization-details') return { kind, types: copyList(one.types, checkedType) }
  throw malformedRequirements()
}

function copyStepUp({ acrValues, maxAgeSeconds }: Members): Requirement {
  if (acrValues === undefined && maxAgeSeconds === undefined) throw malformedRequirements()
  return {
    kind: 'step-up',
    ...(acrValues !== undefined && { acrValues: copyList(acrValues, checkedAcr) }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds: checkedMaxAge(maxAgeSeconds) }),
  }
}

/** Refuses an empty list: a challenge that names nothing would send the client round in circles. */
function copyList(list: unknown, check: (item: unknown) => string): readonly string[] {
  if (!Array.isArray(list) || list.length === 0) throw malformedRequirements()
  return Array.from(list, check)
}

function malformedRequirements(): TypeError {
  return new TypeError("missing and requires are lists such as [{ kind: 'scope', scopes: ['Orders.Read'] }].")
}

/** `scope` itself. @throws TypeError when it is not one scope. */
export function checkedScope(scope: unknown): string {
  if (typeof scope === 'string' && scopeToken.test(scope)) return scope
  throw new TypeError(`'${String(scope)}' can be no scope: one scope is printable ASCII without space, " and \\.`)
}

function checkedType(type: unknown): string {
  if (typeof type === 'string' && type !== '') return type
  throw malformedRequirements()
}

/** `acr` itself. @throws TypeError when `acr_values` could not name it (RFC 9470 §3: separated by spaces). */
export function checkedAcr(acr: unknown): string {
  if (typeof acr === 'string' && scopeToken.test(acr)) return acr
  throw new TypeError(`'${String(acr)}' can be no acr value: one is printable ASCII without space, " and \\.`)
}

/** `seconds` itself. @throws TypeError when it is no "non-negative integer" (RFC 9470 §3). */
export function checkedMaxAge(seconds: unknown): number {
  if (Number.isSafeInteger(seconds) && (seconds as number) >= 0) return seconds as number
  throw new TypeError(`maxAgeSeconds must be a whole number of seconds, not ${String(seconds)}.`)
}

/** `context` in lower case. @throws TypeError when Entra has no such authentication context. */
export function checkedContext(context: unknown): string {
  const lower = typeof context === 'string' ? context.toLowerCase() : ''
  if (authenticationContext.test(lower)) return lower
  throw new TypeError(`'${String(context)}' is no authentication context: Entra names them c1 to c99.`)
}
