// The rules about scopes (RFC 6749 §3.3), with or without a hierarchy.
import { checkArgumentCount, checkOptions, checkStrings } from '../internal/options.ts'
import { alternative, checkedScope, declaredRequirements, requirementsOf, withRequirements } from './requirements.ts'
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

/** All scopes that grant `scope`: itself, and those that imply it. */
type Granters = (scope: string) => readonly string[]

/** Requires every one of `scopes` (RFC 6749 §3.3). Compared exactly: a scope implies another only with `scopeRules`. */
export function scope(...scopes: readonly [string, ...string[]]): Policy<HasScopes> {
  return allScopes(scopes, itself)
}

/** Requires one of `scopes`. The challenge to a client without any names the first. */
export function anyScope(...scopes: readonly [string, ...string[]]): Policy<HasScopes> {
  return oneScope(scopes, itself)
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
  const granters = readImplications(options.implies)
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

function itself(scope: string): readonly string[] {
  return [scope]
}

function allScopes(scopes: readonly string[], grantersOf: Granters): Policy<HasScopes> {
  const granters = scopes.map((one) => grantersOf(checkedScope(one)))
  const isImpliedBy = (at: number, other: string): boolean =>
    scopes[at] !== other && granters[at]?.includes(other) === true
  // The challenge leaves out a scope that another one implies. Of scopes that imply each other, the first stays.
  const needed = scopes.filter(
    (one, at) => !scopes.some((other, i) => isImpliedBy(at, other) && (i < at || !isImpliedBy(i, one))),
  )
  const isMet = (held: readonly string[]) => granters.every((accepted) => accepted.some((one) => held.includes(one)))
  return scopeRule('scope', scopes, { needed, isMet })
}

function oneScope(scopes: readonly string[], grantersOf: Granters): Policy<HasScopes> {
  const accepted = scopes.flatMap((one) => grantersOf(checkedScope(one)))
  const isMet = (held: readonly string[]) => accepted.some((one) => held.includes(one))
  const rule = scopeRule('anyScope', scopes, { needed: scopes.slice(0, 1), isMet })
  return withRequirements(rule, [{ requirement: { kind: 'scope', scopes: accepted }, mandatory: false }])
}

function scopeRule(
  name: string,
  scopes: readonly string[],
  { needed, isMet }: { readonly needed: readonly string[]; readonly isMet: (held: readonly string[]) => boolean },
): Policy<HasScopes> {
  if (scopes.length === 0) throw new TypeError(`${name}() needs at least one scope.`)
  const missing = declaredRequirements({ kind: 'scope', scopes: needed })
  return {
    id: `${name}(${scopes.join(' ')})`,
    requires: missing,
    evaluate: ({ auth }) => (isMet(auth.principal.scopes) ? { effect: 'allow' } : { effect: 'deny', missing }),
  }
}

function readImplications(implies: Implications): Granters {
  const implied = Object.keys(implies).map((above) => [checkedScope(above), impliedBy(above, implies)] as const)
  return (scope) => [scope, ...implied.flatMap(([above, below]) => (below.has(scope) ? [above] : []))]
}

/** All scopes that `above` implies, however many steps away. */
function impliedBy(above: string, implies: Implications, reached = new Set<string>()): ReadonlySet<string> {
  const below: unknown = Object.hasOwn(implies, above) ? implies[above] : []
  checkStrings(`implies['${above}']`, below, 0)
  for (const one of below) if (!reached.has(checkedScope(one))) impliedBy(one, implies, reached.add(one))
  return reached
}
