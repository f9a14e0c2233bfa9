// Microsoft Entra ID: one tenant or many, v1.0 and v2.0 access tokens. ID tokens share their issuer, keys and audience, and are
// refused.
import { checkArgumentCount } from '../../internal/options.ts'
import type { IssuerEndpoint, IssuerWithAudience, TypedIssuer } from '../../issuer/issuer.ts'
import { checkEntraKey, checkEntraToken } from './checks.ts'
import { clouds, type EntraIssuerName, type EntraVersion, issuerOf, placeholder } from './clouds.ts'
import { entraHint } from './hints.ts'
import { guid } from './guid.ts'
import type { EntraOptions } from './options.ts'
import { type EntraSettings, readEntraOptions } from './settings.ts'
import { completeGroups, entraPrincipal } from './principal.ts'

/**
 * Trusts the tokens of one Entra ID tenant, or of many, for the API `clientId`, in the formats 1.0 and 2.0. Accepts tokens of
 * users that carry a scope, of applications that carry an app role, and of devices that carry either. Refuses ID tokens, tokens
 * for Microsoft Graph, and an application's token without a role: every application of a tenant can get one. A vanished key
 * serves for 24 hours, since Entra's lists lose keys and regain them.
 *
 * Does not read e-mail addresses or names, does not decrypt tokens, and knows a device or an agent only where Entra says so.
 * An app role that was granted a managed identity may show a day late: its platform keeps tokens for 24 hours.
 *
 * @example entra({ tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', clientId: 'b1c2d3e4-0000-4000-8000-00000000beef' })
 * @example entra({ tenant: 'organizations', clientId, allowedTenants: (tenant) => customers.has(tenant) })
 * @throws TypeError for a tenant or client id that is no GUID, and for many tenants without a choice of those allowed.
 */
export function entra(options: EntraOptions): IssuerWithAudience & TypedIssuer<EntraIssuerName, unknown> {
  checkArgumentCount('entra()', arguments, 1)
  const settings = readEntraOptions(options)
  const { clientId, audiences, isTenantAllowed, readGroups, groupResolver, cloud } = settings
  return {
    preset: 'entra',
    endpoints: settings.versions.map((version) => endpointOf(version, settings)),
    audience: [clientId, `api://${clientId}`, ...audiences].flatMap((one) => [one, slashToggled(one)]),
    algorithms: ['RS256'],
    types: ['JWT'],
    requiredClaims: ['tid'],
    // Two reads of Entra's keys may differ: a kid may be missing for hours and come back.
    keyCache: { graceSeconds: 24 * 60 * 60 },
    validateToken: (token) => checkEntraToken(token, settings),
    ...(isTenantAllowed && { isTenantAllowed: ({ claims }) => isTenantAllowed(String(claims.tid)) }),
    checkKey: (key, token) => checkEntraKey(key, token, cloud),
    principal: (claims, issuer) => entraPrincipal(claims, issuer, readGroups),
    ...(groupResolver && { enrichPrincipal: (principal, claims) => completeGroups(principal, claims, groupResolver) }),
    hint: (code, token) => entraHint(code, token, settings),
  }
}

/** Each token format has its own issuer and its own metadata; only the metadata of its own format has its keys. */
function endpointOf(version: EntraVersion, settings: EntraSettings): IssuerEndpoint {
  const { tenant, isMany, cloud, keysPerTenant, customSigningKeys, clientId } = settings
  const documents = isMany && keysPerTenant ? placeholder : tenant
  const base = `${clouds[cloud].login}/${documents}${version === '2.0' ? '/v2.0' : ''}`
  const query = customSigningKeys ? `?appid=${clientId}` : ''
  return {
    issuer: issuerOf(cloud, version, isMany ? placeholder : tenant),
    ...(isMany && { tenants: { placeholder, pattern: guid, keys: keysPerTenant ? 'each' : 'shared' } }),
    keys: { metadataUrls: [`${base}/.well-known/openid-configuration${query}`] },
    insecureAllowHttp: false,
  }
}

/** v1.0 tokens carry the audience that the client asked for, "with or without a trailing slash". */
function slashToggled(audience: string): string {
  return audience.endsWith('/') ? audience.slice(0, -1) : `${audience}/`
}
