// The generic issuer: any STS that publishes metadata or a JWK Set and signs JWT access tokens.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkBoolean, checkOptions, checkString } from '../internal/options.ts'
import { checkAddress, withoutLogin } from '../internal/urls.ts'
import { clientKey, type Principal } from '../principal/principal.ts'
import {
  areTexts,
  isText,
  emptyList,
  readActor,
  readAuthentication,
  readScopes,
  readString,
  readStrings,
} from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import { type Algorithm, allAlgorithms } from '../crypto/algorithms.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type {
  Issuer,
  IssuerEndpoint,
  IssuerWithAudience,
  JwkSet,
  TypedIssuer,
  UnverifiedToken,
} from '../issuer/issuer.ts'
import { refuseMicrosoftHost } from './microsoft-hosts.ts'
import {
  createGroupsReader,
  type GroupsOptions,
  type GroupsReader,
  isLogin,
  missing,
  readSubject,
  saysLogin,
} from './preset-claims.ts'
import { checkIssuerUrl, type OneOrMore, readAlgorithms, readAudience, readList, readTypes } from './preset-options.ts'

export interface OidcOptions extends GroupsOptions {
  /**
   * The issuer identifier, exactly as the token's `iss` has it: a trailing slash counts. A URL, unless `jwksUri` or `jwks` says
   * where the keys are: then any text.
   */
  readonly issuer: string
  /** The audience that `aud` must name. Replaces the verifier's `audience`. `null` turns the check off for this issuer. */
  readonly audience?: OneOrMore<string> | null
  /** The address of the JWK Set, when the STS publishes no metadata. */
  readonly jwksUri?: string
  /** The keys themselves: then nothing is ever fetched, and a rotation needs a new configuration. */
  readonly jwks?: JwkSet
  /** The signature algorithms of the STS. Default: every algorithm that claimcheck verifies. Keys without `alg` are bound to the first that fits. */
  readonly algorithms?: OneOrMore<Algorithm>
  /** Accepted `typ` of the header; `null` stands for none. Default `['at+jwt', 'JWT', null]`. */
  readonly typ?: OneOrMore<string | null>
  /** Claims that must be there, besides `iss`, `exp` and `aud`. */
  readonly requiredClaims?: OneOrMore<string>
  /** Allows plain `http:` in `issuer` and `jwksUri` beyond this machine. An attacker on that wire can make up keys. */
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
 * `jwksUri`, or in `jwks`. Reads `roles`, `groups` and `entitlements` as lists of strings or of SCIM objects
 * (RFC 9068 §2.2.3.1), `act`, and the login of the user.
 *
 * A client that is its own subject is an application, a subject that has logged in is a user, any other is `unknown`. Keys
 * keep a client apart from a user of its name. A token that is both (its own subject, and logged in) is of kind `unknown`,
 * with a key of its own. Every other `sub` names one subject, "locally unique in the context of the issuer"
 * (RFC 7519 §4.1.2). So the key stays the same where a token leaves the login out. Use the STS's preset where applications
 * and users can have the same names.
 *
 * Does not tell an ID token from an access token where the STS marks neither: then only `aud` does, so never use a client id
 * as the audience of an API.
 *
 * @throws TypeError for an option that can never work, with the value to write instead where it is known.
 */
export function oidc<const I extends string>(
  options: OidcOptions & { readonly issuer: I; readonly audience: OneOrMore<string> | null },
): IssuerWithAudience & TypedIssuer<I, unknown>
export function oidc<const I extends string>(
  options: OidcOptions & { readonly issuer: I },
): Issuer & TypedIssuer<I, unknown>
export function oidc(options: OidcOptions): Issuer {
  checkOptions('oidc()', arguments, optionNames)
  const { issuer, audience, algorithms = allAlgorithms, typ = ['at+jwt', 'JWT', null], requiredClaims = [] } = options
  const { insecureAllowHttp = false } = options
  checkIssuer(options)
  const readGroups = createGroupsReader('groups', options, readValues)
  return {
    preset: 'oidc',
    endpoints: [{ issuer, keys: keysOf(options), insecureAllowHttp }],
    ...(audience !== undefined && { audience: readAudience(audience) }),
    algorithms: readAlgorithms(algorithms),
    types: readTypes(typ),
    requiredClaims: readList('requiredClaims', requiredClaims, 0),
    validateToken: validateToken,
    principal: (claims, from) => principal(claims, from, readGroups),
  }
}

/**
 * Trusts one issuer that follows the JWT profile for access tokens to the letter (RFC 9068): `typ` is `at+jwt`, and
 * `iss exp aud sub client_id iat jti` are all there. Takes the options of `oidc`, but for `typ`.
 */
export function rfc9068<const I extends string>(
  options: Omit<OidcOptions, 'typ'> & { readonly issuer: I; readonly audience: OneOrMore<string> },
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

/** Checks the form of an issuer. Metadata is found only at a URL; an issuer whose keys are given may be any text. */
function checkIssuer({ issuer, jwks, jwksUri, insecureAllowHttp = false }: OidcOptions): void {
  checkString('issuer', issuer)
  if (/^https?:/i.test(issuer)) return checkIssuerUrl('issuer', issuer, insecureAllowHttp)
  checkBoolean('insecureAllowHttp', insecureAllowHttp)
  refuseMicrosoftHost('issuer', issuer)
  if (jwks === undefined && jwksUri === undefined) {
    throw new TypeError(
      `issuer '${withoutLogin(issuer)}' is no https URL, so nothing says where its keys are: give jwksUri or jwks, or write a URL such as 'https://sts.example.com'.`,
    )
  }
  if (/^\s|\s$|\p{Cc}/u.test(issuer))
    throw new TypeError('issuer must have no spaces at its ends and no control characters.')
}

function keysOf({ issuer, jwks, jwksUri, insecureAllowHttp = false }: OidcOptions): IssuerEndpoint['keys'] {
  if (jwks !== undefined && jwksUri !== undefined) throw new TypeError('Give jwks or jwksUri, not both.')
  if (jwks !== undefined) {
    if (!Array.isArray(jwks?.keys) || jwks.keys.length === 0)
      throw new TypeError('jwks must be a JWK Set with at least one key.')
    return { jwks }
  }
  if (jwksUri === undefined) return { metadataUrls: metadataUrls(issuer) }
  checkAddress('jwksUri', jwksUri, insecureAllowHttp)
  return { jwksUri }
}

function validateToken({ claims, issuer }: UnverifiedToken): ValidationError | undefined {
  const refusal = checkAccessToken(claims)
  if (refusal || readString(claims, 'sub')) return refusal
  if (readString(claims, 'client_id') === undefined) {
    const ofKeycloak = isOfKeycloak(issuer) ? ' (in Keycloak, give the client the scope basic)' : ''
    return missing('sub', `the token names no caller: neither sub nor client_id is there${ofKeycloak}`)
  }
  // Users without a name would all have the key of the client.
  if (!Object.hasOwn(claims, 'sub') && !saysLogin(claims)) return undefined
  return missing(
    'sub',
    'the subject is not the client (a user has logged in, or sub is empty), and the token does not name it',
  )
}

/** Every realm of Keycloak has an issuer of this form. */
function isOfKeycloak(issuer = ''): boolean {
  return /\/realms\/[^/]+$/.test(issuer)
}

function principal(claims: JsonObject, issuer: string, readGroups: GroupsReader): Principal {
  const client = readString(claims, 'client_id') ?? readString(claims, 'azp')
  const authentication = readAuthentication(claims)
  const { kind, key, subject } = subjectOf(issuer, claims, isLogin(authentication))
  const actor = readActor(claims)
  const principal: { -readonly [name in keyof Principal]: Principal[name] } = {
    kind,
    key,
    subject,
    issuer,
    scopes: readScopes(claims),
    roles: readValues(claims, 'roles'),
    permissions: joined(readStrings(claims, 'permissions'), readValues(claims, 'entitlements')),
    groups: readGroups(claims),
    authentication,
    traits: emptyList,
  }
  if (client !== undefined) principal.client = { id: client, type: 'unknown' }
  if (actor) principal.actor = actor
  return principal
}

function joined(some: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? some : [...some, ...more]
}

/** RFC 9068 §2.2: a client's own token has the client as its subject. Only a user's token describes the login. */
function subjectOf(issuer: string, claims: JsonObject, hasLoggedIn: boolean): ReturnType<typeof readSubject> {
  const sub = readString(claims, 'sub')
  const clientId = readString(claims, 'client_id')
  if (sub === undefined) return { kind: 'unknown', key: clientKey(issuer, clientId ?? ''), subject: clientId ?? '' }
  const client = clientId ?? readString(claims, 'azp')
  const subject = readSubject(issuer, { sub, client, hasLoggedIn, other: hasLoggedIn ? 'user' : 'unknown' })
  // An azp does not prove an application: RFC 9068 names the client in client_id.
  return subject.kind === 'application' && clientId === undefined ? { ...subject, kind: 'unknown' } : subject
}

/**
 * Strings, or the objects of SCIM that RFC 9068 §2.2.3.1 refers to. Their `value` counts (RFC 7643 §2.4). Their `display` is
 * for people, and several objects may share it.
 */
function readValues(claims: JsonObject, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (!Array.isArray(value)) return readStrings(claims, name)
  const items: readonly unknown[] = value
  if (areTexts(items)) return items
  return items.map((item) => (isJsonObject(item) ? readString(item, 'value') : item)).filter(isText)
}
