// Auth0: an issuer with a slash at its end, and two dialects of access token.
import type { JsonObject } from '../../internal/json.ts'
import { checkOptions, checkString } from '../../internal/options.ts'
import { checkOneOf } from '../check-one-of.ts'
import { accessTokenHeader, type IssuerProfile, openIdProfile } from '../profile.ts'

export interface Auth0ProfileOptions {
  /** The tenant's domain, or a custom one: `example.eu.auth0.com`. */
  readonly domain: string
  /** The identifier of the API. */
  readonly audience: string
  /** The client that asks for tokens. Default `auth0-client`. */
  readonly clientId?: string
  /** The API's token dialect. Default `access_token`. */
  readonly dialect?: 'access_token' | 'rfc9068_profile'
}

/** An Auth0 tenant. An application's token says so in `gty` and at the end of its `sub`. */
export function auth0Like(options: Auth0ProfileOptions): IssuerProfile {
  checkOptions('auth0Like()', arguments, ['domain', 'audience', 'clientId', 'dialect'])
  const { domain, audience, clientId = 'auth0-client', dialect = 'access_token' } = options
  checkString('domain', domain)
  checkString('audience', audience)
  checkOneOf('dialect', dialect, ['access_token', 'rfc9068_profile'])
  const issuer = `https://${domain}/`
  const isProfile = dialect === 'rfc9068_profile'
  const header = (): JsonObject => (isProfile ? accessTokenHeader() : { typ: 'JWT' })
  const client = (tokenId: string): JsonObject =>
    isProfile ? { client_id: clientId, jti: tokenId } : { azp: clientId }
  return openIdProfile({
    name: 'auth0',
    jwksUri: `${issuer}.well-known/jwks.json`,
    issuer,
    audience,
    lifetimeSeconds: 86_400,
    tokens: {
      user: {
        header,
        claims: ({ tokenId }) => ({
          aud: [audience, `${issuer}userinfo`],
          sub: 'auth0|65a1c0ffee0000000000a11c',
          scope: 'openid profile',
          ...client(tokenId),
        }),
      },
      application: {
        header,
        claims: ({ tokenId }) => ({
          aud: audience,
          sub: `${clientId}@clients`,
          gty: 'client-credentials',
          ...client(tokenId),
        }),
      },
      id: { claims: () => ({ aud: clientId, sub: 'auth0|65a1c0ffee0000000000a11c', sid: 'session-1', nonce: 'n-1' }) },
    },
  })
}
