// Okta: a custom authorization server. Only Okta can read the tokens of the org authorization server.
import { checkOptions, checkString } from '../../internal/options.ts'
import { bareHeader, type IssuerProfile, openIdProfile } from '../profile.ts'

export interface OktaProfileOptions {
  /** `example.okta.com`. */
  readonly domain: string
  /** Default `default`. */
  readonly authorizationServerId?: string
  /** Default `api://default`. */
  readonly audience?: string
  /** The client that asks for tokens. Default `0oa1webapp`. */
  readonly clientId?: string
}

/** A custom authorization server of Okta. `scp` is a list, `cid` the client, and only a user's token has a `uid`. */
export function oktaLike(options: OktaProfileOptions): IssuerProfile {
  checkOptions('oktaLike()', arguments, ['domain', 'authorizationServerId', 'audience', 'clientId'])
  const { domain, authorizationServerId = 'default', audience = 'api://default', clientId = '0oa1webapp' } = options
  checkString('domain', domain)
  const issuer = `https://${domain}/oauth2/${authorizationServerId}`
  return openIdProfile({
    name: 'okta',
    jwksUri: `${issuer}/v1/keys`,
    issuer,
    audience,
    tokens: {
      user: {
        header: bareHeader,
        claims: ({ nowSeconds, tokenId }) => ({
          ver: 1,
          jti: tokenId,
          aud: audience,
          cid: clientId,
          uid: '00u1alice',
          scp: ['openid'],
          auth_time: nowSeconds,
          sub: 'alice@example.com',
        }),
      },
      application: {
        header: bareHeader,
        claims: ({ tokenId }) => ({
          ver: 1,
          jti: tokenId,
          aud: audience,
          cid: clientId,
          scp: ['api'],
          sub: clientId,
        }),
      },
      id: {
        header: bareHeader,
        claims: ({ nowSeconds, tokenId }) => ({
          ver: 1,
          jti: tokenId,
          aud: clientId,
          sub: '00u1alice',
          amr: ['pwd'],
          auth_time: nowSeconds,
          at_hash: 'preyPO8SicRtjUYH2cqDJw',
        }),
      },
    },
  })
}
