// Microsoft Entra External ID: tokens like Entra ID's, an issuer on another host than its metadata.
import { checkOptions, checkString } from '../../internal/options.ts'
import type { IssuerProfile } from '../profile.ts'
import { entraLike } from './entra.ts'

export type EntraExternalIdProfileOptions = {
  /** The directory (tenant) id, a GUID. */
  readonly tenantId: string
  /** The application (client) id of the API. */
  readonly clientId: string
} & (
  | {
      /** The first label of `contoso.ciamlogin.com`. */
      readonly subdomain: string
      readonly domain?: undefined
    }
  | {
      /** A custom domain: it has the metadata and the keys, and no token names it. */
      readonly domain: string
      readonly subdomain?: undefined
    }
)

/** A customers' tenant of Entra External ID, in token format 2.0. */
export function entraExternalIdLike(options: EntraExternalIdProfileOptions): IssuerProfile {
  const name = options?.domain === undefined ? 'subdomain' : 'domain'
  checkOptions('entraExternalIdLike()', arguments, [name, 'tenantId', 'clientId'])
  checkString(name, options[name])
  const { subdomain, domain = `${subdomain}.ciamlogin.com`, tenantId, clientId } = options
  const { tokens, lifetimeSeconds = 3900 } = entraLike({ tenant: tenantId, clientId })
  const issuer = `https://${tenantId}.ciamlogin.com/${tenantId}/v2.0`
  const place = `https://${domain}/${tenantId}`
  const jwksUri = `${place}/discovery/v2.0/keys`
  return {
    name: 'entraExternalId',
    issuer,
    audience: clientId,
    lifetimeSeconds,
    metadata: [{ url: `${place}/v2.0/.well-known/openid-configuration`, document: { issuer, jwks_uri: jwksUri } }],
    keySets: [{ url: jwksUri, jwk: (one) => ({ ...one, alg: undefined, x5t: one.kid, issuer }) }],
    tokens,
  }
}
