// Clerk: session tokens of one instance, and machine-to-machine tokens for one machine.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import { checkBoolean, checkOptions } from '../internal/options.ts'
import { withoutLogin } from '../internal/urls.ts'
import type { Principal } from '../principal/principal.ts'
import { readActor, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { subjects } from './subjects.ts'
import { checkForOthers, missing } from './preset-claims.ts'
import { checkHost, type OneOrMore, readList } from './preset-options.ts'
import { checkShape } from './shapes.ts'

export interface ClerkOptions {
  /** The host of the Frontend API URL: `clerk.example.com`, or `name-1.clerk.accounts.dev`. */
  readonly domain: string
  /** The origins of the web pages whose users may call, such as `https://www.example.com`. */
  readonly authorizedParties: OneOrMore<string>
  /**
   * Accepts session tokens without `azp` as well: native applications get these, since they send no `Origin`. A token with an
   * `azp` is checked all the same. `authorizedParties` may then be empty. Default false.
   */
  readonly nativeApplications?: boolean
  /** This API's own machine id (`mch_…`): accepts the JWTs of machines that may call it. Default: none are accepted. */
  readonly machine?: string
}

/**
 * Trusts one Clerk instance. A session token has no `aud`: its `azp`, which is the origin of a web page and not a client, must be one
 * of `authorizedParties`. Refuses a token without `azp`, unless `nativeApplications` is set, and a session that is still `pending`.
 * Refuses custom JWTs: JWT templates make these for other services, with an `aud` or without, and never with the `sid` of a session.
 * Roles and permissions are those in the active organization, which is the tenant, written as Clerk does: `org:admin`,
 * `org:feature:permission`. The impersonator is the `actor`. The age of the verified factors is in `claims.fva`.
 * Does not read the cookie `__session`: send the token as Bearer. Does not accept OAuth access tokens.
 *
 * @throws TypeError for an authorized party that is no origin, with the value to write instead.
 */
export function clerk(options: ClerkOptions): IssuerWithAudience {
  checkOptions('clerk()', arguments, ['domain', 'authorizedParties', 'nativeApplications', 'machine'])
  const { domain, nativeApplications = false, machine } = options
  checkHost('domain', domain)
  checkBoolean('nativeApplications', nativeApplications)
  const parties = readList('authorizedParties', options.authorizedParties, nativeApplications ? 0 : 1)
  for (const party of parties) checkOrigin(party)
  if (machine !== undefined) checkShape('machine', machine, /mch_[\dA-Za-z]+/, 'mch_2vYVabcDEF')
  const issuer = `https://${domain}`
  return createIssuer({
    preset: 'clerk',
    issuer,
    keys: { jwksUri: `${issuer}/.well-known/jwks.json` },
    // There is no aud. Session tokens have azp and sid in its place, machines' tokens their scopes: validate demands them.
    audience: null,
    algorithms: ['RS256'],
    types: ['JWT'],
    requires: ['sub'],
    texts: [],
    marks: 'own',
    validate: ({ claims }) => {
      if (isMachine(claims)) return checkAccessToken(claims) ?? checkMachine(claims, machine)
      if (!String(claims.sub).startsWith('user_')) return { reason: 'claim_invalid', details: { claim: 'sub' } }
      return checkParty(claims, parties, nativeApplications) ?? checkSession(claims)
    },
    // The prefixes of Clerk's ids keep machines and users apart.
    subject: (caller) => ({
      ...subjects(isMachine(caller.claims) ? 'application' : 'user')(caller),
      traits: readActor(caller.claims) ? ['impersonated'] : [],
    }),
    tenant: (claims) => membershipOf(claims).tenant,
    scopes: scopesOf,
    roles: (claims) => membershipOf(claims).roles ?? [],
    permissions: (claims) => membershipOf(claims).permissions ?? [],
    actor: 'act',
  })
}

function isMachine(claims: JsonObject): boolean {
  return String(claims.sub).startsWith('mch_')
}

function checkOrigin(party: string): void {
  const origin = URL.canParse(party) ? new URL(party).origin : 'null'
  // A page with an opaque origin sends 'null', and every attacker can make one.
  if (origin === party && origin !== 'null') return
  const advice = origin === 'null' ? "such as 'https://www.example.com'" : `and nothing else: write '${origin}'`
  throw new TypeError(`authorizedParties must be origins, ${advice}, not '${withoutLogin(party)}'.`)
}

function checkMachine(claims: JsonObject, machine: string | undefined): ValidationError | undefined {
  const mayCall = scopesOf(claims).some((scope) => scope === machine)
  return mayCall ? checkForOthers(claims) : notForUs('scopes', claims.scopes, machine ?? '(none)')
}

/** Only an absent `azp` means that no web page asked: an empty one names a page that no option can list. */
function checkParty(
  claims: JsonObject,
  parties: readonly string[],
  nativeApplications: boolean,
): ValidationError | undefined {
  const { azp } = claims
  if (Object.hasOwn(claims, 'azp'))
    return parties.some((party) => party === azp) ? undefined : notForUs('azp', azp, parties)
  if (nativeApplications) return undefined
  return missing(
    'azp',
    'no web page asked for this token: write nativeApplications: true to accept native applications',
  )
}

/** "Session-tied claims like `sid` […] cannot be included in custom JWTs" (Clerk, JWT templates). */
function checkSession(claims: JsonObject): ValidationError | undefined {
  if (Object.hasOwn(claims, 'sts') && claims.sts !== 'active')
    return {
      reason: 'claim_invalid',
      hint: 'the session is not active yet',
      details: { claim: 'sts', received: printable(claims.sts) },
    }
  const refusal = checkAccessToken(claims) ?? checkForOthers(claims)
  if (refusal || readString(claims, 'sid') !== undefined) return refusal
  return missing('sid', 'a JWT template made this token for another service: send the session token')
}

function notForUs(claim: string, received: unknown, expected: string | readonly string[]): ValidationError {
  return { reason: 'audience_mismatch', details: { claim, expected, received: printable(received) } }
}

function scopesOf(claims: JsonObject): readonly string[] {
  return [...new Set([...readScopes(claims), ...readStrings(claims, 'scopes').flatMap((text) => text.split(' '))])]
}

type Membership = Partial<Pick<Principal, 'tenant' | 'roles' | 'permissions'>>

function membershipOf(claims: JsonObject): Membership {
  if (isMachine(claims)) return {}
  return claims.v === 2 ? organizationOf(claims) : formerOrganizationOf(claims)
}

/** Version 1. */
function formerOrganizationOf(claims: JsonObject): Membership {
  const tenant = readString(claims, 'org_id')
  if (tenant === undefined) return {}
  return { tenant, roles: readStrings(claims, 'org_role'), permissions: readStrings(claims, 'org_permissions') }
}

/** Version 2: `o: { id, rol, per, fpm }`, and the features in `fea`. */
function organizationOf(claims: JsonObject): Membership {
  const organization = Object.hasOwn(claims, 'o') && isJsonObject(claims.o) ? claims.o : {}
  const tenant = readString(organization, 'id')
  if (tenant === undefined) return {}
  const role = readString(organization, 'rol')
  const permissions = permissionsOf(organization, listOf(claims, 'fea'))
  return { tenant, roles: role === undefined ? [] : [`org:${role}`], permissions }
}

/** The n-th number of `fpm` says by its bits, the lowest first, which of `per` the caller has for the n-th feature of the organization. */
function permissionsOf(organization: JsonObject, features: readonly string[]): readonly string[] {
  const names = listOf(organization, 'per')
  const masks = listOf(organization, 'fpm')
  const ofOrganization = features.map((feature) => feature.split(':')).filter(([scope = '']) => scope.includes('o'))
  return ofOrganization.flatMap(([, feature], index) => {
    const mask = /^\d{1,300}$/.test(masks[index] ?? '') ? BigInt(masks[index] ?? 0) : 0n
    const granted = names.filter((name, bit) => name !== '' && ((mask >> BigInt(bit)) & 1n) === 1n)
    return feature ? granted.map((name) => `org:${feature}:${name}`) : []
  })
}

function listOf(claims: JsonObject, name: string): readonly string[] {
  return (readString(claims, name) ?? '').split(',').map((item) => item.trim())
}
