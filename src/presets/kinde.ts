// Kinde: access tokens of users, and of machine-to-machine applications, which have no `sub`.
import { checkOptions } from '../internal/options.ts'
import { clientKey, principalKey } from '../principal/principal.ts'
import { readString, readStrings } from '../principal/read-claims.ts'
import { notAnAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { missing } from './preset-claims.ts'
import { checkDomain, type OneOrMore, readAudience } from './preset-options.ts'

export interface KindeOptions {
  /** `example.kinde.com`, or the custom domain. */
  readonly domain: string
  /** The audience of the API as registered at Kinde. `null` turns the check off: `aud` is an empty list where a client asks for none. */
  readonly audience: OneOrMore<string> | null
}

/**
 * Trusts one Kinde business for an API. A `sub` that begins with `kp_` is a user. A token without `sub` that a client got for itself
 * (`gty: client_credentials`) is the application's. The organization (`org_code`) is the tenant, and permissions are those in it.
 *
 * Refuses ID tokens, which have no `scp`. Does not read roles and feature flags, which are in `claims`. † RS256 is not confirmed.
 *
 * @throws TypeError for a domain that is none.
 */
export function kinde<const D extends string>(
  options: KindeOptions & { readonly domain: D },
): IssuerWithAudience & TypedIssuer<`https://${D}`, unknown> {
  checkOptions('kinde()', arguments, ['domain', 'audience'])
  const { domain } = options
  checkDomain('domain', domain)
  const issuer = `https://${domain}`
  return createIssuer({
    preset: 'kinde',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    audience: readAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT'],
    marksOfOthers: ['nonce'],
    texts: ['azp'],
    validate({ claims }) {
      if (!Object.hasOwn(claims, 'scp')) return notAnAccessToken('scp')
      // A user without a name would have the key of the client; an empty sub is not the absence of one.
      const isOfClient = !Object.hasOwn(claims, 'sub') && readStrings(claims, 'gty').includes('client_credentials')
      return isOfClient || readString(claims, 'sub') !== undefined ? undefined : missing('sub')
    },
    client: 'azp',
    subject: subjectOf,
    tenant: 'org_code',
    scopes: 'any',
    permissions: 'permissions',
  })
}

function subjectOf({ issuer, sub, client = '' }: Caller): Subject {
  if (sub === '') return { kind: 'application', key: clientKey(issuer, client), subject: client }
  return { kind: sub.startsWith('kp_') ? 'user' : 'unknown', key: principalKey(issuer, sub), subject: sub }
}
