// An STS that follows the JWT profile for access tokens to the letter (RFC 9068), with metadata by RFC 8414.
import { checkArgumentCount, checkOptionNames } from '../../internal/options.ts'
import { accessTokenHeader, type IssuerProfile } from '../profile.ts'

/** For the STSs that have no rules of their own. */
export interface GenericProfileOptions {
  /** Default `https://sts.example.com`. */
  readonly issuer?: string
  /** The identifier of the API. Default `https://api.example.com`. */
  readonly audience?: string
  /** The client that asks for tokens. Default `web-app`. */
  readonly clientId?: string
}

/** The options with their defaults. @throws TypeError for an unknown option. */
export function readGenericOptions(where: string, options: GenericProfileOptions): Required<GenericProfileOptions> {
  checkOptionNames(where, options, ['issuer', 'audience', 'clientId'])
  return { issuer: 'https://sts.example.com', audience: 'https://api.example.com', clientId: 'web-app', ...options }
}

/**
 * An STS as `rfc9068()` expects it. A user's token says how the user logged in (`auth_time`, `acr`, `amr`, RFC 9068 §2.2.1); an
 * application's has the client as its subject. It signs with ES256, as `oidcLike()` does.
 */
export function rfc9068Like(options: GenericProfileOptions = {}): IssuerProfile {
  checkArgumentCount('rfc9068Like()', arguments, 1)
  const { issuer, audience, clientId } = readGenericOptions('rfc9068Like()', options)
  const { origin, pathname } = new URL(issuer)
  const jwksUri = `${issuer.replace(/\/$/, '')}/jwks`
  return {
    name: 'rfc9068',
    issuer,
    audience,
    algorithms: ['ES256'],
    metadata: [
      {
        url: `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`,
        document: { issuer, jwks_uri: jwksUri },
      },
    ],
    keySets: [{ url: jwksUri }],
    tokens: {
      user: {
        header: accessTokenHeader,
        claims: ({ nowSeconds, tokenId }) => ({
          aud: audience,
          sub: 'alice',
          client_id: clientId,
          jti: tokenId,
          auth_time: nowSeconds,
          acr: '1',
          amr: ['pwd'],
        }),
      },
      application: {
        header: accessTokenHeader,
        claims: ({ tokenId }) => ({ aud: audience, sub: clientId, client_id: clientId, jti: tokenId }),
      },
      id: {
        claims: ({ nowSeconds }) => ({ aud: clientId, sub: 'alice', auth_time: nowSeconds, nonce: 'n-0S6_WzA2Mj' }),
      },
    },
    at: (origin) => rfc9068Like({ ...options, issuer: origin }),
  }
}
