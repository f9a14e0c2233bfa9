// The rules about scopes (RFC 6749 §3.3), with or without a hierarchy.
import { checkArgumentCount, checkOptions, checkStrings } from '../internal/options.ts'
import { checkedScope, declaredRequirements } from './requirements.ts'
import { alternative, requirementsOf, withRequirements } from './requirements.ts'
import type { Policy } from './policy.ts'
import type { HasPrincipal } from './rules.ts'

/** The part of a caller that a rule about scopes needs. */
export interface HasScopes {
  readonly principal: { readonly scopes: readonly string[] }
}

/** The rules about scopes of an API whose scopes imply others. */
export interface ScopeRules {
  /** Like `scope`, and a scope that implies a wanted one counts for it. */
  scope(...scopes: readonly [string, ...string[]]): Policy<HasScopes>
  /** Like `anyScope`, and a scope that implies a wanted one counts for it. */
  anyScope(...scopes: readonly [string, ...string[]]): Policy<HasScopes>
}

/** The scopes that each scope implies, directly. */
type Implications = Readonly<Record<string, readonly string[]>>

/** Requires every one of `scopes` (RFC 6749 §3.3). Compared exactly: a scope implies another only with `scopeRules`. */
export function scope(...scopes: readonly [string, ...string[]]): Policy<HasScopes> {
  return allScopes(scopes, new Map())
}

/** Requires one of `scopes`. The challenge to a client without any names the first. */
export function anyScope(...scopes: readonly [string, ...string[]]): Policy<HasScopes> {
  return oneScope(scopes, new Map())
}

/**
 * Makes the rules for scopes that imply others, directly or by way of others. A challenge then names no scope that another
 * one in it implies.
 *
 * @example const { scope } = scopeRules({ implies: { files: ['files:read', 'files:write'] } })
 * @throws TypeError for a value that can be no scope.
 */
export function scopeRules(options: { readonly implies: Implications }): ScopeRules {
  checkOptions('scopeRules()', arguments, ['implies'])
  const granters = grantersOf(options.implies)
  return { scope: (...scopes) => allScopes(scopes, granters), anyScope: (...scopes) => oneScope(scopes, granters) }
}

/**
 * Requires the scope `scopeName`, or the app role `appRole` of an application that calls for itself (Entra). A user grants
 * the scope to a client; an administrator gives the role to the application. A user with a role of that name does not
 * qualify by it.
 */
export function scopeOrAppRole(scopeName: string, appRole: string): Policy<HasPrincipal<'kind' | 'roles' | 'scopes'>> {
  checkArgumentCount('scopeOrAppRole()', arguments, 2)
  if (typeof appRole !== 'string' || appRole === '')
    throw new TypeError('scopeOrAppRole() needs a scope and the name of an app role.')
  const missing = declaredRequirements({ kind: 'scope', scopes: [scopeName] })
  const rule: Policy<HasPrincipal<'kind' | 'roles' | 'scopes'>> = {
    id: `scopeOrAppRole(${scopeName} ${appRole})`,
    requires: missing,
    evaluate: ({ auth: { principal } }) => {
      const { kind, roles, scopes } = principal
      if (scopes.includes(scopeName) || (kind === 'application' && roles.includes(appRole))) return { effect: 'allow' }
      // An application gets its roles from an administrator: asking for a scope would not help.
      return kind === 'application' ? { effect: 'deny' } : { effect: 'deny', missing }
    },
  }
  return withRequirements(rule, alternative(requirementsOf(rule)))
}

function allScopes(scopes: readonly string[], granters: ReadonlyMap<string, readonly string[]>): Policy<HasScopes> {
  const wanted = scopes.map((one) => [checkedScope(one), ...(granters.get(one) ?? [])])
  const needed = scopes.filter((one, at) => !isImplied(one, scopes, at, granters))
  return scopeRule('scope', scopes, needed, (granted) =>
    wanted.every((accepted) => accepted.some((one) => granted.includes(one))),
  )
}

function oneScope(scopes: readonly string[], granters: ReadonlyMap<string, readonly string[]>): Policy<HasScopes> {
  const accepted = scopes.flatMap((one) => [checkedScope(one), ...(granters.get(one) ?? [])])
  const rule = scopeRule('anyScope', scopes, scopes.slice(0, 1), (granted) =>
    accepted.some((one) => granted.includes(one)),
  )
  return withRequirements(rule, [{ requirement: { kind: 'scope', scopes: accepted }, mandatory: false }])
}

/** Whether another wanted scope implies `one`. Of scopes that imply each other, the first stays. */
function isImplied(
  one: string,
  scopes: readonly string[],
  at: number,
  granters: ReadonlyMap<string, readonly string[]>,
): boolean {
  const above = granters.get(one) ?? []
  return scopes.some((other, otherAt) => {
    if (other === one || !above.includes(other)) return false
    return otherAt < at || !granters.get(other)?.includes(one)
  })
}

function scopeRule(
  name: string,
  scopes: readonly string[],
  needed: readonly string[],
  met: (granted: readonly string[]) => boolean,
): Policy<HasScopes> {
  if (scopes.length === 0) throw new TypeError(`${name}() needs at least one scope.`)
  const missing = declaredRequirements({ kind: 'scope', scopes: needed })
  return {
    id: `${name}(${scopes.join(' ')})`,
    requires: missing,
    evaluate: ({ auth }) => (met(auth.principal.scopes) ? { effect: 'allow' } : { effect: 'deny', missing }),
  }
}

/** For each scope all scopes that imply it, however many steps away. */
function grantersOf(implies: Implications): ReadonlyMap<string, readonly string[]> {
  const granters = new Map<string, Set<string>>()
  for (const above of Object.keys(implies)) {
    checkedScope(above)
    for (const below of impliedBy(above, implies)) granters.set(below, (granters.get(below) ?? new Set()).add(above))
  }
  return new Map([...granters].map(([scope, above]) => [scope, [...above]]))
}

function impliedBy(above: string, implies: Implications): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [above]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const below: unknown = Object.hasOwn(implies, next) ? implies[next] : []
    checkStrings(`implies['${next}']`, below, 0)
    for (const one of below.map(checkedScope)) {
      if (!reached.has(one)) waiting.push(one)
      reached.add(one)
    }
  }
  return reached
}
