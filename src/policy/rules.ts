// The rules that need nothing but the verified token.
import { deepFreeze } from '../internal/deep-freeze.ts'
import { checkedScope, type Policy, type Unmet, whenSettled, yesOrNo } from './policy.ts'

/** What a rule about scopes needs of a caller. */
export interface HasScopes {
  readonly principal: { readonly scopes: readonly string[] }
}

/** What a rule about roles needs of a caller. */
export interface HasRoles {
  readonly principal: { readonly roles: readonly string[] }
}

/** What a rule about the claim `N` needs of a caller. */
export type HasClaim<N extends string> = {
  readonly claims: { readonly [name in N]?: unknown } | { readonly [name: string]: unknown }
}

type Primitive = string | number | boolean

/** Requires every one of `scopes` (RFC 6749 §3.3). Compared exactly: no scope implies another. */
export function scope(...scopes: readonly [string, ...string[]]): Policy<HasScopes> {
  return scopeRule('scope', scopes, scopes, (granted) => scopes.every((one) => granted.includes(one)))
}

/** Requires one of `scopes`. A client that has none is told of the first. */
export function anyScope(...scopes: readonly [string, ...string[]]): Policy<HasScopes> {
  return scopeRule('anyScope', scopes, scopes.slice(0, 1), (granted) => scopes.some((one) => granted.includes(one)))
}

/** Requires the role `name`. A client cannot ask for a role, so there is no challenge. */
export function role(name: string): Policy<HasRoles> {
  if (typeof name !== 'string' || name === '') throw new TypeError('role() needs the name of a role.')
  return { id: `role(${name})`, evaluate: ({ auth }) => yesOrNo(auth.principal.roles.includes(name)) }
}

/**
 * Requires a claim. `expected` is a value that the claim must be (or, for a claim that is a list, hold), or a function
 * that is given the claim's value, `undefined` when it is absent, and answers `true` or `false`, now or later.
 *
 * `path` is the claim's name, taken literally, or a list of names that leads into nested objects.
 *
 * @example claim('email_verified', true)
 * @example claim(['address', 'country'], (country) => country === 'CH')
 */
export function claim<const N extends string>(
  path: N | readonly [N, ...string[]],
  expected: Primitive | ((value: unknown) => boolean | PromiseLike<boolean>),
): Policy<HasClaim<N>> {
  const names: readonly string[] = [path].flat()
  if (names.length === 0 || names.some((name) => typeof name !== 'string'))
    throw new TypeError('claim() needs the name of a claim.')
  const id = `claim(${names.join('.')})`
  if (typeof expected === 'function') {
    // Only true and false count: a predicate that hands back the claim itself must not let the claim decide.
    return { id, evaluate: ({ auth }) => whenSettled(() => expected(memberAt(auth.claims, names)), yesOrNo) }
  }
  if (!['string', 'number', 'boolean'].includes(typeof expected)) {
    throw new TypeError('claim() needs a string, number, boolean or function to compare with.')
  }
  return { id, evaluate: ({ auth }) => yesOrNo(isOrHolds(memberAt(auth.claims, names), expected)) }
}

function scopeRule(
  name: string,
  scopes: readonly string[],
  needed: readonly string[],
  met: (granted: readonly string[]) => boolean,
): Policy<HasScopes> {
  if (scopes.length === 0) throw new TypeError(`${name}() needs at least one scope.`)
  scopes.forEach(checkedScope)
  const unmet: readonly Unmet[] = deepFreeze([{ kind: 'scope', scopes: needed }])
  return {
    id: `${name}(${scopes.join(' ')})`,
    requires: unmet,
    evaluate: ({ auth }) => (met(auth.principal.scopes) ? { effect: 'allow' } : { effect: 'deny', unmet }),
  }
}

/** Own members only: a claim named like something that every object inherits is absent unless it was sent. */
function memberAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return memberAt((value as Record<string, unknown>)[name], rest)
}

function isOrHolds(value: unknown, expected: Primitive): boolean {
  return value === expected || (Array.isArray(value) && value.includes(expected))
}
