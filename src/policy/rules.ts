// The rules about the caller and its grants. They need nothing but the verified token, and answer at once.
import { ownMember } from '../internal/json.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { Principal, PrincipalActor, PrincipalGroups } from '../principal/principal.ts'
import { type Decision, yesOrNo } from './decision.ts'
import { type Policy, policy, type PolicyQuery } from './policy.ts'

/** The part of a caller that a rule about the members `K` of the principal needs. */
export interface HasPrincipal<K extends keyof Principal> {
  readonly principal: Pick<Principal, K>
}

/** The part of a caller that a rule about roles needs. */
export interface HasRoles {
  readonly principal: { readonly roles: readonly string[] }
}

/** Allows every verified caller. A route without a policy of its own asks for this. */
export function authenticated(_query: PolicyQuery): boolean {
  return true
}

/** Requires a person. Denies `unknown`: a kind is never guessed. */
export function user({ auth }: PolicyQuery<HasPrincipal<'kind'>>): boolean {
  return auth.principal.kind === 'user'
}

/** Requires an application that acts for itself. Denies `unknown`. */
export function application({ auth }: PolicyQuery<HasPrincipal<'kind'>>): boolean {
  return auth.principal.kind === 'application'
}

/** Requires a device that acts for itself. Denies `unknown`, and a user at a device. */
export function device({ auth }: PolicyQuery<HasPrincipal<'kind'>>): boolean {
  return auth.principal.kind === 'device'
}

/** Whether `value` is one of the policies above. They are plain functions, and could be passed by mistake for a handler. */
export function isBareRule(value: unknown): boolean {
  return ([authenticated, user, application, device] as readonly unknown[]).includes(value)
}

/**
 * Requires every role in `names`. A client cannot ask for a role, so there is no challenge. `not(role(…))` does not prove
 * that the user lacks the role: an STS may leave roles out of a token.
 */
export function role(...names: readonly [string, ...string[]]): Policy<HasRoles> {
  return holdsAll('role', names, ({ auth }) => auth.principal.roles)
}

/** Requires every permission in `names`, as Auth0 and others put them into the token. Its absence proves no more than that of a role. */
export function permission(...names: readonly [string, ...string[]]): Policy<HasPrincipal<'permissions'>> {
  return holdsAll('permission', names, ({ auth }) => auth.principal.permissions)
}

/**
 * Requires membership in every group in `ids`. Ids that are GUIDs are compared without regard to case, all others exactly.
 *
 * Indeterminate, with `not` around it too, where one is not listed and `principal.groups.complete` is not true. Most STSs
 * filter the list.
 */
export function group(...ids: readonly [string, ...string[]]): Policy<HasPrincipal<'groups'>> {
  return { id: nameOf('group', ids), evaluate: ({ auth }) => decideMembership(auth.principal.groups, ids) }
}

/** Requires one of `tenants`. Ids that are GUIDs are compared without regard to case, all others exactly. */
export function tenant(...tenants: readonly [string, ...string[]]): Policy<HasPrincipal<'tenant'>> {
  return isOneOf('tenant', tenants, ({ auth }) => ownMember(auth.principal, 'tenant'))
}

/**
 * Requires one of `clients`: the software that holds the token. In a user's token it is not the subject. GUIDs are compared without
 * regard to case.
 */
export function client(...clients: readonly [string, ...string[]]): Policy<HasPrincipal<'client'>> {
  return isOneOf('client', clients, ({ auth }) => ownMember(auth.principal, 'client')?.id)
}

type ActorPredicate = (actor: PrincipalActor) => boolean

/**
 * Requires an actor on the subject's behalf (RFC 8693 §4.1). `expected` is a function that answers `true` for the actor, or
 * lists the subjects of acceptable actors. GUIDs are compared without regard to case. Only the outermost actor counts: nested actors
 * are history.
 */
