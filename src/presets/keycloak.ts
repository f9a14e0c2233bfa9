// Keycloak: access tokens of one realm.
import type { AuthErrorReason } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import type { Principal } from '../principal/principal.ts'
import { readString, readStrings } from '../principal/read-claims.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import type { IssuerKeys, IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import { type Caller, createIssuer } from './description.ts'
import { subjects } from './subjects.ts'
import { createGroupsReader, type GroupsOptions } from './preset-claims.ts'
import { checkIssuerUrl, type OneOrMore, readAlgorithms, readAudience } from './preset-options.ts'

export interface KeycloakOptions extends GroupsOptions {
  /** The address at which this API reaches the realm: `https://sso.example.com/realms/acme`. */
  readonly realmUrl: string
  /**
   * The `iss` of the tokens, where it differs from `realmUrl`. It follows Keycloak's front-end hostname. Nothing is fetched there:
   * the keys then come from the realm's fixed path below `realmUrl`, without discovery. Default: `realmUrl`, by discovery.
   */
  readonly issuer?: string
  /** The audience that a mapper of the realm puts into `aud` for this API. `null` turns the check off. */
  readonly audience: OneOrMore<string> | null
  /** The signature algorithms of the realm, or of the client. Default `RS256`. */
  readonly algorithms?: OneOrMore<Algorithm>
  /** Allows plain `http:` in `realmUrl` and `issuer` beyond this machine. An attacker on that wire can make up keys. */
  readonly insecureAllowHttp?: boolean
}

/**
 * Trusts one Keycloak realm. Takes only tokens whose claim `typ` is `Bearer` or `DPoP`: refresh, offline, logout and ID tokens
 * are refused. Roles of the realm are `principal.roles` as they are; those of a client are `client:role`, with `%3A` for a
 * colon in the client's id, so name no realm role like one of these.
 *
 * Tells a service account by `clientHost`, or by `client_id` with the user name `service-account-{client_id}`; not by that user
 * name alone, which people may choose where they register themselves. Users have a `preferred_username`. Everything else is
 * `unknown`: the claims that a lightweight token drops are not guessed. A token without `sub` is refused (the client needs the scope
 * `basic`). Does not read `act`, which is not verified of Keycloak.
 *
 * Groups are incomplete: a mapper of each client writes `groups`, without the parents of a group that the user is in, and the
 * scope `microprofile-jwt` puts realm roles there.
 *
 * @throws TypeError for a URL that does not end in `/realms/{realm}`, and for the audience `account`, which most tokens have.
 */
export function keycloak<const R extends string, const I extends string = R>(
  options: KeycloakOptions & { readonly realmUrl: R; readonly issuer?: I },
): IssuerWithAudience & TypedIssuer<I, unknown> {
  const names = ['realmUrl', 'issuer', 'audience', 'algorithms', 'insecureAllowHttp', 'groupsAreComplete']
  checkOptions('keycloak()', arguments, names)
  const { realmUrl, issuer = realmUrl, algorithms = 'RS256', insecureAllowHttp }: KeycloakOptions = options
  checkRealmUrl('realmUrl', realmUrl, insecureAllowHttp)
  checkRealmUrl('issuer', issuer, insecureAllowHttp)
  const audience = readAudience(options.audience)
  if (audience?.includes('account')) {
    throw new TypeError(
      "audience 'account' is in most tokens of a realm, for every purpose: add an audience mapper for this API, and write what it adds.",
    )
  }
  return createIssuer({
    preset: 'keycloak',
    issuer,
    keys: keysOf(realmUrl, issuer),
    insecureAllowHttp,
    audience,
    algorithms: readAlgorithms(algorithms),
    types: ['JWT', 'at+jwt'],
    requires: ['typ', 'sub'],
    texts: ['sub'],
    mark: { claim: 'typ', values: ['Bearer', 'DPoP'] },
    client: 'azp',
    subject: subjects(kindOf),
    tenant: (_, from) => realmPath(from).slice('/realms/'.length),
    scopes: 'scope',
    roles: (claims) => [...rolesIn(claims.realm_access), ...clientRoles(claims.resource_access)],
    groups: createGroupsReader('groups', options),
    authentication: 'standard',
    hint: (reason, token) => hint(reason, token, issuer),
  })
}

function checkRealmUrl(name: string, value: unknown, allowHttp?: boolean): asserts value is string {
  checkIssuerUrl(name, value, allowHttp)
  const { origin, pathname } = new URL(value)
  const [path] = /^.*?\/realms\/[^/]+/.exec(pathname) ?? []
  if (value === `${origin}${path}`) return
  throw new TypeError(
    `${name} must be the URL of a realm: write '${origin}${path ?? '/realms/<realm>'}', not '${value}'.`,
  )
}

/** Behind two names, metadata may name either one, and its `jwks_uri` may be out of reach. The path of the keys is the same in every realm. */
function keysOf(realmUrl: string, issuer: string): IssuerKeys {
  if (issuer === realmUrl) return { metadataUrls: [`${realmUrl}/.well-known/openid-configuration`] }
  return { jwksUri: `${realmUrl}/protocol/openid-connect/certs` }
}

function kindOf({ claims }: Caller): Principal['kind'] {
  if (readString(claims, 'clientHost') !== undefined) return 'application'
  const name = readString(claims, 'preferred_username')?.toLowerCase()
  if (!name?.startsWith('service-account-')) return name === undefined ? 'unknown' : 'user'
  const clientId = readString(claims, 'client_id')?.toLowerCase()
  return clientId !== undefined && name === `service-account-${clientId}` ? 'application' : 'unknown'
}

function clientRoles(access: unknown): readonly string[] {
  if (!isJsonObject(access)) return []
  return Object.entries(access).flatMap(([client, roles]) =>
    rolesIn(roles).map((role) => `${client.replace(/[%:]/g, encodeURIComponent)}:${role}`),
  )
}

function rolesIn(access: unknown): readonly string[] {
  return isJsonObject(access) ? readStrings(access, 'roles') : []
}

const addMapper = 'add an audience mapper for this API to the client, or to a client scope of it'

/** The hint for a token whose audience is Keycloak's own, as without an audience mapper. */
export function accountHint({ aud }: JsonObject): string | undefined {
  if (![aud].flat().includes('account')) return undefined
  return `aud is ${printable(aud)}, which Keycloak writes for its own account pages: ${addMapper}`
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken, issuer: string): string | undefined {
  const { iss } = claims
  if (reason === 'issuer_unknown' && typeof iss === 'string' && iss.endsWith(realmPath(issuer)))
    return `the token says ${printable(iss)}, this API expects ${issuer}: if both are this realm, write issuer: '${printable(iss)}', and as realmUrl the address where this API reaches it`
  if (iss !== issuer) return undefined
  if (reason === 'audience_mismatch') return accountHint(claims)
  if (reason !== 'claim_missing') return undefined
  if (!Object.hasOwn(claims, 'aud')) return `the token has no aud: ${addMapper}`
  if (!readString(claims, 'sub'))
    return 'the token has no sub: give the client the scope basic, and let lightweight tokens have it'
  return undefined
}

function realmPath(issuer: string): string {
  return issuer.slice(issuer.lastIndexOf('/realms/'))
}
