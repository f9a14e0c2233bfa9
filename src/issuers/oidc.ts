// The generic issuer: any STS that publishes metadata or a JWK Set and signs JWT access tokens.
import type { Refusal } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions, checkString, checkStrings } from '../internal/options.ts'
import { hasLogin, isSecureEnough, parseUrl } from '../internal/urls.ts'
import { clientKey, type Principal, principalKey } from '../principal/principal.ts'
import {
  areTexts,
  isText,
  none,
  readActor,
  readAuthentication,
  readScopes,
  readString,
  readStrings,
} from '../principal/read-claims.ts'
import { checkAccessToken } from '../token/access-token.ts'
import { type Algorithm, allAlgorithms } from '../token/algorithms.ts'
import { metadataUrls } from '../trust/discovery.ts'
import type { Issuer, IssuerWithAudience, UnverifiedToken } from '../trust/issuer.ts'
import type { IssuerEndpoint, JwkSet } from '../trust/issuer-endpoint.ts'
import type { TypedIssuer } from '../trust/typed-issuer.ts'
import { createGroupsReader, type GroupsOptions, type GroupsReader } from './preset-claims.ts'
import { checkAlgorithms, checkIssuerUrl, readAudience } from './preset-options.ts'

export interface OidcOptions extends GroupsOptions {
  /** The issuer identifier, exactly as the token's `iss` has it: a trailing slash counts. */
  readonly issuer: string
  /** What `aud` must name. Replaces the verifier's `audience`. `null` turns the check off for this issuer. */
  readonly audience?: string | readonly string[] | null
  /** The address of the JWK Set, when the STS publishes no metadata. */
  readonly jwksUri?: string
  /** The keys themselves: then nothing is ever fetched, and a rotation needs a new configuration. */
  readonly jwks?: JwkSet
  /** What the STS signs with. Default: every algorithm that claimcheck verifies. Keys without `alg` are bound to the first that fits. */
  readonly algorithms?: readonly Algorithm[]
  /** Accepted `typ` of the header; `null` stands for none. Default `['at+jwt', 'JWT', null]`. */
  readonly typ?: readonly (string | null)[]
  /** Claims that must be there, besides `iss`, `exp` and `aud`. */
  readonly requiredClaims?: readonly string[]
  /** Allows plain `http:` beyond this machine: whoever is on the wire can then make up keys. */
  readonly insecureAllowHttp?: boolean
}

const optionNames = [
  'issuer',
  'audience',
  'jwksUri',
  'jwks',
  'algorithms',
  'typ',
  'requiredClaims',
  'insecureAllowHttp',
  'groupsAreComplete',
]

/**
 * Trusts one issuer by its identifier. Finds its keys through its metadata (RFC 8414, OpenID Connect Discovery), at
 * `jwksUri`, or in `jwks`. Reads `roles`, `groups` and `entitlements` as lists of strings or of SCIM objects (RFC 9068 §2.2.3.1), `act`,
 * and how the user logged in. A client that is its own subject is an application, who has logged in a user, anybody else `unknown`.
 * Does not tell an ID token from an access token where the STS marks neither: then only `aud`
 * does, so never use a client id as the audience of an API.
 *
 * @throws TypeError for an option that can never work, with the value to write instead where it is known.
 */
export function oidc<const I extends string>(
  options: OidcOptions & { readonly issuer: I; readonly audience: string | readonly string[] | null },
): IssuerWithAudience & TypedIssuer<I, unknown>
export function oidc<const I extends string>(
  options: OidcOptions & { readonly issuer: I },
): Issuer & TypedIssuer<I, unknown>
export function oidc(options: OidcOptions): Issuer {
  checkOptions('oidc()', arguments, optionNames)
  const { issuer, audience, algorithms = allAlgorithms, typ = ['at+jwt', 'JWT', null], requiredClaims = [] } = options
  const { insecureAllowHttp = false } = options
  checkIssuerUrl('issuer', issuer, insecureAllowHttp)
  checkAlgorithms(algorithms)
  checkStrings('typ', Array.isArray(typ) ? typ.map((one) => (one === null ? '(none)' : one)) : typ)
  checkStrings('requiredClaims', requiredClaims, 0)
  const readGroups = createGroupsReader('groups', options, readValues)
  return {
    preset: 'oidc',
    endpoints: [{ issuer, keys: keysOf(options), insecureAllowHttp }],
    ...(audience !== undefined && { audience: readAudience(audience) }),
    algorithms,
    types: typ,
    requiredClaims,
    checkToken,
    principal: (claims, from) => principal(claims, from, readGroups),
  }
}

