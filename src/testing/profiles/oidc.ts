// An OpenID Provider without a character of its own: `typ: JWT`, metadata by OpenID Connect Discovery.
import { checkArgumentCount } from '../../internal/options.ts'
import type { IssuerProfile } from '../profile.ts'
import { type GenericProfileOptions, readGenericOptions } from './rfc9068.ts'

/**
 * An STS as `oidc()` expects it. Nothing but `aud` tells its ID tokens from its access tokens, and nothing in a user's token says
 * that the subject is one. It signs with ES256, whose keys are made at once: one for RSA takes a tenth of a second.
 */
export function oidcLike(options: GenericProfileOptions = {}): IssuerProfile {
  checkArgumentCount('oidcLike()', arguments, 1)
  const { issuer, audience, clientId } = readGenericOptions('oidcLike()', options)
  const base = issuer.replace(/\/$/, '')
  return {
    name: 'oidc',
    issuer,
    audience,
    algorithms: ['ES256'],
    metadata: [{ url: `${base}/.well-known/openid-configuration`, document: { issuer, jwks_uri: `${base}/jwks` } }],
    keySets: [{ url: `${base}/jwks` }],
    tokens: {
      user: { claims: ({ tokenId }) => ({ aud: audience, sub: 'alice', client_id: clientId, jti: tokenId }) },
      application: { claims: ({ tokenId }) => ({ aud: audience, sub: clientId, client_id: clientId, jti: tokenId }) },
      id: { claims: ({ nowSeconds }) => ({ aud: clientId, sub: 'alice', auth_time: nowSeconds }) },
    },
    at: (origin) => oidcLike({ ...options, issuer: origin }),
  }
}
