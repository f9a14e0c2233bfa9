// The rules about who is calling and what was granted. They need nothing but the verified token, and answer at once.
import { ownMember } from '../internal/json.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { Principal, PrincipalActor, PrincipalGroups } from '../principal/principal.ts'
import { type Decision, yesOrNo } from './decision.ts'
import { type Policy, policy, type PolicyQuery } from './policy.ts'

/** What a rule about the members `K` of the principal needs of a caller. */
export interface HasPrincipal<K extends keyof Principal> {
  readonly principal: Pick<Principal, K>
}

/** What a rule about roles needs of a caller. */
export interface HasRoles {
  readonly principal: { readonly roles: readonly string[] }
}

/** Allows every verified caller: what a route asks for that states nothing. */
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

/** Requires a device that acts for itself. Denies `unknown`, and a user who only sits at one. */
export function device({ auth }: PolicyQuery<HasPrincipal<'kind'>>): boolean {
  return auth.principal.kind === 'device'
}

/** Requires that the sender has proved to be the one the token was issued to (DPoP or mutual TLS). */
export function senderConstrained({ auth }: PolicyQuery<{ readonly proof: 'none' | 'dpop' | 'mtls' }>): boolean {
  return auth.proof === 'dpop' || auth.proof === 'mtls'
}

/** Whether `value` is one of the policies above, which are plain functions and could be called in place of something else. */
export function isBareRule(value: unknown): boolean {
  return ([authenticated, user, application, device, senderConstrained] as readonly unknown[]).includes(value)
}

/**
 * Requires every role in `names`. A client cannot ask for a role, so there is no challenge. `not(role(…))` does not prove that the
 * user lacks the role: an STS may leave roles out of a token.
 */
export function role(...names: readonly [string, ...string[]]): Policy<HasRoles> {
  return holdsAll('role', names, ({ auth }) => auth.principal.roles)
}

/** Requires every permission in `names`, as Auth0 and others put them into the token. Absence proves no more than that of a role. */
export function permission(...names: readonly [string, ...string[]]): Policy<HasPrincipal<'permissions'>> {
  return holdsAll('permission', names, ({ auth }) => auth.principal.permissions)
}

/**
 * Requires membership in every group in `ids`. Indeterminate, with `not` around it too, where one is not listed and
 * `principal.groups.complete` is not true: most STSs filter the list.
 */
export function group(...ids: readonly [string, ...string[]]): Policy<HasPrincipal<'groups'>> {
  return { id: nameOf('group', ids), evaluate: ({ auth }) => decideMembership(auth.principal.groups, ids) }
}

/** Requires one of `tenants`. */
export function tenant(...tenants: readonly [string, ...string[]]): Policy<HasPrincipal<'tenant'>> {
  return isOneOf('tenant', tenants, ({ auth }) => ownMember(auth.principal, 'tenant'))
}

/** Requires one of `clients`: the software that holds the token, which in a user's token is not the subject. */
export function client(...clients: readonly [string, ...string[]]): Policy<HasPrincipal<'client'>> {
  return isOneOf('client', clients, ({ auth }) => ownMember(auth.principal, 'client')?.id)
}

type ActorPredicate = (actor: PrincipalActor) => boolean

/**
 * Requires an actor on the subject's behalf (RFC 8693 §4.1): one that `expected` answers `true` for, or whose `subject` is one of
 * `expected`. Only the outermost actor counts; those nested in it are history.
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

/** A rule about values that a caller has many of: all of `names` must be among them. */
function holdsAll<A>(
  rule: string,
  names: readonly string[],
  read: (query: PolicyQuery<A>) => readonly string[],
): Policy<A> {
  return {
    id: nameOf(rule, names),
    evaluate: (query) => {
      const held = read(query)
      return yesOrNo(names.every((name) => held.includes(name)))
    },
  }
}

/** A rule about a value that a caller has one of: it must be among `names`. */
function isOneOf<A>(
  rule: string,
  names: readonly string[],
  read: (query: PolicyQuery<A>) => string | undefined,
): Policy<A> {
  return { id: nameOf(rule, names), evaluate: (query) => yesOrNo(names.includes(read(query) ?? '')) }
}

const what: Readonly<Record<string, string>> = {
  role: 'the name of a role',
  permission: 'the name of a permission',
  group: 'the id of a group',
  tenant: 'the id of a tenant',
  client: 'the id of a client',
  actor: 'the subject of an actor, or a function',
}

/** Such as `role(admin auditor)`. @throws TypeError without a name, or for one that is none: a list of none would allow every caller. */
function nameOf(rule: string, names: readonly unknown[]): string {
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== ''
  if (names.length === 0 || !names.every(isName)) throw new TypeError(`${rule}() needs ${what[rule]}.`)
  return `${rule}(${names.join(' ')})`
}

// What the groups of a caller prove. A list that is not complete proves nothing about a group that it lacks.

/** Decides whether the caller is in every group in `ids`. Only a complete list can deny. */
function decideMembership({ values, complete }: PrincipalGroups, ids: readonly unknown[]): Decision {
  const groups: readonly unknown[] = values
  if (ids.every((id) => groups.includes(id))) return { effect: 'allow' }
  return complete ? { effect: 'deny' } : incompleteGroups()
}

/**
 * Decides about a claim that does not hold `value`. Where the groups of the caller come from that claim, the claim may lack
 * members: the STS filters it, or another source (`groupResolver`) completed the groups.
 */
export function decideAbsence(auth: object, claim: string | undefined, value: unknown): Decision {
  const groups = groupsOf(auth)
  if (groups === undefined || groups.claim !== claim) return { effect: 'deny' }
  return decideMembership(groups, [value]).effect === 'deny' ? { effect: 'deny' } : incompleteGroups()
}

/** A rule about claims asks for no principal, so a caller that was made by hand may have none. */
function groupsOf(auth: { readonly principal?: { readonly groups?: PrincipalGroups } }): PrincipalGroups | undefined {
  return auth.principal?.groups
}

function incompleteGroups(): Decision {
  const cause = new Error(
    'the token is not known to list all groups of the caller, so the absence of one proves nothing (see groupsAreComplete)',
  )
  return { effect: 'indeterminate', kind: 'incomplete', cause }
}
