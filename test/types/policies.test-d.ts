// What composition demands of caller and resource, as the compiler sees it. Checked by `npx tsc --noEmit`, never run.
import { createResourceServer, type RequestView, type VerifiedToken } from 'claimcheck'
import {
  actor,
  allOf,
  anyOf,
  anyScope,
  application,
  authenticated,
  authenticationContext,
  authorizationDetails,
  claim,
  client,
  type Decision,
  device,
  group,
  type HasClaim,
  type HasPrincipal,
  type HasRoles,
  type HasScopes,
  not,
  permission,
  type Policy,
  type PolicyLike,
  type PolicyQuery,
  policy,
  role,
  scope,
  scopeOrAppRole,
  stepUp,
  tenant,
  type Requirement,
  user,
  when,
  withoutDefaultPolicy,
  withTimeout,
} from 'claimcheck/policy'
import { createOpa } from 'claimcheck/policy/opa'
import { createGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import type { Request } from 'express'
import type { FastifyRequest } from 'fastify'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'

interface Order {
  readonly owner: string
}
interface Paid {
  readonly paid: boolean
}
interface Verified {
  readonly claims: { readonly email_verified: boolean }
}
type Query<P> = P extends { evaluate(query: infer Q): unknown } ? Q : never
type AuthOf<P> = Query<P> extends { readonly auth: infer A } ? A : never
type ResourceOf<P> = Query<P> extends { readonly resource: infer R } ? R : never

declare const scopesOnly: HasScopes
declare const rolesOnly: HasRoles
declare const both: HasScopes & HasRoles
declare const token: VerifiedToken
declare const order: Order
declare const paidOrder: Order & Paid
declare const request: Request
declare const fastifyRequest: FastifyRequest

const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => {
  return resource.owner === auth.principal.key
})
const paid = policy('paid', ({ resource }: PolicyQuery<unknown, Paid>) => resource.paid)
const emailVerified = ({ auth }: PolicyQuery<Verified>) => auth.claims.email_verified

// Rules say what they need.
expectTypeOf(scope('a')).toEqualTypeOf<Policy<HasScopes>>()
expectTypeOf(anyScope('a', 'b')).toEqualTypeOf<Policy<HasScopes>>()
expectTypeOf(role('r')).toEqualTypeOf<Policy<HasRoles>>()
expectTypeOf(claim('tenant', 'x')).toEqualTypeOf<Policy<HasClaim<'tenant'>>>()
expectTypeOf(claim(['address', 'country'], (value) => value === 'CH')).toEqualTypeOf<Policy<HasClaim<'address'>>>()
// @ts-expect-error no scope at all
scope()
// @ts-expect-error no scope at all
anyScope()
// @ts-expect-error no claim at all
claim([], 1)
// @ts-expect-error a list is not compared
claim('groups', ['a'])
// @ts-expect-error a predicate answers true or false, and nothing that merely looks like it
claim('a', (value) => value)
// @ts-expect-error a predicate gives no decision
claim('a', () => ({ effect: 'allow' }))

// A composition demands the union of what its members need of the caller …
for (const made of [allOf, anyOf]) {
  const composed = made(scope('a'), role('r'))
  expectTypeOf<AuthOf<typeof composed>>().toEqualTypeOf<HasScopes & HasRoles>()
  composed.evaluate({ auth: both, resource: undefined })
  // @ts-expect-error no roles
  composed.evaluate({ auth: scopesOnly, resource: undefined })
  // @ts-expect-error no scopes
  composed.evaluate({ auth: rolesOnly, resource: undefined })
}

// … and of the resource.
const settled = allOf(owner, paid, scope('a'))
expectTypeOf<ResourceOf<typeof settled>>().toEqualTypeOf<Order & Paid>()
settled.evaluate({ auth: token, resource: paidOrder })
// @ts-expect-error not known to be paid
settled.evaluate({ auth: token, resource: order })
// @ts-expect-error no resource
settled.evaluate({ auth: token, resource: undefined })
const ofEither = anyOf(paid, owner)
expectTypeOf<ResourceOf<typeof ofEither>>().toEqualTypeOf<Order & Paid>()

// Nested compositions and `not` keep every need.
const nested = not(anyOf(not(owner), allOf(role('r'), not(paid))))
expectTypeOf<ResourceOf<typeof nested>>().toEqualTypeOf<Order & Paid>()
nested.evaluate({ auth: token, resource: paidOrder })
// @ts-expect-error not known to be paid
nested.evaluate({ auth: token, resource: order })
// @ts-expect-error a caller that is no verified token
nested.evaluate({ auth: both, resource: paidOrder })
const noRole = not(role('r'))
expectTypeOf(noRole).toEqualTypeOf<Policy<HasRoles>>()

