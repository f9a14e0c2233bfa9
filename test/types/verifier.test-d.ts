// What must not compile, and what the compiler knows of a verified token. Checked by `npx tsc --noEmit`, never run.
import {
  AuthError,
  createResourceServer,
  createVerifier,
  type Principal,
  type RegisteredClaims,
  toWeb,
  type VerifiedToken,
  type Verifier,
} from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { entra, type Issuer, type IssuerWithAudience, oidc, rfc9068, withClaims } from 'claimcheck/issuers'
import { allOf, claim, type PolicyQuery, policy, scope } from 'claimcheck/policy'
import type { Request } from 'express'
import * as v from 'valibot'
import { z } from 'zod'

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function prove<_Truth extends true>(): void {}

const issuer = 'https://sts.example.com'
const audience = 'https://api.example.com'
const tenant = { tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', clientId: 'b1c2d3e4-0000-4000-8000-00000000beef' }
declare const request: Request

// The audience may be left out only where every issuer brings its own …
createVerifier({ issuer: entra(tenant) })
createVerifier({ issuer: [entra(tenant), oidc({ issuer, audience })] })
createVerifier({ issuer: oidc({ issuer, audience: null }) })
createVerifier({ issuer: rfc9068({ issuer, audience: [audience] }) })
createResourceServer({ issuer: entra(tenant) })
createGuard({ issuer: entra(tenant) })
createFastifyGuard({ issuer: [entra(tenant)] })
// … and must be: it would count for none.
// @ts-expect-error every issuer brings its own audience
createVerifier({ issuer: entra(tenant), audience })
// @ts-expect-error every issuer brings its own audience
createVerifier({ issuer: [entra(tenant), oidc({ issuer, audience: null })], audience: null })
createVerifier({ issuer: [entra(tenant), issuer], audience })
// … and not otherwise.
// @ts-expect-error audience is missing
createVerifier({ issuer })
// @ts-expect-error audience is missing
createVerifier({ issuer: [issuer] })
// @ts-expect-error audience is missing
createVerifier({ issuer: oidc({ issuer }) })
// @ts-expect-error audience is missing
createVerifier({ issuer: rfc9068({ issuer }) })
// @ts-expect-error one of the issuers has no audience
createVerifier({ issuer: [entra(tenant), issuer] })
// @ts-expect-error one of the issuers has no audience
createVerifier({ issuer: [entra(tenant), oidc({ issuer })] })
// @ts-expect-error audience is missing
createResourceServer({ issuer })
// @ts-expect-error audience is missing
createGuard({ issuer })
// @ts-expect-error audience is missing
createFastifyGuard({ issuer })
// @ts-expect-error undefined is not an audience
createVerifier({ issuer, audience: undefined })
// @ts-expect-error a number is not an audience
createVerifier({ issuer, audience: 7 })
declare const anyIssuers: readonly (string | Issuer)[]
// @ts-expect-error nobody knows whether all of these bring one
createVerifier({ issuer: anyIssuers })
createVerifier({ issuer: anyIssuers, audience })
createVerifier({ issuer, audience: null })
createVerifier({ issuer: [issuer, 'https://other.example.com'], audience: [audience, 'urn:b'] })
const broughtByEntra: IssuerWithAudience = entra(tenant)
void broughtByEntra

// Misspelt options do not compile.
// @ts-expect-error audence
createVerifier({ issuer, audience, audence: audience })
// @ts-expect-error a duration without its unit
createVerifier({ issuer, audience, clockTolerance: 30 })
// @ts-expect-error typ is fixed by the profile
rfc9068({ issuer, audience, typ: ['JWT'] })
// @ts-expect-error no HMAC
oidc({ issuer, algorithms: ['HS256'] })
// @ts-expect-error isRevoked answers true or false
createVerifier({ issuer, audience, isRevoked: () => 'no' })

// Without a schema the registered claims have types, and the others are unknown.
const plain = createVerifier({ issuer, audience })
prove<Equals<typeof plain, Verifier<Record<string, unknown>>>>()
const auth = await plain.verifyToken('')
prove<Equals<typeof auth, VerifiedToken>>()
prove<Equals<typeof auth.principal, Principal>>()
const iss: string = auth.claims.iss
const exp: number = auth.claims.exp
const sub: string | undefined = auth.claims.sub
const level: unknown = auth.claims.level
// @ts-expect-error unknown is not a string
const wrong: string = auth.claims.level
// @ts-expect-error sub may be absent
const definite: string = auth.claims.sub
void [iss, exp, sub, level, wrong, definite]

// With one, its output is theirs; registered claims stay as they are.
const zod = z.object({ email_verified: z.boolean().optional(), level: z.coerce.number(), exp: z.string() })
const byZod = await createVerifier({ issuer, audience, claims: zod }).verifyToken('')
prove<Equals<typeof byZod.claims.email_verified, boolean | undefined>>()
prove<Equals<typeof byZod.claims.level, number>>()
prove<Equals<typeof byZod.claims.exp, number>>()
prove<Equals<typeof byZod.claims.aud, RegisteredClaims['aud']>>()
// @ts-expect-error the schema puts out no such claim
byZod.claims.tenant

const valibot = v.object({ level: v.pipe(v.string(), v.transform(Number)), roles: v.array(v.string()) })
const byValibot = await createVerifier({ issuer, audience, claims: valibot }).verifyToken('')
prove<Equals<typeof byValibot.claims.level, number>>()
prove<Equals<typeof byValibot.claims.roles, string[]>>()
prove<Equals<typeof byValibot.claims.sub, string | undefined>>()
// @ts-expect-error the schema puts out no such claim
byValibot.claims.email_verified

// What is handed out for an answer goes into a `Response`, by the types of Node and by the stricter ones of the DOM.
const server = createResourceServer({ issuer, audience })
const answer = server.challenge(new AuthError('access_denied'))
const published = server.metadata({ method: 'GET', url: '/', headers: [] })
type DomHeadersInit = [string, string][] | Record<string, string> | Headers
const forTheDom: readonly (DomHeadersInit | undefined)[] = [answer.headers, published?.headers]
void forTheDom
const byHand = new Response(answer.body, { status: answer.status, headers: answer.headers })
const response: Response = toWeb(answer, new globalThis.Request(issuer))
void [response, byHand, new Headers(answer.headers)]
if (published) toWeb(published, { method: 'GET' })
// @ts-expect-error a HEAD must be known as one
toWeb(answer)

// A token is read-only.
// @ts-expect-error read-only
auth.issuer = issuer
// @ts-expect-error read-only
auth.claims.sub = 'mallory'
// @ts-expect-error read-only
auth.principal.kind = 'user'
// @ts-expect-error read-only
auth.principal.scopes.push('admin')

// The claim type reaches isRevoked, the guards and their handlers.
createVerifier({ issuer, audience, claims: zod, isRevoked: ({ claims }) => claims.level > 3 })
// @ts-expect-error the schema puts out no such claim
createVerifier({ issuer, audience, claims: zod, isRevoked: ({ claims }) => claims.session === '' })
const guard = createGuard({ issuer, audience, claims: zod })
prove<Equals<ReturnType<typeof guard.auth>['claims']['level'], number>>()
guard.handler((_req, _res, { claims }) => claims.level.toFixed())
createFastifyGuard({ issuer, audience, claims: valibot })

// A policy that needs a claim which the schema does not put out does not compile; one that needs a declared one does.
guard(claim('level', 3))
guard(allOf(scope('a'), claim('email_verified', true), claim('sub', 'alice')))
guard(({ auth }) => auth.claims.level > 3)
// @ts-expect-error the schema puts out no tenant
guard(({ auth }) => auth.claims.tenant === 'x')
const levelIsText = policy('level', ({ auth }: PolicyQuery<{ claims: { level: string } }>) => auth.claims.level === '')
// @ts-expect-error level is a number
guard(levelIsText)
const ofTenant = policy('tenant', ({ auth }: PolicyQuery<{ claims: { tenant: string } }>) => auth.claims.tenant === 'x')
// @ts-expect-error the schema puts out no tenant
guard(ofTenant)
// @ts-expect-error the schema puts out no tenant
guard(allOf(scope('a'), ofTenant))

// A policy about one kind of resource is not asked about another.
interface Order {
  readonly owner: string
}
const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => resource.owner === auth.issuer)
guard.require(request, owner, { owner: 'alice' })
// @ts-expect-error an invoice has no owner
guard.require(request, owner, { invoice: 1 })
// @ts-expect-error a guard has no resource yet
guard(owner)

