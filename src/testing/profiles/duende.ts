// Duende IdentityServer: `scope` is a list, and an application's token has no `sub`.
import { checkArgumentCount } from '../../internal/options.ts'
import { accessTokenHeader, type IssuerProfile, openIdProfile } from '../profile.ts'
import { type GenericProfileOptions, readGenericOptions } from './rfc9068.ts'

/** Duende IdentityServer with an API resource, which its scopes belong to. */
export function duendeLike(options: GenericProfileOptions = {}): IssuerProfile {
  checkArgumentCount('duendeLike()', arguments, 1)
  const { issuer, audience, clientId } = readGenericOptions('duendeLike()', options)
  const access = { aud: audience, client_id: clientId }
  return openIdProfile({
    name: 'duende',
    jwksUri: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration/jwks`,
    issuer,
    audience,
    tokens: {
      user: {
        header: accessTokenHeader,
        claims: ({ nowSeconds, tokenId }) => ({
          nbf: nowSeconds,
          ...access,
          sub: '818727',
          auth_time: nowSeconds,
          idp: 'local',
          amr: ['pwd'],
          scope: ['openid', 'api1'],
          jti: tokenId,
        }),
      },
      application: {
        header: accessTokenHeader,
        claims: ({ nowSeconds, tokenId }) => ({ nbf: nowSeconds, ...access, scope: ['api1'], jti: tokenId }),
      },
      id: {
        claims: ({ nowSeconds }) => ({
          nbf: nowSeconds,
          aud: clientId,
          sub: '818727',
          auth_time: nowSeconds,
          idp: 'local',
          amr: ['pwd'],
          at_hash: 'preyPO8SicRtjUYH2cqDJw',
        }),
      },
    },
    at: (origin) => duendeLike({ ...options, issuer: origin }),
  })
}