// A member that needs nothing adds nothing.
expectTypeOf(allOf(() => true)).toEqualTypeOf<Policy>()
expectTypeOf(anyOf(async () => true, scope('a'))).toEqualTypeOf<Policy<HasScopes>>()
expectTypeOf(not(() => false)).toEqualTypeOf<Policy>()

// Bare functions stand in for policies, and their needs count.
const verifiedReader = allOf(scope('a'), emailVerified)
expectTypeOf<AuthOf<typeof verifiedReader>>().toEqualTypeOf<HasScopes & Verified>()
// @ts-expect-error no claims
verifiedReader.evaluate({ auth: scopesOnly, resource: undefined })
allOf(scope('a'), ({ resource }: PolicyQuery<unknown, Order>) => Promise.resolve(resource.owner === 'a'))
// @ts-expect-error a function in a composition says what it needs: its query is not typed `any` behind one's back
allOf(scope('a'), ({ auth }) => auth.claims.whatever)
// @ts-expect-error only booleans and decisions are answers
allOf(scope('a'), () => 'yes')
// @ts-expect-error only booleans and decisions are answers
allOf(scope('a'), async () => 1)
// @ts-expect-error not a policy
allOf(scope('a'), 'scope')
// @ts-expect-error not a policy
anyOf({ id: 'x' })
// @ts-expect-error one policy, not two
not(scope('a'), scope('b'))
// @ts-expect-error one condition and one policy
when(owner, scope('a'), scope('b'))
// @ts-expect-error one policy
withTimeout(50, scope('a'), scope('b'))
// @ts-expect-error one policy
withoutDefaultPolicy(scope('a'), scope('b'))
// @ts-expect-error the function, and options
policy('x', emailVerified, {}, emailVerified)
// @ts-expect-error there is no such option
policy('x', () => true, { mayveto: true })
// @ts-expect-error one expectation
claim('a', 1, 2)
// @ts-expect-error one expectation
authorizationDetails('payment', Boolean, Boolean)
// @ts-expect-error a policy is no option
stepUp({ maxAgeSeconds: 60 }, scope('a'))
// @ts-expect-error one context
authenticationContext('c1', 'c2')
// @ts-expect-error one scope and one role
scopeOrAppRole('a', 'b', 'c')

declare const policies: { readonly mayRead: Policy<HasScopes>; readonly misspelt?: undefined }
// @ts-expect-error undefined is no policy
allOf(policies.mayRead, policies.misspelt)
// @ts-expect-error undefined is no policy
not(policies.misspelt)

// Several names: at least one of them, and a function stands alone.
expectTypeOf(role('a', 'b')).toEqualTypeOf<Policy<HasRoles>>()
expectTypeOf(permission('a', 'b')).toEqualTypeOf<Policy<HasPrincipal<'permissions'>>>()
expectTypeOf(group('a', 'b')).toEqualTypeOf<Policy<HasPrincipal<'groups'>>>()
expectTypeOf(actor('a', 'b')).toEqualTypeOf<Policy<HasPrincipal<'actor'>>>()
expectTypeOf(actor(({ traits }) => traits.includes('agent'))).toEqualTypeOf<Policy<HasPrincipal<'actor'>>>()
for (const rule of [role, permission, group, actor]) {
  // @ts-expect-error no name at all
  rule()
}
// @ts-expect-error a function stands alone
actor(() => true, 'a')

// Lists made elsewhere keep their needs.
const list: readonly Policy<HasScopes & HasRoles>[] = [scope('a'), role('r')]
expectTypeOf(anyOf(...list)).toEqualTypeOf<Policy<HasScopes & HasRoles>>()

// A policy with fewer needs stands in for one with more, never the other way round.
expectTypeOf<Policy<HasScopes>>().toExtend<Policy<VerifiedToken>>()
expectTypeOf<Policy<VerifiedToken>>().not.toExtend<Policy<HasScopes>>()
expectTypeOf<Policy<VerifiedToken, Order>>().not.toExtend<PolicyLike<VerifiedToken, undefined>>()

