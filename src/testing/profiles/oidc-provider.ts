// node-oidc-provider: JWT access tokens by RFC 9068, which say nothing of the login.
import { checkArgumentCount } from '../../internal/options.ts'
import { accessTokenHeader, type IssuerProfile, openIdProfile } from '../profile.ts'
import { type GenericProfileOptions, readGenericOptions } from './rfc9068.ts'

/** An STS made with node-oidc-provider. An application's token has the client as its subject. */
export function oidcProviderLike(options: GenericProfileOptions = {}): IssuerProfile {
  checkArgumentCount('oidcProviderLike()', arguments, 1)
  const { issuer, audience, clientId } = readGenericOptions('oidcProviderLike()', options)
  const access = { scope: 'openid', client_id: clientId, aud: audience }
  return openIdProfile({
    name: 'oidcProvider',
    jwksUri: `${issuer.replace(/\/$/, '')}/jwks`,
    issuer,
    audience,
    tokens: {
      user: { header: accessTokenHeader, claims: ({ tokenId }) => ({ jti: tokenId, sub: 'alice', ...access }) },
      application: {
        header: accessTokenHeader,
        claims: ({ tokenId }) => ({ jti: tokenId, sub: clientId, ...access, scope: undefined }),
      },
      id: { claims: () => ({ sub: 'alice', aud: clientId, at_hash: 'preyPO8SicRtjUYH2cqDJw' }) },
    },
    at: (origin) => oidcProviderLike({ ...options, issuer: origin }),
  })
}
