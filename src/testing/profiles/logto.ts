// Logto: node-oidc-provider underneath, so `at+jwt`; organizations have an audience of their own.
import { checkOptions, checkString } from '../../internal/options.ts'
import { accessTokenHeader, type IssuerProfile, openIdProfile } from '../profile.ts'

export interface LogtoProfileOptions {
  /** Default `https://example.logto.app/oidc`. */
  readonly issuer?: string
  /** The API resource, or `urn:logto:organization:` and the organization's id. */
  readonly audience: string
  /** Default `web-app`. */
  readonly clientId?: string
}

/** A tenant of Logto. That it signs with ES384, and its issuer's form, are not verified. */
export function logtoLike(options: LogtoProfileOptions): IssuerProfile {
  checkOptions('logtoLike()', arguments, ['issuer', 'audience', 'clientId'])
  const { issuer = 'https://example.logto.app/oidc', audience, clientId = 'web-app' } = options
  checkString('audience', audience)
  const access = { aud: audience, client_id: clientId, scope: 'read:orders' }
  return openIdProfile({
    name: 'logto',
    jwksUri: `${issuer}/jwks`,
    issuer,
    audience,
    algorithms: ['ES384'],
    tokens: {
      user: { header: accessTokenHeader, claims: ({ tokenId }) => ({ jti: tokenId, sub: 'alice0000001', ...access }) },
      application: { header: accessTokenHeader, claims: ({ tokenId }) => ({ jti: tokenId, sub: clientId, ...access }) },
      id: { claims: () => ({ sub: 'alice0000001', aud: clientId, at_hash: 'preyPO8SicRtjUYH2cqDJw' }) },
    },
    at: (origin) => logtoLike({ ...options, issuer: `${origin}/oidc` }),
  })
}
