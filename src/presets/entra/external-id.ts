// Microsoft Entra External ID (customers' identities): Entra's v2.0 tokens under a host of the tenant's own. The host of its
// metadata is not that of its issuer, and its keys are on no other list.
import { checkFunction, checkOptions } from '../../internal/options.ts'
import type { IssuerWithAudience } from '../../issuer/issuer.ts'
import { createGroupsReader } from '../preset-claims.ts'
import { readList } from '../preset-options.ts'
import { checkEntraKey, checkEntraToken } from './checks.ts'
import { readCustomerHost } from './customer-host.ts'
import { readGuid } from './guid.ts'
import type { EntraOptions } from './options.ts'
import { readAcl } from './many-tenants.ts'
import { completeGroups, entraPrincipal } from './principal.ts'

/** Options of `entraExternalId()`: the login host by the tenant's name in it, or by a custom domain. */
export type EntraExternalIdOptions = Pick<
  EntraOptions,
  'clientId' | 'audiences' | 'appTokens' | 'groupsAreComplete' | 'groupResolver'
> & {
  /** The directory (tenant) id, a GUID: `iss` has it twice. */
  readonly tenantId: string
} & (
    | {
        /** The name in the login host: `contoso` of `contoso.ciamlogin.com`. */
        readonly subdomain: string
        readonly domain?: undefined
      }
    | {
        /** The tenant's custom URL domain, such as `login.contoso.com`. */
        readonly domain: string
        readonly subdomain?: undefined
      }
  )

const names = [
  'tenantId',
  'subdomain',
  'domain',
  'clientId',
  'audiences',
  'appTokens',
  'groupsAreComplete',
  'groupResolver',
]

/**
 * Trusts the tokens of one external tenant for the API `clientId`. It accepts, refuses and reads them as `entra()` does: users
 * with a scope, applications with an app role.
 *
 * A custom domain is only where the metadata is (Microsoft Learn, External ID, "Enable custom URL domains"). The `iss` of its
 * tokens stays `https://{tenantId}.ciamlogin.com/{tenantId}/v2.0`: Learn does not say so, but Microsoft's own libraries expect it
 * (MSAL.NET, issuer validation of OIDC authorities). So tokens of both hosts are taken, whichever is given; give the custom one
 * where the default domain is blocked.
 *
 * @throws TypeError for ids that are no GUIDs, and a host where a name is needed.
 */
export function entraExternalId(options: EntraExternalIdOptions): IssuerWithAudience {
  checkOptions('entraExternalId()', arguments, names)
  const { audiences = [], appTokens = 'require-role', groupResolver } = options
  if (groupResolver !== undefined) checkFunction('groupResolver', groupResolver)
  const readGroups = createGroupsReader('groups', options)
  const tenant = readGuid('tenantId', options.tenantId)
  const clientId = readGuid('clientId', options.clientId)
  const host = readCustomerHost({ name: 'subdomain', domain: 'ciamlogin.com' }, options.subdomain, options.domain)
  const settings = {
    tenant,
    isMany: false,
    clientId,
    refusesApps: appTokens === 'reject',
    acl: readAcl(appTokens, false),
  }
  return {
    preset: 'entraExternalId',
    endpoints: [
      {
        issuer: `https://${tenant}.ciamlogin.com/${tenant}/v2.0`,
        keys: { metadataUrls: [`https://${host}/${tenant}/v2.0/.well-known/openid-configuration`] },
        insecureAllowHttp: false,
      },
    ],
    audience: [clientId, ...readList('audiences', audiences, 0)],
    algorithms: ['RS256'],
    types: ['JWT'],
    requiredClaims: ['tid'],
    keyCache: { graceSeconds: 24 * 60 * 60 },
    validateToken: (token) => checkEntraToken(token, settings),
    checkKey: (key, token) => checkEntraKey(key, token, 'public'),
    principal: (claims, issuer) => entraPrincipal(claims, issuer, readGroups),
    ...(groupResolver && { enrichPrincipal: (principal, claims) => completeGroups(principal, claims, groupResolver) }),
  }
}
