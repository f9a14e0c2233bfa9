// Zitadel: JWT access tokens of one instance for one project.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { subjectsBut } from './subjects.ts'
import { checkHost, checkTexts, type OneOrMore, readOptionalList } from './preset-options.ts'
import { checkShape } from './shapes.ts'

export interface ZitadelOptions {
  /** The host of the instance, such as `example-abc123.zitadel.cloud`. */
  readonly domain: string
  /** The project of this API: its audience, and the roles that count. */
  readonly projectId: string
  /** Counts only the roles granted in this organisation, under their own names. Default: all, each as `<organisation id>:<role>`. */
  readonly organization?: string
  /** The user ids of all machine users. With this list, even an empty one, every other caller is a user. Without it no caller is. */
  readonly serviceAccounts?: OneOrMore<string>
}

/**
 * Trusts one Zitadel instance for one project. Applications get opaque tokens until their token type is set to JWT. An ID token
 * has the issuer and the audience of an access token, so a token that describes a login is refused as one. Machine and
 * human users look alike: without `serviceAccounts` a caller is `unknown`. A role belongs to the organisation in which it was granted.
 * Only `urn:zitadel:iam:org:project:<projectId>:roles` counts: the claim without an id is about the project of the client that
 * asked. Scopes are not in the token. † `act`, RS256 and a missing `typ` are not confirmed.
 *
 * @throws TypeError for a `domain` with anything around it.
 */
export function zitadel(options: ZitadelOptions): IssuerWithAudience {
  checkOptions('zitadel()', arguments, ['domain', 'projectId', 'organization', 'serviceAccounts'])
  const { domain, projectId, organization } = options
  checkHost('domain', domain)
  checkShape('projectId', projectId, /[\w-]{1,200}/, '223281986649719041')
  checkTexts({ organization })
  const issuer = `https://${domain}`
  return createIssuer({
    preset: 'zitadel',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    audience: [projectId],
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt', null],
    requires: ['sub'],
    marksOfOthers: ['nonce', 'auth_time', 'amr', 'acr'],
    client: 'azp',
    subject: subjectsBut(readOptionalList('serviceAccounts', options.serviceAccounts)),
    tenant: 'urn:zitadel:iam:user:resourceowner:id',
    roles: (claims) => rolesOf(claims, `urn:zitadel:iam:org:project:${projectId}:roles`, organization),
    actor: 'act',
  })
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
