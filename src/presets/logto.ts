// Logto: access tokens for an API resource, and organization tokens.
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { readString } from '../principal/read-claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { subjectsOrClient } from './subjects.ts'
import { checkHost, type OneOrMore, readList } from './preset-options.ts'

export interface LogtoOptions {
  /** The host of the tenant, such as `abc123.logto.app`, or its custom domain. */
  readonly domain: string
  /** The indicator of the API resource that this API is. */
  readonly audience?: OneOrMore<string>
  /** The ids of the organizations whose organization tokens are accepted. */
  readonly organizations?: OneOrMore<string>
}

const organizationPrefix = 'urn:logto:organization:'

/**
 * Trusts one Logto tenant for an API resource (`audience`), for organizations (`organizations`), or for both. An organization token
 * has no resource in it: it opens every API that accepts its organization. The tenant of the principal is the organization. A client
 * that is its own subject is an application. Any other subject is `unknown`, since no claim marks a user.
 * † The issuer `https://<domain>/oidc` and the default ES384 are not confirmed; RS256 is accepted as well.
 *
 * @throws TypeError without `audience` and `organizations`.
 */
export function logto(options: LogtoOptions): IssuerWithAudience {
  checkOptions('logto()', arguments, ['domain', 'audience', 'organizations'])
  const { domain, audience, organizations = [] } = options
  checkHost('domain', domain)
  const resources = audience === undefined ? [] : readList('audience', audience)
  const allowed = readList('organizations', organizations, 0).map((id) => `${organizationPrefix}${id}`)
  if (resources.length + allowed.length === 0) throw new TypeError('logto() needs audience, organizations, or both.')
  const issuer = `https://${domain}/oidc`
  return createIssuer({
    preset: 'logto',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    audience: [...resources, ...allowed],
    algorithms: ['ES384', 'RS256'],
    types: ['at+jwt'],
    requires: ['sub', 'client_id'],
    validate: ({ claims }) => {
      const [said, organization] = [readString(claims, 'organization_id'), organizationOf(claims)]
      if (said === undefined || organization === undefined || said === organization) return undefined
      const details = { claim: 'organization_id' }
      return { reason: 'claim_invalid', hint: 'aud names another organization', details }
    },
    client: 'client_id',
    subject: subjectsOrClient('unknown'),
    tenant: (claims) => readString(claims, 'organization_id') ?? organizationOf(claims),
    scopes: 'any',
  })
}

function organizationOf({ aud }: JsonObject): string | undefined {
  const one: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  return typeof one === 'string' && one.startsWith(organizationPrefix)
    ? one.slice(organizationPrefix.length)
    : undefined
}
