// Amazon Cognito: a user pool. An access token has no `aud`: `client_id` and `token_use` name its purpose.
import { checkOptions, checkString } from '../../internal/options.ts'
import { bareHeader, type IssuerProfile, openIdProfile } from '../profile.ts'

export interface CognitoProfileOptions {
  /** `eu-central-1_AbCdEf123`: the region is its beginning. */
  readonly userPoolId: string
  /** The app client. */
  readonly clientId: string
}

const alice = '7a1ce000-0000-4000-8000-00000000a11c'

/** A Cognito user pool. `audience` is the app client, which stands in `client_id`. */
export function cognitoLike(options: CognitoProfileOptions): IssuerProfile {
  checkOptions('cognitoLike()', arguments, ['userPoolId', 'clientId'])
  const { userPoolId, clientId } = options
  checkString('userPoolId', userPoolId)
  checkString('clientId', clientId)
  const issuer = `https://cognito-idp.${userPoolId.split('_')[0]}.amazonaws.com/${userPoolId}`
  return openIdProfile({
    name: 'cognito',
    jwksUri: `${issuer}/.well-known/jwks.json`,
    issuer,
    audience: clientId,
    audienceClaim: 'client_id',
    tokens: {
      user: {
        header: bareHeader,
        claims: ({ nowSeconds, tokenId }) => ({
          sub: alice,
          client_id: clientId,
          origin_jti: 'origin-1',
          token_use: 'access',
          scope: 'openid',
          auth_time: nowSeconds,
          jti: tokenId,
          username: 'alice',
        }),
      },
      application: {
        header: bareHeader,
        claims: ({ nowSeconds, tokenId }) => ({
          sub: clientId,
          client_id: clientId,
          token_use: 'access',
          scope: 'api/read',
          auth_time: nowSeconds,
          jti: tokenId,
        }),
      },
      id: {
        header: bareHeader,
        claims: ({ nowSeconds, tokenId }) => ({
          sub: alice,
          aud: clientId,
          token_use: 'id',
          auth_time: nowSeconds,
          jti: tokenId,
          'cognito:username': 'alice',
        }),
      },
    },
  })
}
