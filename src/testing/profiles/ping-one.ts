// PingOne: from 2027-03-02 on every access token has `typ: at+jwt`.
import type { JsonObject } from '../../internal/json.ts'
import { checkOptions, checkString } from '../../internal/options.ts'
import { accessTokenHeader, type IssuerProfile, openIdProfile } from '../profile.ts'

export interface PingOneProfileOptions {
  readonly environmentId: string
  /** The resource's audience. */
  readonly audience: string
  /** Default `web-app`. */
  readonly clientId?: string
  /** Whether tokens have the type that comes in 2027. Default `false`. */
  readonly typed?: boolean
}

/** An environment of PingOne. Only a user's token has `acr` and `auth_time`. Its issuer's form is not verified. */
export function pingOneLike(options: PingOneProfileOptions): IssuerProfile {
  checkOptions('pingOneLike()', arguments, ['environmentId', 'audience', 'clientId', 'typed'])
  const { environmentId, audience, clientId = 'web-app', typed = false } = options
  checkString('environmentId', environmentId)
  checkString('audience', audience)
  const issuer = `https://auth.pingone.com/${environmentId}/as`
  const header = (): JsonObject => (typed ? accessTokenHeader() : { typ: 'JWT' })
  const access = { client_id: clientId, aud: [audience], env: environmentId }
  const alice = '11ce0000-0000-4000-8000-00000000a11c'
  return openIdProfile({
    name: 'pingOne',
    jwksUri: `${issuer}/jwks`,
    issuer,
    audience,
    tokens: {
      user: {
        header,
        claims: ({ nowSeconds }) => ({
          ...access,
          sub: alice,
          acr: 'Single_Factor',
          auth_time: nowSeconds,
          scope: 'openid',
        }),
      },
      application: { header, claims: () => ({ ...access, scope: 'api' }) },
      id: { claims: ({ nowSeconds }) => ({ aud: clientId, sub: alice, acr: 'Single_Factor', auth_time: nowSeconds }) },
    },
  })
}