// With a schema of an issuer's own, `auth.issuer` narrows the claims.
const a = 'https://a.example.com'
const b = 'https://b.example.com'
const levelled = z.object({ level: z.number() })
const many = createVerifier({
  issuer: [
    withClaims(oidc({ issuer: a, audience }), levelled),
    withClaims(entra(tenant), z.object({ wids: z.array(z.string()) })),
    b,
  ],
  audience,
  claims: z.object({ plan: z.string() }),
  isRevoked: (auth) => auth.issuer === a && auth.claims.level > 3,
})
const one = await many.verifyToken('')
// @ts-expect-error whose token it is decides
one.claims.level
prove<Equals<typeof one.claims.sub, string | undefined>>()
if (one.issuer === a) {
  prove<Equals<typeof one.claims.level, number>>()
  // @ts-expect-error the common schema is not this issuer's
  one.claims.plan
} else if (one.issuer === b) {
  prove<Equals<typeof one.claims.plan, string>>()
  // @ts-expect-error a's alone
  one.claims.level
} else {
  prove<Equals<typeof one.claims.wids, string[]>>()
}
// @ts-expect-error no such issuer
if (one.issuer === 'https://c.example.com') void one

// It reaches guards, handlers and policies, from options and from a resource server.
const typed = { issuer: [withClaims(oidc({ issuer: a, audience }), levelled), oidc({ issuer: b, audience })] } as const
const api = createResourceServer(typed)
for (const each of [createGuard(api), createGuard(typed)]) {
  each.handler((_req, _res, auth) => (auth.issuer === a ? auth.claims.level.toFixed() : auth.claims.level))
  each(({ auth: caller }) => caller.issuer === a && caller.claims.level > 3)
  each(allOf(scope('a'), claim('sub', 'alice')))
  // @ts-expect-error only one of the issuers has a level, and which is not known
  each(({ auth: caller }) => caller.claims.level > 3)
}
createFastifyGuard(api)(({ auth: caller }) => caller.issuer === a && caller.claims.level > 3)
// A single issuer with a schema of its own needs no narrowing.
const single = await createVerifier({ issuer: withClaims(rfc9068({ issuer: a, audience }), levelled) }).verifyToken('')
prove<Equals<typeof single.claims.level, number>>()
// @ts-expect-error no schema
withClaims(entra(tenant), {})
// @ts-expect-error an issuer comes first
withClaims(levelled, entra(tenant))
// @ts-expect-error audience is missing
createVerifier({ issuer: withClaims(oidc({ issuer: a }), levelled) })
