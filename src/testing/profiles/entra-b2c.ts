// Azure AD B2C: one user flow (policy) of a tenant. Its issuer has a slash at its end, and its metadata is elsewhere.
import type { JsonObject } from '../../internal/json.ts'
import { checkOptions, checkString } from '../../internal/options.ts'
import type { IssuerProfile } from '../profile.ts'

export type EntraB2cProfileOptions = B2cFlowOptions &
  (
    | {
        /** The first label of `contoso.b2clogin.com`. */
        readonly tenantName: string
        readonly domain?: undefined
      }
    | {
        /** A custom domain, which the issuer names. */
        readonly domain: string
        readonly tenantName?: undefined
      }
  )

interface B2cFlowOptions {
  /** The directory (tenant) id, a GUID. */
  readonly tenantId: string
  /** The user flow, such as `B2C_1_signin`. */
  readonly policy: string
  /** The application (client) id of the API. */
  readonly clientId: string
  /** Whether the issuer names the policy, as it does when set for OpenID Connect Discovery. Default `false`. */
  readonly policyInIssuer?: boolean
}

/** A user flow of Azure AD B2C. Its tokens say `ver: 1.0` and no `tid`. */
export function entraB2cLike(options: EntraB2cProfileOptions): IssuerProfile {
  const place = options?.domain === undefined ? 'tenantName' : 'domain'
  checkOptions('entraB2cLike()', arguments, [place, 'tenantId', 'policy', 'clientId', 'policyInIssuer'])
  for (const name of [place, 'tenantId', 'policy', 'clientId'] as const) checkString(name, options[name])
  const {
    tenantName,
    domain = `${tenantName}.b2clogin.com`,
    tenantId,
    policy,
    clientId,
    policyInIssuer = false,
  } = options
  const host = `https://${domain}`
  const flow = `${host}/${tenantName === undefined ? tenantId : `${tenantName}.onmicrosoft.com`}/${policy}`
  const issuer = policyInIssuer ? `${host}/tfp/${tenantId}/${policy}/v2.0/` : `${host}/${tenantId}/v2.0/`
  const jwksUri = `${flow}/discovery/v2.0/keys`
  const claims = (nowSeconds: number): JsonObject => ({
    ver: '1.0',
    aud: clientId,
    sub: 'a11ce000-0000-4000-8000-000000000002',
    tfp: policy,
    nbf: nowSeconds,
    auth_time: nowSeconds,
  })
  return {
    name: 'entraB2c',
    issuer,
    audience: clientId,
    metadata: [{ url: `${flow}/v2.0/.well-known/openid-configuration`, document: { issuer, jwks_uri: jwksUri } }],
    keySets: [{ url: jwksUri, jwk: (one) => ({ ...one, alg: undefined }) }],
    tokens: {
      user: {
        claims: ({ nowSeconds }) => ({
          ...claims(nowSeconds),
          scp: 'access_as_user',
          azp: 'c0ffee00-0000-4000-8000-000000000001',
        }),
      },
      // As with Entra ID, an ID token for the API's own registration has the audience of an access token.
      id: { claims: ({ nowSeconds }) => ({ ...claims(nowSeconds), nonce: 'n-1' }) },
    },
  }
}
