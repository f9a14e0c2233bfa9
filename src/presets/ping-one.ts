// PingOne: access tokens of one environment for a custom resource.
import type { ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString, checkStrings } from '../internal/options.ts'
import { ambiguousKey, clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { readActor, readAuthentication, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { createGroupsReader, type GroupsOptions, missing, unsaid } from './preset-claims.ts'
import { checkHost, checkShape, readOwnAudience } from './preset-options.ts'

export interface PingOneOptions extends GroupsOptions {
  /** The environment's id, a UUID. */
  readonly environmentId: string
  /** The audience of the custom resource that this API is. */
  readonly audience: string | readonly string[]
  /** The host of the environment's region, such as `auth.pingone.eu`. Default `auth.pingone.com`. */
  readonly host?: string
  /** Client ids of applications that act for themselves. A token of theirs without a login is the application's own. */
  readonly applications?: readonly string[]
  /** The claims that hold roles and groups, where the resource has attributes for them. */
  readonly rolesClaim?: string
  readonly groupsClaim?: string
}

/**
 * Trusts one PingOne environment. Accepts `typ: at+jwt`, which every token has from 2027-03-02 on, and what comes before: `JWT` and
 * none. A token with a login (`acr`, the sign-on policy, or `auth_time`) is a user's; a client's own token says
 * neither. That is all that tells applications, so they are `unknown` unless `applications` names them. Refuses ID tokens, which have no
 * `client_id`. † The name `act` is not confirmed; an environment with a custom domain has another issuer: use `oidc`.
 *
 * @throws TypeError for an `environmentId` that is no UUID, or a `host` with anything around it.
 */
export function pingOne(options: PingOneOptions): IssuerWithAudience {
  const names = ['environmentId', 'audience', 'host', 'applications', 'rolesClaim', 'groupsClaim', 'groupsAreComplete']
  checkOptions('pingOne()', arguments, names)
  const { environmentId, host = 'auth.pingone.com', rolesClaim, groupsClaim } = options
  checkStrings('applications', options.applications ?? [], 0)
  const applications = [...(options.applications ?? [])]
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
    validateToken: validateToken,
    principal: (claims, from) => ({
      ...principal(claims, from, { environmentId, applications }),
      roles: rolesClaim === undefined ? [] : readStrings(claims, rolesClaim),
      groups: readGroups(claims),
    }),
  }
}

function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const refusal = checkAccessToken(claims) ?? (Object.hasOwn(claims, 'nonce') ? notAnAccessToken('nonce') : undefined)
  if (refusal) return refusal
  if (readString(claims, 'client_id') === undefined)
    return missing('client_id', 'client_id is not there, so this looks like an ID token: send the access token instead')
  // Users without a name would all have the key of the client; an empty sub is not the absence of one.
  const hasSubject = Object.hasOwn(claims, 'sub') || hasLoggedIn(claims)
  return hasSubject && readString(claims, 'sub') === undefined ? missing('sub') : undefined
}

/** "This claim is not present for client_credentials tokens" (PingOne, token claims, of `acr` and `auth_time`). */
function hasLoggedIn(claims: JsonObject): boolean {
  const { acr, time } = readAuthentication(claims)
  return acr !== undefined || time !== undefined
}

type Reading = Pick<PingOneOptions, 'environmentId'> & { readonly applications: readonly string[] }

function principal(claims: JsonObject, issuer: string, { environmentId, applications }: Reading): Principal {
  const clientId = String(claims.client_id)
  const actor = readActor(claims)
  return {
    ...unsaid,
    ...subjectOf(claims, issuer, applications.includes(clientId)),
    issuer,
    tenant: environmentId,
    client: { id: clientId, type: 'unknown' },
    scopes: readScopes(claims),
    ...(actor && { actor }),
    authentication: readAuthentication(claims),
  }
}

function subjectOf(
  claims: JsonObject,
  issuer: string,
  isApplication: boolean,
): Pick<Principal, 'kind' | 'key' | 'subject'> {
  const clientId = String(claims.client_id)
  const subject = readString(claims, 'sub') ?? clientId
  const isLogin = hasLoggedIn(claims)
  if (subject !== clientId) return { kind: isLogin ? 'user' : 'unknown', key: principalKey(issuer, subject), subject }
  if (isLogin) return { kind: 'unknown', key: ambiguousKey(issuer, subject), subject }
  return { kind: isApplication ? 'application' : 'unknown', key: clientKey(issuer, subject), subject }
}