// Guards: a route knows the caller and no resource yet.
const api = createResourceServer({ issuer: 'https://sts.example.com', audience: 'https://api.example.com' })
const guard = createGuard(api)
const fastifyGuard = createFastifyGuard(api)
guard(
  allOf(
    scope('a'),
    anyOf(role('r'), not(claim('x', 1)), () => true),
  ),
)
guard(({ auth }) => auth.principal.kind === 'user')
guard(({ auth }) => (auth.principal.kind === 'user' ? { effect: 'allow' } : { effect: 'deny' }))
// @ts-expect-error needs an order
guard(owner)
// @ts-expect-error needs an order
guard(anyOf(owner, role('manager')))
// @ts-expect-error needs an order
guard(not(owner))
// @ts-expect-error needs an order
guard.handler(owner, () => {})
// @ts-expect-error needs an order
fastifyGuard(allOf(owner))
// @ts-expect-error needs an order
createResourceServer({ issuer: 'https://sts.example.com', audience: null, policy: owner })
// @ts-expect-error the claim is not known to be there: a schema would say so
guard(verifiedReader)

// In a handler there is one.
guard.require(request, anyOf(owner, role('manager')), order)
expectTypeOf(guard.require(request, settled, paidOrder)).resolves.toEqualTypeOf<Order & Paid>()
fastifyGuard.require(fastifyRequest, owner, order)
// @ts-expect-error not known to be paid
guard.require(request, settled, order)
// @ts-expect-error no order
guard.require(request, owner, undefined)
api.authorize(token, owner, order)
// @ts-expect-error no order
api.authorize(token, owner, { paid: true })

// What a policy needs, a call must have: a resource that is left out does not compile.
declare const view: RequestView
declare const signal: AbortSignal
expectTypeOf(api.guard(view)).resolves.toEqualTypeOf<VerifiedToken>()
api.guard(view, scope('a'))
api.guard(view, () => true)
api.guard(view, async ({ auth }) => auth.principal.kind === 'user')
api.guard(view, owner, order)
api.guard(view, settled, paidOrder, { signal })
api.guard(view, scope('a'), undefined, { signal })
api.guard(view, authenticated, undefined, { signal })
api.guard(view, ({ auth, resource }) => auth.principal.key === resource.owner, order)
// @ts-expect-error no order
api.guard(view, owner)
// @ts-expect-error no order
api.guard(view, owner, undefined, { signal })
// @ts-expect-error not known to be paid
api.guard(view, settled, order)
// @ts-expect-error a resource that the function is not given
api.guard(view, ({ resource }) => resource.owner === 'a')
// @ts-expect-error misspelt, or not there
api.guard(view, undefined)
declare const perhaps: Policy | undefined
// @ts-expect-error it may not be there
api.guard(view, perhaps)
// @ts-expect-error an option that guard does not know
api.guard(view, scope('a'), undefined, { explain: true })
// @ts-expect-error a promise is no caller
api.guard(view).principal
// @ts-expect-error a promise is no caller
api.verifyToken('').principal
// @ts-expect-error a promise is no decision
api.authorize(token, scope('a')).effect
// @ts-expect-error a promise is no outcome
api.authenticate(view).outcome

api.authorize(token, scope('a'))
api.authorize(token, () => true)
api.authorize(token, owner, order, { explain: true, signal })
api.authorize(token, ({ auth, resource }) => auth.principal.key === resource.owner, order)
expectTypeOf(api.authorize(token, owner, order)).resolves.toEqualTypeOf<Decision>()
// @ts-expect-error no order
api.authorize(token, owner)
// @ts-expect-error not known to be paid
api.authorize(token, settled, order)
// @ts-expect-error misspelt, or not there
api.authorize(token, undefined)

api.require(token, scope('a'))
api.require(token, scope('a'), undefined, { request: view, signal })
api.require(token, owner, order, { request: view })
// @ts-expect-error no order
api.require(token, owner)
// @ts-expect-error no order
api.require(token, owner, undefined, { request: view })
// @ts-expect-error a request is no option
api.require(token, owner, order, view)
// @ts-expect-error misspelt, or not there
api.require(token, undefined)

// Any policy can be declared, whatever it is asked about later.
api.declare(owner)
api.declare(scope('a'))
// @ts-expect-error misspelt, or not there
api.declare(undefined)
// @ts-expect-error optional guards take no policy
guard.optional(scope('a'))
// @ts-expect-error one policy: allOf and anyOf join several
guard(scope('a'), scope('b'))

