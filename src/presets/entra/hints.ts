// Hints for tokens of Entra that are refused. For logs: the sender may have made up every claim.
import type { AuthErrorReason } from '../../errors/auth-error.ts'
import { type JsonObject, printable } from '../../internal/json.ts'
import { readString } from '../../principal/read-claims.ts'
import type { UnverifiedToken } from '../../issuer/issuer.ts'
import { clientIdOf } from './claims.ts'
import { guid } from './guid.ts'
import { clouds, cloudsOf, issuerOf } from './clouds.ts'
import type { EntraSettings } from './settings.ts'

const graph = ['00000003-0000-0000-c000-000000000000', 'https://graph.microsoft.com', 'https://graph.microsoft.com/']

/** Graph's tokens have format 1.0, whatever an API's registration says. */
export function isForGraph({ aud }: JsonObject): boolean {
  return graph.includes(String(aud))
}

/** The hint for a token that the API with `clientId` can never verify. */
export function resourceHint(claims: JsonObject, clientId: string): string {
  const resource = isForGraph(claims) ? 'Microsoft Graph' : 'a Microsoft API'
  return `the token is for ${resource} (aud ${printable(claims.aud)}), and only that API can verify it: ask for a scope of this API, such as api://${clientId}/access_as_user`
}

/** The hint for a refused token, where there is a better one than the check's own. */
export function entraHint(
  reason: AuthErrorReason,
  token: UnverifiedToken,
  settings: EntraSettings,
): string | undefined {
  if (reason === 'issuer_unknown') return issuerHint(token, settings)
  // A hint about the issuer is about whose token it is not; the others are only about tokens of this preset's tenants.
  if (!isOurs(token, settings)) return undefined
  if (reason === 'audience_mismatch') return audienceHint(token, settings)
  if (reason === 'key_not_found') return keyHint(settings)
  return undefined
}

function isOurs({ claims }: UnverifiedToken, { cloud, tenant, isMany }: EntraSettings): boolean {
  const iss = readString(claims, 'iss') ?? ''
  return cloudsOf(iss).includes(cloud) && (isMany || iss.split('/').includes(tenant))
}

function issuerHint({ claims }: UnverifiedToken, settings: EntraSettings): string | undefined {
  const { cloud, tenant, isMany, versions, clientId } = settings
  const iss = readString(claims, 'iss') ?? ''
  if (/^https:\/\/[a-z0-9-]+\.b2clogin\.(com|cn)\//.test(iss))
    return 'the token is of Azure AD B2C: write entraB2C({ ... })'
  if (/^https:\/\/[a-z0-9-]+\.ciamlogin\.com\//.test(iss))
    return 'the token is of Entra External ID: write entraExternalId({ ... })'
  const [of] = cloudsOf(iss)
  if (of === undefined) return undefined
  if (!cloudsOf(iss).includes(cloud))
    return `the token is of another cloud: write cloud: '${of}' if this API belongs there`
  if (isForGraph(claims)) return resourceHint(claims, clientId)
  const mine = String(claims.tid)
  const isV1 = iss === issuerOf(cloud, '1.0', mine)
  if (isV1 && !versions.includes('1.0')) {
    return "the token is of format 1.0: set api.requestedAccessTokenVersion to 2 (accessTokenAcceptedVersion) in this API's registration, or allow versions: ['1.0', '2.0']"
  }
  if (iss === issuerOf(cloud, '2.0', mine) && !versions.includes('2.0'))
    return "the token is of format 2.0: allow versions: ['1.0', '2.0']"
  if (!isMany && mine !== tenant) {
    return `the token is of the tenant ${printable(mine)}, and only ${tenant} may come in: the client must log in at that tenant. To allow several, write tenant: 'organizations' with allowedTenants`
  }
  return undefined
}

function audienceHint({ claims }: UnverifiedToken, { clientId }: EntraSettings): string {
  const received = printable(claims.aud)
  if (claims.aud === clientIdOf(claims)) {
    return `the token is for the client itself (aud ${received} is its own id): ask for a scope of this API, such as api://${clientId}/access_as_user`
  }
  if (typeof claims.aud === 'string' && claims.aud.toLowerCase().includes(clientId)) {
    return `aud is another spelling of this API's id: if '${received}' is an application ID URI of its registration, add it to audiences`
  }
  // Never offered for `audiences`: the id of another application is another API.
  if (typeof claims.aud === 'string' && guid.test(claims.aud.toLowerCase()))
    return `the token is for the API with the id ${received}, and this one is ${clientId}: ask for a scope of this API, such as api://${clientId}/access_as_user`
  return `this API is ${clientId} or api://${clientId}: if '${received}' is an application ID URI of its registration, add it to audiences; else the token is for another API`
}

function keyHint({ customSigningKeys, clientId, tenant, cloud }: EntraSettings): string {
  const reasons = [
    customSigningKeys
      ? `the signing key of the registration ${clientId} is not published yet, or customSigningKeys: true is wrong`
      : "the API's registration may have its own signing key (claims mapping, acceptMappedClaims): then write customSigningKeys: true",
    `the token may come from another cloud than ${cloud} (${clouds[cloud].login}), or another tenant than ${tenant}`,
    'the token may be for an external tenant (External ID), which has keys of its own: entraExternalId({ ... })',
  ]
  return `no published key has this kid: ${reasons.join('; ')}`
}
