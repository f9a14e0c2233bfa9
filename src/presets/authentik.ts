// authentik: access tokens of one OAuth2 provider, which are its ID tokens with two claims more.
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString, checkStrings } from '../internal/options.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readAuthentication, readString } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { createGroupsReader, type GroupsOptions, type GroupsReader, unsaid } from './preset-claims.ts'
import { checkHost, checkShape } from './preset-options.ts'

export interface AuthentikOptions extends GroupsOptions {
  readonly host: string
  /** The slug of the application. */
  readonly slug: string
  /** The client id of the provider: the audience of its tokens. */
  readonly clientId: string
  /** The provider's issuer mode. Default `per_provider`: `https://<host>/application/o/<slug>/`. */
  readonly issuerMode?: 'per_provider' | 'global'
  /** The provider's subject mode, as long as it is one whose subjects stay the same. Default `hashed_user_id`. */
  readonly subMode?: AuthentikSubMode
  /** The subjects of all service accounts. With this list, even an empty one, every other caller is a user. Without it no caller is. */
  readonly serviceAccounts?: readonly string[]
}

export type AuthentikSubMode = 'hashed_user_id' | 'user_id' | 'user_uuid'

const subjects: Readonly<Record<AuthentikSubMode, RegExp>> = {
  hashed_user_id: /^[\da-f]{64}$/,
  user_id: /^\d{1,20}$/,
  user_uuid: /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/,
}

/**
 * Trusts one authentik provider. Its ID tokens have the issuer, the audience and the keys of its access tokens; only access tokens
 * have `azp` and `uid`, so they are required. A provider without a signing key signs with HS256 and its client secret, which no API
 * should know: such tokens are refused. Subjects that are e-mail addresses, names or UPNs are refused, since these can pass to
 * another user. A client's own token is that of a service account, a user like any other: without `serviceAccounts` a caller is `unknown`.
 * Groups are incomplete: a property mapping writes `groups`, where the client asks for its scope, and says which are in it.
 * Scopes are not in the token. † `entitlements` are not confirmed and not read. Encrypted tokens (JWE) are refused.
 *
 * @throws TypeError for a subject mode whose subjects can pass to another user.
 */
export function authentik(options: AuthentikOptions): IssuerWithAudience {
  const names = ['host', 'slug', 'clientId', 'issuerMode', 'subMode', 'serviceAccounts', 'groupsAreComplete']
  checkOptions('authentik()', arguments, names)
  const { host, slug, clientId, issuerMode = 'per_provider', subMode = 'hashed_user_id' } = options
  checkHost('host', host)
  checkShape('slug', slug, /^[\w-]{1,255}$/, 'orders-api')
  checkString('clientId', clientId)
  if (!['per_provider', 'global'].includes(issuerMode))
    throw new TypeError("issuerMode must be 'per_provider' or 'global'.")
  if (!Object.hasOwn(subjects, subMode))
    throw new TypeError(
      `subMode must be one of ${Object.keys(subjects).join(', ')}: the others give subjects that can pass to another user.`,
    )
  if (options.serviceAccounts !== undefined) checkStrings('serviceAccounts', options.serviceAccounts, 0)
  const serviceAccounts = options.serviceAccounts && [...options.serviceAccounts]
  const readGroups = createGroupsReader('groups', options)
  const provider = `https://${host}/application/o/${slug}/`
  const issuer = issuerMode === 'global' ? `https://${host}/` : provider
  const keys = { metadataUrls: [`${provider}.well-known/openid-configuration`] }
  return {
    preset: 'authentik',
    endpoints: [{ issuer, keys, insecureAllowHttp: false }],
    audience: [clientId],
    algorithms: ['RS256', 'ES256', 'ES384', 'ES512'],
    types: ['JWT', null],
    requiredClaims: ['sub'],
    validateToken: (token) => validateToken(token, subMode),
    principal: (claims, from) => principal(claims, from, { serviceAccounts, readGroups }),
    hint: (code, token) => hint(code, token, issuer),
  }
}

function validateToken({ claims }: UnverifiedToken, subMode: AuthentikSubMode): ValidationError | undefined {
  const absent = ['azp', 'uid'].find((name) => readString(claims, name) === undefined)
  if (absent !== undefined) return notAnAccessToken(absent)
  const refusal = checkAccessToken(claims)
  if (refusal || subjects[subMode].test(String(claims.sub))) return refusal
  const told = `sub is none of the subject mode ${subMode}: set the provider's subject mode to it, or the option subMode to another stable one`
  return { reason: 'claim_invalid', hint: told, details: { claim: 'sub' } }
}

interface Reading {
  readonly serviceAccounts: readonly string[] | undefined
  readonly readGroups: GroupsReader
}

function principal(claims: JsonObject, issuer: string, { serviceAccounts, readGroups }: Reading): Principal {
  const sub = String(claims.sub)
  return {
    ...unsaid,
    kind: serviceAccounts === undefined ? 'unknown' : serviceAccounts.includes(sub) ? 'application' : 'user',
    key: principalKey(issuer, sub),
    subject: sub,
    issuer,
    client: { id: String(claims.azp), type: 'unknown' },
    groups: readGroups(claims),
    authentication: readAuthentication(claims),
  }
}

function hint(reason: AuthErrorReason, { header, claims }: UnverifiedToken, issuer: string): string | undefined {
  if (reason !== 'algorithm_not_allowed' || header.alg !== 'HS256' || claims.iss !== issuer) return undefined
  return 'the provider has no signing key and signs with its client secret: choose a signing key in its settings'
}
