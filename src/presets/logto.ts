// Logto: access tokens for an API resource, and organization tokens.
import type { ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkStrings } from '../internal/options.ts'
import type { Principal } from '../principal/principal.ts'
import { readScopes, readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { missing, readSubject, saysLogin, unsaid } from './preset-claims.ts'
import { checkHost, readOwnAudience } from './preset-options.ts'

export interface LogtoOptions {
  /** The host of the tenant, such as `abc123.logto.app`, or its custom domain. */
  readonly host: string
  /** The indicator of the API resource that this API is. */
  readonly audience?: string | readonly string[]
  /** The ids of the organizations whose organization tokens are accepted. */
  readonly organizations?: readonly string[]
}

const organizationPrefix = 'urn:logto:organization:'

/**
 * Trusts one Logto tenant for an API resource (`audience`), for organizations (`organizations`), or for both. An organization token
 * has no resource in it: it opens every API that accepts its organization. The tenant of the principal is the organization. A client
 * that is its own subject is an application. Any other subject is `unknown`, since no claim marks a user.
 * † The issuer `https://<host>/oidc` and the default ES384 are not confirmed; RS256 is accepted as well.
 *
 * @throws TypeError without `audience` and `organizations`.
 */
export function logto(options: LogtoOptions): IssuerWithAudience {
  checkOptions('logto()', arguments, ['host', 'audience', 'organizations'])
  const { host, audience, organizations = [] } = options
  checkHost('host', host)
  checkStrings('organizations', organizations, 0)
  const resources = audience === undefined ? [] : readOwnAudience(audience)
  const accepted = [...resources, ...organizations.map((id) => `${organizationPrefix}${id}`)]
  if (accepted.length === 0) throw new TypeError('logto() needs audience, organizations, or both.')
  const issuer = `https://${host}/oidc`
  return {
    preset: 'logto',
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp: false }],
    audience: accepted,
    algorithms: ['ES384', 'RS256'],
    types: ['at+jwt'],
    requiredClaims: ['sub', 'client_id'],
    validateToken: validateToken,
    principal,
  }
}

function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const absent = ['sub', 'client_id'].find((name) => readString(claims, name) === undefined)
  if (absent !== undefined) return missing(absent)
  const [said, organization] = [readString(claims, 'organization_id'), organizationOf(claims)]
  if (said === undefined || organization === undefined || said === organization) return checkAccessToken(claims)
  return { reason: 'claim_invalid', hint: 'aud names another organization', details: { claim: 'organization_id' } }
}

function organizationOf({ aud }: JsonObject): string | undefined {
  const one: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  return typeof one === 'string' && one.startsWith(organizationPrefix)
    ? one.slice(organizationPrefix.length)
    : undefined
}

function principal(claims: JsonObject, issuer: string): Principal {
  const sub = String(claims.sub)
  const clientId = String(claims.client_id)
  const tenant = readString(claims, 'organization_id') ?? organizationOf(claims)
  return {
    ...unsaid,
    ...readSubject(issuer, { sub, client: clientId, hasLoggedIn: saysLogin(claims), other: 'unknown' }),
    issuer,
    ...(tenant !== undefined && { tenant }),
    client: { id: clientId, type: 'unknown' },
    scopes: readScopes(claims),
  }
}
