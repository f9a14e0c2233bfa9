// PingOne: access tokens of one environment for a custom resource.
import type { Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { readActor, readAuthentication, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../token/access-token.ts'
import { metadataUrls } from '../trust/discovery.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../trust/issuer.ts'
import { createGroupsReader, type GroupsOptions, missing, unsaid } from './preset-claims.ts'
import { checkHost, checkShape, readOwnAudience } from './preset-options.ts'

export interface PingOneOptions extends GroupsOptions {
  /** The environment's id, a UUID. */
  readonly environmentId: string
  /** The audience of the custom resource that this API is. */
  readonly audience: string | readonly string[]
  /** The host of the environment's region, such as `auth.pingone.eu`. Default `auth.pingone.com`. */
  readonly host?: string
  /** Which claims hold roles and groups, where the resource has attributes for them. */
  readonly rolesClaim?: string
  readonly groupsClaim?: string
}

/**
 * Trusts one PingOne environment. Accepts `typ: at+jwt`, which every token has from 2027-03-02 on, and what comes before: `JWT` and
 * none. A token that says how somebody has logged in (`acr`, the sign-on policy, or `auth_time`) is a user's; † of the others it is
 * not confirmed that they are applications', so they are `unknown`. † The issuer `https://<host>/<environment>/as` and the names
 * `client_id`, `scope` and `act` are not confirmed either; an environment with a custom domain has another issuer: use `oidc`.
 *
 * @throws TypeError for an `environmentId` that is no UUID, or a `host` with anything around it.
 */
export function pingOne(options: PingOneOptions): IssuerWithAudience {
  const names = ['environmentId', 'audience', 'host', 'rolesClaim', 'groupsClaim', 'groupsAreComplete']
  checkOptions('pingOne()', arguments, names)
  const { environmentId, host = 'auth.pingone.com', rolesClaim, groupsClaim } = options
  const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/
  checkShape('environmentId', environmentId, uuid, 'abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6')
  checkHost('host', host)
  if (rolesClaim !== undefined) checkString('rolesClaim', rolesClaim)
  if (groupsClaim !== undefined) checkString('groupsClaim', groupsClaim)
  const readGroups = createGroupsReader(groupsClaim, options)
  const issuer = `https://${host}/${environmentId}/as`
  return {
    preset: 'pingOne',
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp: false }],
    audience: readOwnAudience(options.audience),
    algorithms: ['RS256'],
    types: ['at+jwt', 'JWT', null],
    requiredClaims: [],
    checkToken,
    principal: (claims, from) => ({
      ...principal(claims, from, environmentId),
      roles: rolesClaim === undefined ? [] : readStrings(claims, rolesClaim),
      groups: readGroups(claims),
    }),
  }
}

function checkToken({ claims }: UnverifiedToken): Refusal | undefined {
  if (Object.hasOwn(claims, 'nonce')) return notAnAccessToken('nonce')
  const isNobody = readString(claims, 'sub') === undefined && readString(claims, 'client_id') === undefined
  return checkAccessToken(claims) ?? (isNobody ? missing('sub') : undefined)
}

function principal(claims: JsonObject, issuer: string, environmentId: string): Principal {
  const sub = readString(claims, 'sub')
  const clientId = readString(claims, 'client_id')
  const authentication = readAuthentication(claims)
  const { acr, time } = authentication
  const actor = readActor(claims)
  const isClient = sub === undefined || sub === clientId
  return {
    ...unsaid,
    kind: !isClient && (acr !== undefined || time !== undefined) ? 'user' : 'unknown',
    key: isClient ? clientKey(issuer, clientId ?? '') : principalKey(issuer, sub),
    subject: sub ?? clientId ?? '',
    issuer,
    tenant: environmentId,
    ...(clientId !== undefined && { client: { id: clientId, type: 'unknown' } }),
    scopes: readScopes(claims),
    ...(actor && { actor }),
    authentication,
  }
}
