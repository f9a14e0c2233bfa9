// FusionAuth: access tokens of users for one application, and of entities (client credentials) for another.
import { checkOptions, checkString } from '../internal/options.ts'
import { principalKey } from '../principal/principal.ts'
import { readStrings } from '../principal/read-claims.ts'
import { notAnAccessToken } from '../jwt/claims.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { checkHost, type OneOrMore, readAlgorithms, readList } from './preset-options.ts'

export interface FusionAuthOptions {
  /** The host of the server, where its keys are. */
  readonly domain: string
  /** The issuer of the tenant, any text. Its default is `acme.com`. */
  readonly issuer: string
  /** The id of the application whose users may call, and of the entity that this API is: one of them, or both. */
  readonly audience: OneOrMore<string>
  /** The algorithms of the tenant's and the application's keys. Default `RS256`. */
  readonly algorithms?: OneOrMore<Algorithm>
}

/**
 * Trusts one tenant of FusionAuth. A user's token has the audience of the user's ID token, and the keys of both may be the same: only an
 * access token has `applicationId`, by default since 1.24, and only where the user is registered for the application. So a token
 * without it is refused, unless it is an entity's (`gty: client_credentials`, in the header before 1.60). Roles are those in the
 * application; permissions are those that the entity has of this one. Never add `applicationId` to ID tokens by a lambda.
 *
 * Refuses HS256, which is the default of a new tenant, with a hint.
 *
 * @throws TypeError for a `domain` with anything around it.
 */
export function fusionAuth(options: FusionAuthOptions): IssuerWithAudience {
  checkOptions('fusionAuth()', arguments, ['domain', 'issuer', 'audience', 'algorithms'])
  const { domain, issuer, audience, algorithms = 'RS256' } = options
  checkHost('domain', domain)
  checkString('issuer', issuer)
  return createIssuer({
    preset: 'fusionAuth',
    issuer,
    keys: { jwksUri: `https://${domain}/.well-known/jwks.json` },
    audience: readList('audience', audience),
    algorithms: readAlgorithms(algorithms),
    types: ['JWT'],
    requires: ['sub'],
    marksOfOthers: ['nonce'],
    validate: (token) =>
      hasApplication(token) === isOfEntity(token)
        ? notAnAccessToken('applicationId', token.claims.applicationId)
        : undefined,
    client: 'applicationId',
    subject: subjectOf,
    tenant: 'tid',
    scopes: 'scope',
    roles: 'roles',
    permissions: 'permissions',
    authentication: 'standard',
    hint: (reason, { header, claims }) =>
      reason === 'algorithm_not_allowed' && header.alg === 'HS256' && claims.iss === issuer
        ? 'the tenant signs with a secret (HS256): choose an RS256 key for access tokens in its settings (JWT)'
        : undefined,
  })
}

type Token = Pick<UnverifiedToken, 'header' | 'claims'>

function hasApplication({ claims }: Token): boolean {
  return typeof claims.applicationId === 'string' && claims.applicationId !== ''
}

function isOfEntity({ header, claims }: Token): boolean {
  return [header, claims].some((one) => readStrings(one, 'gty').includes('client_credentials'))
}

function subjectOf({ issuer, sub: subject, client }: Caller): Subject {
  return client === undefined
    ? { kind: 'application', key: principalKey(issuer, 'entity', subject), subject }
    : { kind: 'user', key: principalKey(issuer, subject), subject }
}
