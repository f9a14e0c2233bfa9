// authentik: access tokens of one OAuth2 provider, which are its ID tokens with two claims more.
import { checkOptions, checkString } from '../internal/options.ts'
import { whole } from '../internal/patterns.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { subjectsBut } from './subjects.ts'
import { createGroupsReader, type GroupsOptions } from './preset-claims.ts'
import { checkHost, type OneOrMore, readOptionalList } from './preset-options.ts'
import { checkShape, uuid } from './shapes.ts'

export interface AuthentikOptions extends GroupsOptions {
  readonly domain: string
  /** The slug of the application. */
  readonly slug: string
  /** The client id of the provider: the audience of its tokens. */
  readonly clientId: string
  /** The provider's issuer mode. Default `per_provider`: `https://<domain>/application/o/<slug>/`. */
  readonly issuerMode?: 'per_provider' | 'global'
  /** The provider's subject mode, as long as it is one whose subjects stay the same. Default `hashed_user_id`. */
  readonly subMode?: AuthentikSubMode
  /** The subjects of all service accounts. With this list, even an empty one, every other caller is a user. Without it no caller is. */
  readonly serviceAccounts?: OneOrMore<string>
}

export type AuthentikSubMode = 'hashed_user_id' | 'user_id' | 'user_uuid'

const subjectForms: Readonly<Record<AuthentikSubMode, RegExp>> = {
  hashed_user_id: whole(/[\da-f]{64}/),
  user_id: whole(/\d{1,20}/),
  user_uuid: whole(uuid),
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
  const names = ['domain', 'slug', 'clientId', 'issuerMode', 'subMode', 'serviceAccounts', 'groupsAreComplete']
  checkOptions('authentik()', arguments, names)
  const { domain, slug, clientId, issuerMode = 'per_provider', subMode = 'hashed_user_id' } = options
  checkHost('domain', domain)
  checkShape('slug', slug, /[\w-]{1,255}/, 'orders-api')
  checkString('clientId', clientId)
  if (!['per_provider', 'global'].includes(issuerMode))
    throw new TypeError("issuerMode must be 'per_provider' or 'global'.")
  if (!Object.hasOwn(subjectForms, subMode))
    throw new TypeError(
      `subMode must be one of ${Object.keys(subjectForms).join(', ')}: the others give subjects that can pass to another user.`,
    )
  const provider = `https://${domain}/application/o/${slug}/`
  const issuer = issuerMode === 'global' ? `https://${domain}/` : provider
  return createIssuer({
    preset: 'authentik',
    issuer,
    keys: { metadataUrls: [`${provider}.well-known/openid-configuration`] },
    audience: [clientId],
    algorithms: ['RS256', 'ES256', 'ES384', 'ES512'],
    types: ['JWT', null],
    requires: ['sub'],
    texts: [],
    validate({ claims }) {
      if (subjectForms[subMode].test(String(claims.sub))) return undefined
      const told = `sub is none of the subject mode ${subMode}: set the provider's subject mode to it, or the option subMode to another stable one`
      return { reason: 'claim_invalid', hint: told, details: { claim: 'sub' } }
    },
    marksOfThese: ['azp', 'uid'],
    client: 'azp',
    subject: subjectsBut(readOptionalList('serviceAccounts', options.serviceAccounts)),
    groups: createGroupsReader('groups', options),
    authentication: 'standard',
    hint: (reason, { header, claims }) =>
      reason === 'algorithm_not_allowed' && header.alg === 'HS256' && claims.iss === issuer
        ? 'the provider has no signing key and signs with its client secret: choose a signing key in its settings'
        : undefined,
  })
}
