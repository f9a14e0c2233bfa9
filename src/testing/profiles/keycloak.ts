// Keycloak: one realm. The payload's `typ` says what kind of token it is, the header's does not.
import type { JsonObject } from '../../internal/json.ts'
import { checkArgumentCount, checkOptionNames } from '../../internal/options.ts'
import { type IssuerProfile, openIdProfile, type TokenContext } from '../profile.ts'

export interface KeycloakProfileOptions {
  /** Where Keycloak is. Default `https://keycloak.example.com`. */
  readonly baseUrl?: string
  /** Default `main`. */
  readonly realm?: string
  /** The `aud` of an audience mapper. Default `account`, which is there without a mapper. */
  readonly audience?: string
  /** The client that asks for tokens. Default `web-app`. */
  readonly clientId?: string
}

const alice = '5c1fb0a2-0000-4000-8000-00000000a11c'
const serviceAccount = '5c1fb0a2-0000-4000-8000-0000000005ac'

/** A realm of Keycloak, whose roles are in `realm_access` and `resource_access`. */
export function keycloakLike(options: KeycloakProfileOptions = {}): IssuerProfile {
  checkArgumentCount('keycloakLike()', arguments, 1)
  checkOptionNames('keycloakLike()', options, ['baseUrl', 'realm', 'audience', 'clientId'])
  const {
    baseUrl = 'https://keycloak.example.com',
    realm = 'main',
    audience = 'account',
    clientId = 'web-app',
  } = options
  const issuer = `${baseUrl}/realms/${realm}`
  const access = ({ tokenId }: TokenContext): JsonObject => ({
    jti: tokenId,
    aud: audience,
    typ: 'Bearer',
    azp: clientId,
    acr: '1',
    realm_access: { roles: ['offline_access', 'uma_authorization'] },
    resource_access: { account: { roles: ['view-profile'] } },
    scope: 'profile email',
  })
  return openIdProfile({
    name: 'keycloak',
    jwksUri: `${issuer}/protocol/openid-connect/certs`,
    issuer,
    audience,
    lifetimeSeconds: 300,
    tokens: {
      user: {
        claims: (context) => ({
          ...access(context),
          sub: alice,
          auth_time: context.nowSeconds,
          sid: 'session-1',
          preferred_username: 'alice',
        }),
      },
      application: {
        claims: (context) => ({
          ...access(context),
          sub: serviceAccount,
          preferred_username: `service-account-${clientId}`,
          client_id: clientId,
          clientHost: '192.0.2.1',
          clientAddress: '192.0.2.1',
        }),
      },
      id: {
        claims: ({ nowSeconds, tokenId }) => ({
          jti: tokenId,
          aud: clientId,
          typ: 'ID',
          azp: clientId,
          sub: alice,
          auth_time: nowSeconds,
          at_hash: 'preyPO8SicRtjUYH2cqDJw',
          sid: 'session-1',
          preferred_username: 'alice',
        }),
      },
    },
    at: (origin) => keycloakLike({ ...options, baseUrl: origin }),
  })
}
