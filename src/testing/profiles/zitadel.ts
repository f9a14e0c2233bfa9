// Zitadel: roles are an object, and neither the caller's kind nor its scopes are in an access token.
import { checkOptions, checkString } from '../../internal/options.ts'
import { type IssuerProfile, openIdProfile } from '../profile.ts'

export interface ZitadelProfileOptions {
  /** Default `https://example.zitadel.cloud`. */
  readonly issuer?: string
  /** The project's id, which stands in `aud` beside its clients. */
  readonly projectId: string
  /** Default `web-app`. */
  readonly clientId?: string
}

/** An instance of Zitadel whose access tokens are JWTs. Users and machines look alike. */
export function zitadelLike(options: ZitadelProfileOptions): IssuerProfile {
  checkOptions('zitadelLike()', arguments, ['issuer', 'projectId', 'clientId'])
  const { issuer = 'https://example.zitadel.cloud', projectId, clientId = 'web-app' } = options
  checkString('projectId', projectId)
  const aud = [clientId, projectId]
  const roles = { 'urn:zitadel:iam:org:project:roles': { reader: { '170000000000000001': 'acme.example' } } }
  return openIdProfile({
    name: 'zitadel',
    jwksUri: `${issuer}/oauth/v2/keys`,
    issuer,
    audience: projectId,
    lifetimeSeconds: 43_200,
    tokens: {
      user: {
        claims: ({ nowSeconds, tokenId }) => ({
          aud,
          sub: '170000000000000002',
          azp: clientId,
          nbf: nowSeconds,
          jti: tokenId,
          ...roles,
        }),
      },
      application: {
        claims: ({ nowSeconds, tokenId }) => ({
          aud,
          sub: '170000000000000003',
          nbf: nowSeconds,
          jti: tokenId,
          ...roles,
        }),
      },
      id: {
        claims: ({ nowSeconds }) => ({
          aud,
          sub: '170000000000000002',
          azp: clientId,
          auth_time: nowSeconds,
          amr: ['pwd'],
          at_hash: 'preyPO8SicRtjUYH2cqDJw',
        }),
      },
    },
    at: (origin) => zitadelLike({ ...options, issuer: origin }),
  })
}
