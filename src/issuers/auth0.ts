// Auth0: access tokens for an API, in both of its token profiles.
import type { AuthErrorCode, Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { printable } from '../internal/printable.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../token/access-token.ts'
import { metadataUrls } from '../trust/discovery.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../trust/issuer.ts'
import type { TypedIssuer } from '../trust/typed-issuer.ts'
import { createGroupsReader, type GroupsOptions, type GroupsReader } from './preset-claims.ts'
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
 * Trusts one Auth0 tenant for an API, in the Auth0 and in the RFC 9068 token profile. Users are those whose `sub` names
 * a connection (`auth0|123`). Refuses ID tokens, HS256, and other APIs' tokens. Opaque tokens, which clients get that ask for no
 * audience, are refused like every text that is no JWT.
 *
 * Does not read what is not verified of Auth0: organisations (`org_id`), `act`, and `acr`, `amr` and `auth_time`, which an
 * Action may add. They are in `claims`. Accepts `typ: at+jwt` without proof that the RFC 9068 profile has it.
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
    checkToken,
    principal: (claims, from) => principal(claims, from, { rolesClaim, readGroups }),
    hint: (code, token) => hint(code, token, issuer),
  }
}

function checkToken({ claims }: UnverifiedToken): Refusal | undefined {
  if (claims.sub === '') return { code: 'claim_missing', details: { claim: 'sub' } }
  return checkAccessToken(claims) ?? (Object.hasOwn(claims, 'nonce') ? notAnAccessToken('nonce') : undefined)
}

interface Named {
  readonly rolesClaim: string | undefined
  readonly readGroups: GroupsReader
}

function principal(claims: JsonObject, issuer: string, { rolesClaim, readGroups }: Named): Principal {
  const sub = String(claims.sub)
  const client = readString(claims, 'azp') ?? readString(claims, 'client_id')
  return {
    kind: kindOf(sub, claims),
    key: principalKey(issuer, sub),
    subject: sub,
    issuer,
    ...(client !== undefined && { client: { id: client, type: 'unknown' } }),
    scopes: readScopes({ scope: claims.scope }),
    roles: rolesClaim === undefined ? [] : readStrings(claims, rolesClaim),
    permissions: readStrings(claims, 'permissions'),
    groups: readGroups(claims),
    authentication: {},
    traits: sub.startsWith('anon@') ? ['anonymous'] : [],
  }
}

/** A user's `sub` is `connection|id`, and a connection may let users choose the id: what stands after the bar says nothing. */
function kindOf(sub: string, claims: JsonObject): Principal['kind'] {
  const isUser = sub.includes('|')
  if (claims.gty === 'client-credentials' || (!isUser && sub.endsWith('@clients'))) return 'application'
  return isUser || sub.startsWith('anon@') ? 'user' : 'unknown'
}

function hint(code: AuthErrorCode, { claims }: UnverifiedToken, issuer: string): string | undefined {
  const { iss } = claims
  if (code !== 'issuer_unknown' || typeof iss !== 'string' || !/^https:\/\/[^/]+\.auth0\.com\/$/.test(iss))
    return undefined
  return `the token comes from ${printable(iss)}, this API trusts ${issuer}: domain must be the one that clients get their tokens from, custom or not`
}
