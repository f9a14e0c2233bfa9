// Amazon Cognito: access tokens of one user pool. They name their audience in `client_id`, and rarely in `aud`.
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { emptyList, readAuthentication, readString } from '../principal/read-claims.ts'
import type { IssuerWithAudience, TypedIssuer } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { checkForOthers, createGroupsReader } from './preset-claims.ts'
import { checkTexts, type OneOrMore, readList } from './preset-options.ts'

export interface CognitoOptions {
  /** Such as `eu-west-1_AbCdEfGhI`. */
  readonly userPoolId: string
  /** Binds tokens to these app clients. `null` accepts those of every client of the pool. */
  readonly allowedClients: OneOrMore<string> | null
  /** The identifier that clients bind their tokens to (resource binding). Then `aud` must be it; without it, tokens that have an `aud` are refused. */
  readonly resource?: string
  /**
   * Whether a token lists all groups of its user. Write `false` where the pool has a pre token generation trigger, which can
   * replace the groups (`groupOverrideDetails`) and leave out their claim.
   *
   * @default true
   */
  readonly groupsAreComplete?: boolean
}

/**
 * Trusts one user pool. Takes only tokens with `token_use: access`, and refuses ID tokens though the pool publishes their key
 * beside the other. Users are those with a `username`, by `sub`; `device_key` is a device that a user has had remembered, so
 * it makes no caller a device. It is in `claims`, as is `origin_jti`. Cognito lists all groups of a user, and a user without
 * `cognito:groups` is in none, unless a trigger of the pool changes that: see `groupsAreComplete`.
 *
 * Does not know the hosts of the regions in China.
 *
 * @throws TypeError for a value that is no user pool id, such as its ARN or URL.
 */
export function cognito<const P extends string>(
  options: CognitoOptions & { readonly userPoolId: P },
): IssuerWithAudience & TypedIssuer<`https://cognito-idp.${string}.amazonaws.com/${P}`, unknown> {
  checkOptions('cognito()', arguments, ['userPoolId', 'allowedClients', 'resource', 'groupsAreComplete'])
  const { userPoolId, allowedClients, resource, groupsAreComplete = true } = options
  checkString('userPoolId', userPoolId)
  const [, region] = /^((?!cn-)[a-z]{2}(?:-[a-z]{2,12}){1,2}-\d)_[0-9A-Za-z]{1,55}$/.exec(userPoolId) ?? []
  if (region === undefined)
    throw new TypeError(`userPoolId must be one such as 'eu-west-1_AbCdEfGhI', with its region, not '${userPoolId}'.`)
  checkTexts({ resource })
  const clients = allowedClients === null ? null : readList('allowedClients', allowedClients)
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`
  const readGroups = createGroupsReader(claimOfGroups, { groupsAreComplete })
  return createIssuer({
    preset: 'cognito',
    issuer,
    keys: { jwksUri: `${issuer}/.well-known/jwks.json` },
    audience: clients,
    ...(clients !== null && { audienceSource: { claim: 'client_id' } }),
    algorithms: ['RS256'],
    types: [null],
    requires: ['sub', 'token_use', ...(resource === undefined ? [] : ['aud'])],
    texts: ['sub'],
    // A token that is bound to a resource is for no other resource, with any client.
    validate: ({ claims }) => checkForOthers(claims, resource === undefined ? [] : [resource]),
    client: 'client_id',
    subject: subjectOf,
    tenant: () => userPoolId,
    scopes: 'scope',
    // "A user who is in a group […] populates a cognito:groups claim to their access and identity tokens" (AWS,
    // AdminAddUserToGroup): a user without the claim is in no group. The document does not say that of clients.
    groups: (claims) =>
      Object.hasOwn(claims, claimOfGroups) || kindOf(claims) !== 'user'
        ? readGroups(claims)
        : { values: emptyList, complete: groupsAreComplete, claim: claimOfGroups },
    authentication: (claims) => readAuthentication({ auth_time: claims.auth_time }),
  })
}

const claimOfGroups = 'cognito:groups'

function kindOf(claims: JsonObject): Principal['kind'] {
  if (claims.sub === claims.client_id) return 'application'
  return readString(claims, 'username') === undefined ? 'unknown' : 'user'
}

function subjectOf({ claims, issuer, sub: subject }: Caller): Subject {
  const kind = kindOf(claims)
  return { kind, key: kind === 'application' ? clientKey(issuer, subject) : principalKey(issuer, subject), subject }
}
