// Zitadel: JWT access tokens of one instance for one project.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions, checkString, checkStrings } from '../internal/options.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readActor, readString } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { missing, unsaid } from './preset-claims.ts'
import { checkHost, checkShape } from './preset-options.ts'

export interface ZitadelOptions {
  /** The host of the instance, such as `example-abc123.zitadel.cloud`. */
  readonly domain: string
  /** The project of this API: its audience, and the roles that count. */
  readonly projectId: string
  /** Counts only the roles granted in this organisation, under their own names. Default: all, each as `<organisation id>:<role>`. */
  readonly organization?: string
  /** The user ids of all machine users. With this list, even an empty one, every other caller is a user. Without it no caller is. */
  readonly machineUsers?: readonly string[]
}

/**
 * Trusts one Zitadel instance for one project. Applications get opaque tokens until their token type is set to JWT. An ID token
 * has the issuer and the audience of an access token, so a token that describes a login is refused as one. Machine and
 * human users look alike: without `machineUsers` a caller is `unknown`. A role belongs to the organisation in which it was granted.
 * Only `urn:zitadel:iam:org:project:<projectId>:roles` counts: the claim without an id is about the project of the client that
 * asked. Scopes are not in the token. † `act`, RS256 and a missing `typ` are not confirmed.
 *
 * @throws TypeError for a `domain` with anything around it.
 */
export function zitadel(options: ZitadelOptions): IssuerWithAudience {
  checkOptions('zitadel()', arguments, ['domain', 'projectId', 'organization', 'machineUsers'])
  const { domain, projectId, organization } = options
  checkHost('domain', domain)
  checkShape('projectId', projectId, /^[\w-]{1,200}$/, '223281986649719041')
  if (organization !== undefined) checkString('organization', organization)
  if (options.machineUsers !== undefined) checkStrings('machineUsers', options.machineUsers, 0)
  const machineUsers = options.machineUsers && [...options.machineUsers]
  const issuer = `https://${domain}`
  return {
    preset: 'zitadel',
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp: false }],
    audience: [projectId],
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt', null],
    requiredClaims: ['sub'],
    validateToken: validateToken,
    principal: (claims, from) => ({
      ...principal(claims, from, machineUsers),
      roles: rolesOf(claims, `urn:zitadel:iam:org:project:${projectId}:roles`, organization),
    }),
  }
}

function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const login = ['nonce', 'auth_time', 'amr', 'acr'].find((name) => Object.hasOwn(claims, name))
  if (login !== undefined) return notAnAccessToken(login)
  return checkAccessToken(claims) ?? (readString(claims, 'sub') === undefined ? missing('sub') : undefined)
}

/** `{ role: { organisation id: its domain } }`. */
function rolesOf(claims: JsonObject, claim: string, organization: string | undefined): readonly string[] {
  const roles = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  if (!isJsonObject(roles)) return []
  return Object.entries(roles).flatMap(([role, grants]) => {
    const organizations = isJsonObject(grants) ? Object.keys(grants) : []
    if (organization === undefined) return organizations.map((id) => `${id}:${role}`)
    return organizations.includes(organization) ? [role] : []
  })
}

function principal(claims: JsonObject, issuer: string, machineUsers: readonly string[] | undefined): Principal {
  const sub = String(claims.sub)
  const client = readString(claims, 'azp')
  const tenant = readString(claims, 'urn:zitadel:iam:user:resourceowner:id')
  const actor = readActor(claims)
  return {
    ...unsaid,
    kind: machineUsers === undefined ? 'unknown' : machineUsers.includes(sub) ? 'application' : 'user',
    key: principalKey(issuer, sub),
    subject: sub,
    issuer,
    ...(tenant !== undefined && { tenant }),
    ...(client !== undefined && { client: { id: client, type: 'unknown' } }),
    ...(actor && { actor }),
  }
}
