// Auth0: access tokens for an API, in both of its token profiles.
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import { type JsonObject, printable } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import {
  createGroupsReader,
  type GroupsOptions,
  type GroupsReader,
  missing,
  readProfile,
  readProfiledActor,
} from './preset-claims.ts'
import { checkDomain, readAudience } from './preset-options.ts'

export interface Auth0Options extends GroupsOptions {
  /** `tenant.eu.auth0.com`, or the custom domain if clients get their tokens from there: tokens then name it as their issuer. */
  readonly domain: string
  /** The identifier of the API. `null` turns the check off. */
  readonly audience: string | readonly string[] | null
  /** The namespaced claim that an Action writes roles into, such as `https://example.com/roles`. */
  readonly rolesClaim?: string
  /** The same for groups. */
  readonly groupsClaim?: string
}

/**
 * Trusts one Auth0 tenant for an API, in the Auth0 (`typ: JWT`) and in the RFC 9068 (`at+jwt`) token profile. A `sub` that
 * names a connection (`auth0|123`) is a user. The organization (`org_id`) is the tenant. An AI agent as subject
 * (`sub_profile`) is of kind `unknown` with the trait `agent`. Its customer chose its `sub` freely, so its key is in a space
 * of its own. Auth0 sends `sub_profile` only where the API has `agent_subject_claims: 'auth0-v1'`: set it before agents call.
 *
 * Refuses ID tokens, which name no client in `azp` or `client_id`, HS256, and other APIs' tokens. Clients that ask for no
 * audience get opaque tokens. These are refused like every text that is no JWT. Does not read `acr`, `amr` and `auth_time`,
 * which an Action may add: they are in `claims`.
 *
 * @throws TypeError for a domain that is none, and for the audience `https://{domain}/userinfo`, which many tokens share.
 */
export function auth0<const D extends string>(
  options: Auth0Options & { readonly domain: D },
): IssuerWithAudience & TypedIssuer<`https://${D}/`, unknown> {
  checkOptions('auth0()', arguments, ['domain', 'audience', 'rolesClaim', 'groupsClaim', 'groupsAreComplete'])
  const { domain, rolesClaim, groupsClaim } = options
  checkDomain('domain', domain)
  if (rolesClaim !== undefined) checkString('rolesClaim', rolesClaim)
  if (groupsClaim !== undefined) checkString('groupsClaim', groupsClaim)
  const readGroups = createGroupsReader(groupsClaim, options)
  const audience = readAudience(options.audience)
  const issuer = `https://${domain}/`
  if (audience?.includes(`${issuer}userinfo`))
    throw new TypeError(`audience '${issuer}userinfo' is in tokens for every API: write the identifier of yours.`)
  return {
    preset: 'auth0',
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp: false }],
    audience,
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt'],
    requiredClaims: ['sub'],
    validateToken: validateToken,
    principal: (claims, from) => principal(claims, from, { rolesClaim, readGroups }),
    hint: (code, token) => hint(code, token, issuer),
  }
}

function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  if (claims.sub === '') return { reason: 'claim_missing', details: { claim: 'sub' } }
  const refusal = checkAccessToken(claims) ?? (Object.hasOwn(claims, 'nonce') ? notAnAccessToken('nonce') : undefined)
  if (refusal || clientOf(claims) !== undefined) return refusal
  const hint = 'neither azp nor client_id is there, so this looks like an ID token: send the access token instead'
  return missing('azp', hint)
}

/** The client: `azp` in the Auth0 profile, `client_id` in that of RFC 9068. */
function clientOf(claims: JsonObject): string | undefined {
  return readString(claims, 'azp') ?? readString(claims, 'client_id')
}

interface Named {
  readonly rolesClaim: string | undefined
  readonly readGroups: GroupsReader
}

function principal(claims: JsonObject, issuer: string, { rolesClaim, readGroups }: Named): Principal {
  const sub = String(claims.sub)
  const tenant = readString(claims, 'org_id')
  const actor = readProfiledActor(claims)
  return {
    ...subjectOf(issuer, sub, claims),
    subject: sub,
    issuer,
    ...(tenant !== undefined && { tenant }),
    client: { id: String(clientOf(claims)), type: 'unknown' },
    scopes: readScopes({ scope: claims.scope }),
    roles: rolesClaim === undefined ? [] : readStrings(claims, rolesClaim),
    permissions: readStrings(claims, 'permissions'),
    groups: readGroups(claims),
    ...(actor && { actor }),
    authentication: {},
  }
}

const softwareProfiles = ['service', 'browser_app', 'native_app']

/**
 * Ids that Auth0 makes differ in form: `connection|id` of users, `id@clients` of clients, `anon@id`. They share one space of
 * keys: `gty` and `sub_profile` are not in every token, and must not change a key. Names that a customer chose are apart.
 */
function subjectOf(issuer: string, sub: string, claims: JsonObject): Pick<Principal, 'kind' | 'key' | 'traits'> {
  const profile = readProfile(claims)
  if (profile.includes('ai_agent'))
    return { kind: 'unknown', key: principalKey(issuer, 'agent', sub), traits: ['agent'] }
  const key = principalKey(issuer, sub)
  // A connection may let users choose their id: the text after the bar proves nothing.
  const isUser = sub.includes('|')
  if (!isUser && sub.endsWith('@clients')) return { kind: 'application', key, traits: [] }
  if (claims.gty === 'client-credentials' || profile.some((word) => softwareProfiles.includes(word)))
    return { kind: 'application', key: clientKey(issuer, sub), traits: [] }
  if (sub.startsWith('anon@')) return { kind: 'user', key, traits: ['anonymous'] }
  return { kind: isUser ? 'user' : 'unknown', key, traits: [] }
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken, issuer: string): string | undefined {
  const { iss } = claims
  if (reason !== 'issuer_unknown' || typeof iss !== 'string' || !/^https:\/\/[^/]+\.auth0\.com\/$/.test(iss))
    return undefined
  return `the token comes from ${printable(iss)}, this API trusts ${issuer}: domain must be the one that clients get their tokens from, custom or not`
}
