// Ory Hydra with JWT access tokens: `scp` is a list, and the application's own claims are in `ext`.
import { checkArgumentCount } from '../../internal/options.ts'
import { type IssuerProfile, openIdProfile } from '../profile.ts'
import { type GenericProfileOptions, readGenericOptions } from './rfc9068.ts'

/** Ory Hydra. Without an audience that the client asked for, `aud` would be an empty list. */
export function hydraLike(options: GenericProfileOptions = {}): IssuerProfile {
  checkArgumentCount('hydraLike()', arguments, 1)
  const { issuer, audience, clientId } = readGenericOptions('hydraLike()', options)
  const base = issuer.replace(/\/$/, '')
  const access = { aud: [audience], client_id: clientId, ext: {}, scp: ['openid'] }
  return openIdProfile({
    name: 'hydra',
    jwksUri: `${base}/.well-known/jwks.json`,
    issuer,
    audience,
    tokens: {
      user: { claims: ({ nowSeconds, tokenId }) => ({ ...access, sub: 'alice', nbf: nowSeconds, jti: tokenId }) },
      application: {
        claims: ({ nowSeconds, tokenId }) => ({ ...access, sub: clientId, nbf: nowSeconds, jti: tokenId }),
      },
      id: {
        claims: ({ nowSeconds, tokenId }) => ({
          aud: [clientId],
          sub: 'alice',
          auth_time: nowSeconds,
          at_hash: 'preyPO8SicRtjUYH2cqDJw',
          jti: tokenId,
        }),
      },
    },
    at: (origin) => hydraLike({ ...options, issuer: origin }),
  })
}