// Objects and classes with an evaluate() of their own are policies too, and are held to their needs.
interface Session extends VerifiedToken {
  readonly sessionId: string
}
class Weekdays {
  readonly id = 'weekdays'
  evaluate({ auth }: PolicyQuery<VerifiedToken, undefined>): Decision {
    return auth.expiresAt > 0 ? { effect: 'allow' } : { effect: 'deny' }
  }
}
class LiveSession {
  readonly id = 'live-session'
  evaluate({ auth }: PolicyQuery<Session, undefined>): Decision {
    return auth.sessionId === '' ? { effect: 'deny' } : { effect: 'allow' }
  }
}
guard(new Weekdays())
guard(allOf(new Weekdays(), scope('a'), ({ auth }: { readonly auth: HasRoles }) => auth.principal.roles.length > 0))
// @ts-expect-error a verified token has no session
guard(new LiveSession())
// @ts-expect-error a verified token has no session
guard(allOf(new LiveSession(), scope('a')))

// A caller without a claims schema may have any claim; with one, it has what the schema puts out.
guard(claim('tenant', 'x'))
guard(not(allOf(claim(['address', 'country'], 'CH'), claim('email', true))))

// A claims schema's output is what a policy may ask for.
const typed = createResourceServer({
  issuer: 'https://sts.example.com',
  audience: 'https://api.example.com',
  claims: { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: { email_verified: true } }) } },
})
const typedGuard = createGuard(typed)
typedGuard(verifiedReader)
// @ts-expect-error a claim that the schema lacks
typedGuard(claim('email_verifed', true))
typedGuard(allOf(claim('email_verified', true), claim('sub', 'alice')))

// Decisions are closed.
expectTypeOf<Decision['effect']>().toEqualTypeOf<'allow' | 'deny' | 'indeterminate'>()
expectTypeOf<Requirement['kind']>().toEqualTypeOf<
  'scope' | 'step-up' | 'authentication-context' | 'authorization-details'
>()
// @ts-expect-error neither allow, deny nor indeterminate
policy('x', () => ({ effect: 'maybe' }))

// Every rule says which part of the principal it needs, and compositions demand all of it.
expectTypeOf(user).toEqualTypeOf<(query: PolicyQuery<HasPrincipal<'kind'>>) => boolean>()
expectTypeOf(group('g')).toEqualTypeOf<Policy<HasPrincipal<'groups'>>>()
expectTypeOf(tenant('a', 'b')).toEqualTypeOf<Policy<HasPrincipal<'tenant'>>>()
expectTypeOf(authorizationDetails('payment')).toEqualTypeOf<Policy<HasClaim<'authorization_details'>>>()
const everything = allOf(user, group('g'), tenant('t'), client('c'), permission('p'), stepUp({ maxAgeSeconds: 1 }))
guard(everything)
guard(allOf(everything, application, device, authenticated, actor('a'), authenticationContext('c1')))
// @ts-expect-error no groups
everything.evaluate({ auth: both, resource: undefined })
// @ts-expect-error at least one tenant
tenant()
// @ts-expect-error a list is no schema
claim('a', [])
claim('a', { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: 1 }) } })

// A claim that the resource server does not declare does not compile, however deep it is needed.
typedGuard(claim('email_verified', z.boolean()))
// @ts-expect-error a claim that the schema lacks
typedGuard(allOf(scope('a'), when(user, claim('tier', 'gold'))))
// @ts-expect-error a claim that the schema lacks
typedGuard(withTimeout(50, not(claim('tier', 'gold'))))
// @ts-expect-error a claim that the schema lacks
typedGuard(withoutDefaultPolicy(authorizationDetails('payment')))
// @ts-expect-error a claim that the schema lacks
typed.authorize(token, claim('tier', 'gold'))

// when, withTimeout and withoutDefaultPolicy keep the needs of their members.
const conditional = when(paid, withTimeout(50, withoutDefaultPolicy(owner)))
expectTypeOf<ResourceOf<typeof conditional>>().toEqualTypeOf<Order & Paid>()
guard.require(request, conditional, paidOrder)
// @ts-expect-error not known to be paid
guard.require(request, conditional, order)
// @ts-expect-error no resource yet
guard(conditional)

// Lists of resources.
expectTypeOf(api.authorizeAll(token, owner, [order])).resolves.toEqualTypeOf<readonly Decision[]>()
// @ts-expect-error not known to be paid
api.authorizeAll(token, settled, [order])

// Engines give policies that need what their mapping needs.
const opa = createOpa({
  url: 'https://opa',
  map: ({ auth, resource }: EngineNeeds) => ({ a: auth.principal.key, r: resource.owner }),
})
expectTypeOf(opa.policy('read')).toEqualTypeOf<Policy<VerifiedToken, Order>>()
guard.require(request, anyOf(opa.policy('read'), role('manager')), order)
// @ts-expect-error needs an order
guard(opa.policy('read'))

interface EngineNeeds {
  readonly auth: VerifiedToken
  readonly action: string
  readonly resource: Order
}
