// What would change a policy's "no": what a client could fetch, checked so that it can stand in a challenge.
import { deepFreeze } from '../internal/freeze.ts'
import { createPrivateSlot } from '../internal/private-slot.ts'

/** What would turn a denial into an allowance. The challenge is compiled from it; policies never write headers. */
export type Requirement =
  | { readonly kind: 'scope'; readonly scopes: readonly string[] }
  /** A better or more recent login (RFC 9470): one of `acrValues`, at most `maxAgeSeconds` ago, where 0 asks for a login now. */
  | { readonly kind: 'step-up'; readonly acrValues?: readonly string[]; readonly maxAgeSeconds?: number }
  /** An authentication context of Entra Conditional Access, such as `c1`. */
  | { readonly kind: 'authentication-context'; readonly context: string }
  /** A grant of one of these types (RFC 9396). No challenge can name it, so the client is told of nothing. */
  | { readonly kind: 'authorization-details'; readonly types: readonly string[] }

// scope-token of RFC 6749 §3.3: anything else could never be granted, or would break out of the challenge.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const authenticationContext = /^c[1-9][0-9]?$/

/** "No error code is registered" for a grant, and insufficient_scope would mislead (RFC 9396 §9): no challenge asks for one. */
export function canBeChallenged({ kind }: Requirement): boolean {
  return kind !== 'authorization-details'
}

/** Lists that were checked and frozen once, so that they need not be copied for every denial. */
const checkedLists = createPrivateSlot<true>()

/** `list` as rules keep it: checked, and frozen all the way down. @throws TypeError as `copyUnmet` does. */
export function declaredRequirements(...list: readonly Requirement[]): readonly Requirement[] {
  const declared = copyRequirements(list)
  checkedLists.set(declared, true)
  return deepFreeze(declared)
}

/** @throws TypeError when `list` is anything but a list of what a client could fetch. */
export function copyRequirements(list: unknown): readonly Requirement[] {
  if (!Array.isArray(list)) throw malformedRequirements()
  if (checkedLists.get(list)) return list as readonly Requirement[]
  return Array.from(list, (one: Readonly<Record<string, unknown>>) => {
    const { kind } = one
    if (kind === 'scope') return { kind, scopes: copyList(one.scopes, checkedScope) }
    if (kind === 'step-up') return copyStepUp(one)
    if (kind === 'authentication-context') return { kind, context: checkedContext(one.context) }
    if (kind === 'authorization-details') return { kind, types: copyList(one.types, checkedType) }
    throw malformedRequirements()
  })
}

function copyStepUp(one: Readonly<Record<string, unknown>>): Requirement {
  const { acrValues, maxAgeSeconds } = one
  if (acrValues === undefined && maxAgeSeconds === undefined) throw malformedRequirements()
  return {
    kind: 'step-up',
    ...(acrValues !== undefined && { acrValues: copyList(acrValues, checkedAcr) }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds: checkedMaxAge(maxAgeSeconds) }),
  }
}

/** Not an empty one: a challenge that names nothing would send the client round in circles. */
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
