// Amazon Cognito: access tokens of one user pool. They name their audience in `client_id`, and rarely in `aud`.
import type { ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString, checkStrings } from '../internal/options.ts'
import { clientKey, type Principal, type PrincipalGroups, principalKey } from '../principal/principal.ts'
import { emptyList, readAuthentication, readScopes, readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import { checkForOthers, createGroupsReader, type GroupsReader } from './preset-claims.ts'

export interface CognitoOptions {
  /** Such as `eu-west-1_AbCdEfGhI`. */
  readonly userPoolId: string
  /** The app clients whose tokens are accepted. `null` accepts those of every client of the pool. */
  readonly clientId: string | readonly string[] | null
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
  checkOptions('cognito()', arguments, ['userPoolId', 'clientId', 'resource', 'groupsAreComplete'])
  const { userPoolId, clientId, resource, groupsAreComplete = true } = options
  checkString('userPoolId', userPoolId)
  const [, region] = /^((?!cn-)[a-z]{2}(?:-[a-z]{2,12}){1,2}-\d)_[0-9A-Za-z]{1,55}$/.exec(userPoolId) ?? []
  if (region === undefined)
    throw new TypeError(`userPoolId must be one such as 'eu-west-1_AbCdEfGhI', with its region, not '${userPoolId}'.`)
  const clients: unknown = clientId === null || Array.isArray(clientId) ? clientId : [clientId]
  if (clients !== null) checkStrings('clientId', clients)
  if (resource !== undefined) checkString('resource', resource)
  const groups = { read: createGroupsReader(claimOfGroups, { groupsAreComplete }), areComplete: groupsAreComplete }
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`
  return {
    preset: 'cognito',
    endpoints: [{ issuer, keys: { jwksUri: `${issuer}/.well-known/jwks.json` }, insecureAllowHttp: false }],
    audience: clients === null ? null : [...clients],
    ...(clients !== null && { audienceSource: { claim: 'client_id' } }),
    algorithms: ['RS256'],
    types: [null],
    requiredClaims: ['sub', 'token_use', ...(resource === undefined ? [] : ['aud'])],
    validateToken: (token) => validateToken(token, resource),
    principal: (claims, from) => principal(claims, from, { tenant: userPoolId, groups }),
  }
}

function validateToken({ claims }: UnverifiedToken, resource: string | undefined): ValidationError | undefined {
  const refusal = checkAccessToken(claims)
  if (refusal) return refusal
  if (claims.sub === '') return { reason: 'claim_missing', details: { claim: 'sub' } }
  // A token that is bound to a resource is for no other resource, with any client.
  return checkForOthers(claims, resource === undefined ? [] : [resource])
}

const claimOfGroups = 'cognito:groups'

interface GroupsReading {
  readonly read: GroupsReader
  readonly areComplete: boolean
}

interface Reading {
  readonly tenant: string
  readonly groups: GroupsReading
}

function principal(claims: JsonObject, issuer: string, { tenant, groups }: Reading): Principal {
  const sub = String(claims.sub)
  const client = readString(claims, 'client_id')
  const isClient = sub === client
  const kind = kindOf(claims, isClient)
  return {
    kind,
    key: isClient ? clientKey(issuer, sub) : principalKey(issuer, sub),
    subject: sub,
    issuer,
    tenant,
    ...(client !== undefined && { client: { id: client, type: 'unknown' } }),
    scopes: readScopes({ scope: claims.scope }),
    roles: [],
    permissions: [],
    groups: groupsOf(claims, kind, groups),
    authentication: readAuthentication({ auth_time: claims.auth_time }),
    traits: [],
  }
}

/**
 * "A user who is in a group […] populates a cognito:groups claim to their access and identity tokens" (AWS, AdminAddUserToGroup):
 * a user without the claim is in no group. The document does not say that of clients.
 */
function groupsOf(claims: JsonObject, kind: Principal['kind'], { read, areComplete }: GroupsReading): PrincipalGroups {
  if (kind !== 'user' || Object.hasOwn(claims, claimOfGroups)) return read(claims)
  return { values: emptyList, complete: areComplete, claim: claimOfGroups }
}

function kindOf(claims: JsonObject, isClient: boolean): Principal['kind'] {
  if (isClient) return 'application'
  return readString(claims, 'username') === undefined ? 'unknown' : 'user'
}
