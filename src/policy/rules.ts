// The rules about who is calling and what was granted. They need nothing but the verified token, and answer at once.
import { own } from '../internal/own.ts'
import type { Principal, PrincipalActor } from '../principal/principal.ts'
import { type Decision, yesOrNo } from './decision.ts'
import { type Policy, type PolicyQuery, policy } from './policy.ts'

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

/** Requires the role `name`. A client cannot ask for a role, so there is no challenge. */
export function role(name: string): Policy<HasRoles> {
  checkName('role', name)
  return { id: `role(${name})`, evaluate: ({ auth }) => yesOrNo(auth.principal.roles.includes(name)) }
}

/** Requires the permission `name`, as Auth0 and others put them into the token. */
export function permission(name: string): Policy<HasPrincipal<'permissions'>> {
  checkName('permission', name)
  return { id: `permission(${name})`, evaluate: ({ auth }) => yesOrNo(auth.principal.permissions.includes(name)) }
}

/** Requires membership in the group `id`. Indeterminate when it is not listed and the token does not list all groups, or none at all. */
export function group(id: string): Policy<HasPrincipal<'groups'>> {
  checkName('group', id)
  return {
    id: `group(${id})`,
    evaluate: ({ auth }) => {
      const { values, complete } = auth.principal.groups
      if (values.includes(id)) return { effect: 'allow' }
      return complete ? { effect: 'deny' } : incompleteGroups()
    },
  }
}

/** Requires one of `tenants`. */
export function tenant(...tenants: readonly [string, ...string[]]): Policy<HasPrincipal<'tenant'>> {
  return oneOf('tenant', tenants, ({ auth }) => own(auth.principal, 'tenant'))
}

/** Requires one of `clients`: the software that holds the token, which in a user's token is not the subject. */
export function client(...clients: readonly [string, ...string[]]): Policy<HasPrincipal<'client'>> {
  return oneOf('client', clients, ({ auth }) => own(auth.principal, 'client')?.id)
}

/**
 * Requires that somebody acts for the subject (RFC 8693 §4.1): the actor whose `subject` is `expected`, or one of whom
 * `expected` says yes. Only the outermost actor counts; those nested in it are history.
 */
export function actor(expected: string | ((actor: PrincipalActor) => boolean)): Policy<HasPrincipal<'actor'>> {
  if (typeof expected === 'function') {
    return policy('actor', ({ auth }) => {
      const acting = own(auth.principal, 'actor')
      return acting ? expected(acting) : false
    })
  }
  checkName('actor', expected)
  return oneOf('actor', [expected], ({ auth }) => own(auth.principal, 'actor')?.subject)
}

function oneOf<A>(
  rule: string,
  names: readonly string[],
  read: (query: PolicyQuery<A>) => string | undefined,
): Policy<A> {
  for (const name of names.length > 0 ? names : [undefined]) checkName(rule, name)
  const accepted = [...names]
  return {
    id: `${rule}(${accepted.join(' ')})`,
    evaluate: (query) => yesOrNo(accepted.includes(read(query) ?? '')),
  }
}

function incompleteGroups(): Decision {
  const cause = new Error('the token does not list all groups of the caller: absence proves nothing')
  return { effect: 'indeterminate', kind: 'incomplete', cause }
}

const what: Readonly<Record<string, string>> = {
  role: 'the name of a role',
  permission: 'the name of a permission',
  group: 'the id of a group',
  tenant: 'the id of a tenant',
  client: 'the id of a client',
  actor: 'the subject of an actor, or a function',
}

function checkName(rule: string, name: unknown): void {
  if (typeof name !== 'string' || name === '') throw new TypeError(`${rule}() needs ${what[rule]}.`)
}
