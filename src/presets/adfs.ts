// AD FS (2016 and newer): access tokens of one farm. Its claim rules decide the claims.
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { clientKey, principalKey } from '../principal/principal.ts'
import { readAuthentication, readString, readStrings } from '../principal/read-claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { createGroupsReader, type GroupsOptions, missing } from './preset-claims.ts'
import { checkHost, checkTexts, type OneOrMore, readList } from './preset-options.ts'

export interface AdfsOptions extends GroupsOptions {
  /** The host of the farm, such as `sts.example.com`. */
  readonly domain: string
  /** The identifier of this API as a relying party. */
  readonly audience: OneOrMore<string>
  /** The claim that names the subject for ever, by your claim rules: `sub`, an `objectguid`, a SID; never `upn` or an address. */
  readonly subjectClaim: string
  /** The `iss` of access tokens, `access_token_issuer` in the metadata. Default `http://<domain>/adfs/services/trust` †. */
  readonly issuer?: string
  /** A claim that your claim rules give to users only. A caller with it is a user. */
  readonly userClaim?: string
  /** Client ids of applications that act for themselves. A token of theirs without a subject is the application's own. */
  readonly applications?: OneOrMore<string>
  readonly rolesClaim?: string
  readonly groupsClaim?: string
}

const names = [
  'domain',
  'audience',
  'subjectClaim',
  'issuer',
  'userClaim',
  'applications',
  'rolesClaim',
  'groupsClaim',
  'groupsAreComplete',
]

const mutable = [
  'upn',
  'email',
  'emailaddress',
  'mail',
  'unique_name',
  'preferred_username',
  'name',
  'windowsaccountname',
  'samaccountname',
  'winaccountname',
  'commonname',
]

/**
 * Trusts one AD FS farm. Its access tokens have another issuer than its ID tokens. The metadata must name it, too, as
 * `access_token_issuer`. Refuses ID tokens by their `nonce`, also where both issuers are the same. Without `userClaim` and
 * `applications` every caller is `unknown`: no other claim tells.
 * † The default issuer, `appid`, `scp` and the claims that an application's token lacks are not confirmed. Does not read `apptype`.
 *
 * @throws TypeError for a `subjectClaim` whose value can pass to another user.
 */
export function adfs(options: AdfsOptions): IssuerWithAudience {
  checkOptions('adfs()', arguments, names)
  const { domain, subjectClaim, userClaim, rolesClaim, groupsClaim } = options
  checkHost('domain', domain)
  checkString('subjectClaim', subjectClaim)
  // Claim rules write short names, or the URIs that these stand for.
  if (mutable.includes(subjectClaim.slice(subjectClaim.lastIndexOf('/') + 1).toLowerCase()))
    throw new TypeError(
      `subjectClaim: a ${subjectClaim} can pass to another user; write 'sub', or a claim with an objectGUID or SID.`,
    )
  const { issuer = `http://${domain}/adfs/services/trust` } = options
  checkTexts({ issuer, userClaim, rolesClaim, groupsClaim })
  const applications = readList('applications', options.applications ?? [], 0)
  const base = `https://${domain}/adfs`
  const isUser = (claims: JsonObject): boolean => userClaim !== undefined && readStrings(claims, userClaim).length > 0
  return createIssuer({
    preset: 'adfs',
    issuer,
    keys: {
      metadataUrls: [`${base}/.well-known/openid-configuration`],
      metadataIssuer: base,
      issuerMember: 'access_token_issuer',
    },
    audience: readList('audience', options.audience),
    algorithms: ['RS256'],
    types: ['JWT'],
    nonStandardClaimTypes: ['auth_time'],
    marksOfOthers: ['nonce'],
    // A user without a subject must not get the key of the application: all of its users would share that key.
    validate({ claims }) {
      if (readString(claims, subjectClaim) !== undefined) return undefined
      // A subject that cannot be read is not the absence of one.
      const isOfClient = !Object.hasOwn(claims, subjectClaim) && !isUser(claims)
      if (isOfClient && readString(claims, 'appid') !== undefined) return undefined
      return missing(subjectClaim, 'no claim rule issues it')
    },
    client: 'appid',
    subject({ claims, issuer: from, client = '' }) {
      const subject = readString(claims, subjectClaim)
      if (subject !== undefined)
        return { kind: isUser(claims) ? 'user' : 'unknown', key: principalKey(from, subject), subject }
      const kind = applications.includes(client) ? 'application' : 'unknown'
      return { kind, key: clientKey(from, client), subject: client }
    },
    scopes: 'any',
    roles: rolesClaim,
    groups: createGroupsReader(groupsClaim, options),
    authentication: (claims) => ({ ...readAuthentication(claims), ...loginTime(claims) }),
  })
}

/** `auth_time` is ISO 8601 text here, in UTC. Without the Z it would be some server's local time, so it is ignored. */
function loginTime(claims: JsonObject): { readonly time?: number } {
  const text = readString(claims, 'auth_time') ?? ''
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? {} : { time: Math.floor(ms / 1000) }
}