export function actor(
  ...expected: readonly [ActorPredicate] | readonly [string, ...string[]]
): Policy<HasPrincipal<'actor'>> {
  const [predicate] = expected
  if (typeof predicate !== 'function')
    return isOneOf('actor', expected as readonly string[], ({ auth }) => ownMember(auth.principal, 'actor')?.subject)
  checkArgumentCount('actor() with a function', expected, 1)
  return policy('actor', ({ auth }) => {
    const acting = ownMember(auth.principal, 'actor')
    return acting ? predicate(acting) : false
  })
}

/** A rule about a list of the caller: it must hold all of `names`. */
function holdsAll<A>(
  rule: string,
  names: readonly string[],
  read: (query: PolicyQuery<A>) => readonly string[],
): Policy<A> {
  const evaluate = (query: PolicyQuery<A>): Decision => {
    const held = read(query)
    return yesOrNo(names.every((name) => held.includes(name)))
  }
  return { id: nameOf(rule, names), evaluate }
}

/** A rule about a single value of the caller: it must be among `names`. */
function isOneOf<A>(
  rule: string,
  names: readonly string[],
  read: (query: PolicyQuery<A>) => string | undefined,
): Policy<A> {
  const evaluate = (query: PolicyQuery<A>): Decision => {
    const held = read(query)
    return yesOrNo(held !== undefined && names.some((name) => lists([held], name)))
  }
  return { id: nameOf(rule, names), evaluate }
}

const argumentOf: Readonly<Record<string, string>> = {
  role: 'the name of a role',
  permission: 'the name of a permission',
  group: 'the id of a group',
  tenant: 'the id of a tenant',
  client: 'the id of a client',
  actor: 'the subject of an actor, or a function',
}

/** Such as `role(admin auditor)`. @throws TypeError without names, since an empty list would allow every caller, and for an empty name. */
function nameOf(rule: string, names: readonly unknown[]): string {
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== ''
  if (names.length === 0 || !names.every(isName)) throw new TypeError(`${rule}() needs ${argumentOf[rule]}.`)
  return `${rule}(${names.join(' ')})`
}

// The proof that a list of groups gives. An incomplete list proves nothing about a group that it lacks.

/** Decides whether the caller is in every group in `ids`. Only a complete list can deny. */
function decideMembership({ values, complete }: PrincipalGroups, ids: readonly unknown[]): Decision {
  if (ids.every((id) => lists(values, id))) return { effect: 'allow' }
  return complete ? { effect: 'deny' } : incompleteGroups()
}

/**
 * Decides about a claim that does not hold `wanted` as it is written. The groups of the caller may come from that claim.
 * It may lack members then: the STS filters it, or another source (`groupResolver`) completed the groups.
 */
export function decideAbsence(
  auth: object,
  claim: string | undefined,
  { held, wanted }: { readonly held: unknown; readonly wanted: unknown },
): Decision {
  // A rule about claims asks for no principal, so a caller that was made by hand may have none.
  const { principal }: { readonly principal?: { readonly groups?: PrincipalGroups } } = auth
  const groups = principal?.groups
  if (groups === undefined || groups.claim !== claim) return { effect: 'deny' }
  if (lists([held].flat(), wanted)) return { effect: 'allow' }
  return decideMembership(groups, [wanted]).effect === 'deny' ? { effect: 'deny' } : incompleteGroups()
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** "Case insensitive on input" (RFC 9562 §4): `not(group(…))` or `not(tenant(…))` with a GUID in capitals would otherwise let it in. */
function lists(held: readonly unknown[], id: unknown): boolean {
  if (held.includes(id)) return true
  const wanted = typeof id === 'string' && guid.test(id) ? id.toLowerCase() : undefined
  return wanted !== undefined && held.some((one) => typeof one === 'string' && one.toLowerCase() === wanted)
}

function incompleteGroups(): Decision {
  const cause = new Error(
    'the token is not known to list all groups of the caller, so the absence of one proves nothing (see groupsAreComplete)',
  )
  return { effect: 'indeterminate', kind: 'incomplete', cause }
}