/**
 * Trusts one issuer that follows the JWT profile for access tokens to the letter (RFC 9068): `typ` is `at+jwt`, and
 * `iss exp aud sub client_id iat jti` are all there. Takes the options of `oidc`, but for `typ`.
 */
export function rfc9068<const I extends string>(
  options: Omit<OidcOptions, 'typ'> & { readonly issuer: I; readonly audience: string | readonly string[] },
): IssuerWithAudience & TypedIssuer<I, unknown>
export function rfc9068<const I extends string>(
  options: Omit<OidcOptions, 'typ'> & { readonly issuer: I },
): Issuer & TypedIssuer<I, unknown>
export function rfc9068(options: Omit<OidcOptions, 'typ'>): Issuer {
  const names = optionNames.filter((name) => name !== 'typ')
  checkOptions('rfc9068()', arguments, names)
  const issuer = oidc({ ...options, typ: ['at+jwt'] })
  const requiredClaims = ['aud', 'sub', 'client_id', 'iat', 'jti', ...issuer.requiredClaims]
  return { ...issuer, preset: 'rfc9068', requiredClaims }
}

function keysOf({ issuer, jwks, jwksUri, insecureAllowHttp = false }: OidcOptions): IssuerEndpoint['keys'] {
  if (jwks !== undefined && jwksUri !== undefined) throw new TypeError('Give jwks or jwksUri, not both.')
  if (jwks !== undefined) {
    if (!Array.isArray(jwks?.keys) || jwks.keys.length === 0)
      throw new TypeError('jwks must be a JWK Set with at least one key.')
    return { jwks }
  }
  if (jwksUri === undefined) return { metadataUrls: metadataUrls(issuer) }
  checkString('jwksUri', jwksUri)
  const url = parseUrl(jwksUri)
  if (
    !url ||
    !isSecureEnough(url, insecureAllowHttp) ||
    (url.protocol === 'http:' && !issuer.startsWith('http:')) ||
    hasLogin(url)
  ) {
    throw new TypeError('jwksUri must be an https URL without a user name.')
  }
  return { jwksUri }
}

function checkToken({ claims }: UnverifiedToken): Refusal | undefined {
  const refusal = checkAccessToken(claims)
  if (refusal || readString(claims, 'sub') || readString(claims, 'client_id')) return refusal
  return {
    code: 'claim_missing',
    hint: 'the token names nobody: neither sub nor client_id is there (in Keycloak, give the client the basic scope)',
    details: { claim: 'sub' },
  }
}

function principal(claims: JsonObject, issuer: string, readGroups: GroupsReader): Principal {
  const sub = readString(claims, 'sub')
  const clientId = readString(claims, 'client_id')
  const client = clientId ?? readString(claims, 'azp')
  const authentication = readAuthentication(claims)
  const actor = readActor(claims)
  const principal: { -readonly [name in keyof Principal]: Principal[name] } = {
    kind: kindOf(sub, clientId, authentication),
    // A client that is its own subject must not be taken for a user of that name (RFC 9068 §5), whichever claim names it.
    key: sub === undefined || sub === client ? clientKey(issuer, client ?? '') : principalKey(issuer, sub),
    subject: sub ?? clientId ?? '',
    issuer,
    scopes: readScopes(claims),
    roles: readValues(claims, 'roles'),
    permissions: joined(readStrings(claims, 'permissions'), readValues(claims, 'entitlements')),
    groups: readGroups(claims),
    authentication,
    traits: none,
  }
  if (client !== undefined) principal.client = { id: client, type: 'unknown' }
  if (actor) principal.actor = actor
  return principal
}

function joined(some: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? some : [...some, ...more]
}

/** RFC 9068 §2.2: a client's own token has the client as its subject; only a user's says how the user logged in. */
function kindOf(sub: string | undefined, clientId: string | undefined, authentication: object): Principal['kind'] {
  if (sub !== undefined && sub === clientId) return 'application'
  return sub !== undefined && Object.keys(authentication).length > 0 ? 'user' : 'unknown'
}

/**
 * Strings, or the objects of SCIM that RFC 9068 §2.2.3.1 refers to: their `value` counts (RFC 7643 §2.4), their `display` is
 * for people and may be anybody's.
 */
function readValues(claims: JsonObject, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (!Array.isArray(value)) return readStrings(claims, name)
  const items: readonly unknown[] = value
  if (areTexts(items)) return items
  return items.map((item) => (isJsonObject(item) ? readString(item, 'value') : item)).filter(isText)
}
