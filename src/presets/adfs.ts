// AD FS (2016 and newer): access tokens of one farm. Its claim rules decide the claims.
import type { ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString, checkStrings } from '../internal/options.ts'
import { clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { readAuthentication, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { createGroupsReader, type GroupsOptions, type GroupsReader, missing, unsaid } from './preset-claims.ts'
import { checkHost, readOwnAudience } from './preset-options.ts'

export interface AdfsOptions extends GroupsOptions {
  /** The host of the farm, such as `sts.example.com`. */
  readonly host: string
  /** The identifier of this API as a relying party. */
  readonly audience: string | readonly string[]
  /** The claim that names the subject for ever, by your claim rules: `sub`, an `objectguid`, a SID; never `upn` or an address. */
  readonly subjectClaim: string
  /** The `iss` of access tokens, `access_token_issuer` in the metadata. Default `http://<host>/adfs/services/trust` †. */
  readonly issuer?: string
  /** A claim that your claim rules give to users only. A caller with it is a user. */
  readonly userClaim?: string
  /** Client ids of applications that act for themselves. A token of theirs without a subject is the application's own. */
  readonly applications?: readonly string[]
  readonly rolesClaim?: string
  readonly groupsClaim?: string
}

const names = [
  'host',
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
  const { host, subjectClaim, userClaim, applications = [], rolesClaim, groupsClaim } = options
  checkHost('host', host)
  checkString('subjectClaim', subjectClaim)
  // Claim rules write short names, or the URIs that these stand for.
  if (mutable.includes(subjectClaim.toLowerCase().replace(/^.*\//s, '')))
    throw new TypeError(
      `subjectClaim: a ${subjectClaim} can pass to another user; write 'sub', or a claim with an objectGUID or SID.`,
    )
  checkStrings('applications', applications, 0)
  for (const [name, value] of Object.entries({ userClaim, rolesClaim, groupsClaim }))
    if (value !== undefined) checkString(name, value)
  const { issuer = `http://${host}/adfs/services/trust` } = options
  checkString('issuer', issuer)
  const readGroups = createGroupsReader(groupsClaim, options)
  const reading = { subjectClaim, userClaim, applications: [...applications], rolesClaim, readGroups }
  const base = `https://${host}/adfs`
  const keys = {
    metadataUrls: [`${base}/.well-known/openid-configuration`],
    metadataIssuer: base,
    issuerMember: 'access_token_issuer',
  }
  return {
    preset: 'adfs',
    endpoints: [{ issuer, keys, insecureAllowHttp: false }],
    audience: readOwnAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT'],
    requiredClaims: [],
    nonStandardClaimTypes: ['auth_time'],
    validateToken: ({ claims }) => validateToken(claims, reading),
    principal: (claims, from) => principal(claims, from, reading),
  }
}

/** A user without a subject must not get the key of the application: all of its users would share that key. */
function validateToken(claims: UnverifiedToken['claims'], options: Reading): ValidationError | undefined {
  if (Object.hasOwn(claims, 'nonce')) return notAnAccessToken('nonce')
  const { subjectClaim } = options
  const isNamed = readString(claims, subjectClaim) !== undefined
  // A subject that cannot be read is not the absence of one.
  const isOfClient = !Object.hasOwn(claims, subjectClaim) && !isUser(claims, options)
  const lacksSubject = !isNamed && !(isOfClient && readString(claims, 'appid') !== undefined)
  return checkAccessToken(claims) ?? (lacksSubject ? missing(subjectClaim, 'no claim rule issues it') : undefined)
}

function isUser(claims: JsonObject, { userClaim }: Reading): boolean {
  return userClaim !== undefined && readStrings(claims, userClaim).length > 0
}

/** The claims to read, as they were when the preset was made. */
interface Reading {
  readonly subjectClaim: string
  readonly userClaim: string | undefined
  readonly applications: readonly string[]
  readonly rolesClaim: string | undefined
  readonly readGroups: GroupsReader
}

function principal(claims: JsonObject, issuer: string, options: Reading): Principal {
  const { subjectClaim, rolesClaim, readGroups } = options
  const subject = readString(claims, subjectClaim)
  const appId = readString(claims, 'appid')
  return {
    ...unsaid,
    kind: kindOf(claims, options),
    key: subject === undefined ? clientKey(issuer, appId ?? '') : principalKey(issuer, subject),
    subject: subject ?? appId ?? '',
    issuer,
    ...(appId !== undefined && { client: { id: appId, type: 'unknown' } }),
    scopes: readScopes(claims),
    roles: rolesClaim === undefined ? [] : readStrings(claims, rolesClaim),
    groups: readGroups(claims),
    authentication: { ...readAuthentication(claims), ...loginTime(claims) },
  }
}

function kindOf(claims: JsonObject, options: Reading): Principal['kind'] {
  if (isUser(claims, options)) return 'user'
  const hasSubject = readString(claims, options.subjectClaim) !== undefined
  return !hasSubject && options.applications.includes(String(claims.appid)) ? 'application' : 'unknown'
}

/** `auth_time` is ISO 8601 text here, in UTC. Without the Z it would be some server's local time, so it is ignored. */
function loginTime(claims: JsonObject): { readonly time?: number } {
  const text = readString(claims, 'auth_time') ?? ''
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? {} : { time: Math.floor(ms / 1000) }
}
