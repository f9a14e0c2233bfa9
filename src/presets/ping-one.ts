// PingOne: access tokens of one environment for a custom resource.
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { ambiguousKey, clientKey, principalKey } from '../principal/principal.ts'
import { readAuthentication, readString } from '../principal/read-claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { createGroupsReader, type GroupsOptions, missing } from './preset-claims.ts'
import { checkHost, checkTexts, type OneOrMore, readList } from './preset-options.ts'
import { checkShape, uuid } from './shapes.ts'

export interface PingOneOptions extends GroupsOptions {
  /** The environment's id, a UUID. */
  readonly environmentId: string
  /** The audience of the custom resource that this API is. */
  readonly audience: OneOrMore<string>
  /** The host of the environment's region, such as `auth.pingone.eu`. Default `auth.pingone.com`. */
  readonly domain?: string
  /** Client ids of applications that act for themselves. A token of theirs without a login is the application's own. */
  readonly applications?: OneOrMore<string>
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
 * @throws TypeError for an `environmentId` that is no UUID, or a `domain` with anything around it.
 */
export function pingOne(options: PingOneOptions): IssuerWithAudience {
  const names = [
    'environmentId',
    'audience',
    'domain',
    'applications',
    'rolesClaim',
    'groupsClaim',
    'groupsAreComplete',
  ]
  checkOptions('pingOne()', arguments, names)
  const { environmentId, domain = 'auth.pingone.com', rolesClaim, groupsClaim } = options
  checkShape('environmentId', environmentId, uuid, 'abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6')
  checkHost('domain', domain)
  checkTexts({ rolesClaim, groupsClaim })
  const applications = readList('applications', options.applications ?? [], 0)
  const issuer = `https://${domain}/${environmentId}/as`
  return createIssuer({
    preset: 'pingOne',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    audience: readList('audience', options.audience),
    algorithms: ['RS256'],
    types: ['at+jwt', 'JWT', null],
    marksOfOthers: ['nonce'],
    validate({ claims }) {
      if (readString(claims, 'client_id') === undefined)
        return missing(
          'client_id',
          'client_id is not there, so this looks like an ID token: send the access token instead',
        )
      // Users without a name would all have the key of the client; an empty sub is not the absence of one.
      const hasSubject = Object.hasOwn(claims, 'sub') || hasLoggedIn(claims)
      return hasSubject && readString(claims, 'sub') === undefined ? missing('sub') : undefined
    },
    client: 'client_id',
    subject: (caller) => subjectOf(caller, applications),
    tenant: () => environmentId,
    scopes: 'any',
    roles: rolesClaim,
    groups: createGroupsReader(groupsClaim, options),
    actor: 'act',
    authentication: 'standard',
  })
}

/** "This claim is not present for client_credentials tokens" (PingOne, token claims, of `acr` and `auth_time`). */
function hasLoggedIn(claims: JsonObject): boolean {
  const { acr, time } = readAuthentication(claims)
  return acr !== undefined || time !== undefined
}

function subjectOf({ claims, issuer, client = '' }: Caller, applications: readonly string[]): Subject {
  const subject = readString(claims, 'sub') ?? client
  const isLogin = hasLoggedIn(claims)
  if (subject !== client) return { kind: isLogin ? 'user' : 'unknown', key: principalKey(issuer, subject), subject }
  if (isLogin) return { kind: 'unknown', key: ambiguousKey(issuer, subject), subject }
  const kind = applications.includes(client) ? 'application' : 'unknown'
  return { kind, key: clientKey(issuer, subject), subject }
}
