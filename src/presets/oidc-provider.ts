// node-oidc-provider: its JWT access tokens, which it makes for resources of the format `jwt` only.
import { checkOptions } from '../internal/options.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { readString } from '../principal/read-claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { subjectsOrClient } from './subjects.ts'
import { checkIssuerUrl, type OneOrMore, readAlgorithms, readAudience } from './preset-options.ts'

export interface OidcProviderOptions {
  /** The issuer that the provider was made with, letter for letter. */
  readonly issuer: string
  /** The `audience` that `getResourceServerInfo` gives this API. `null` turns the check off; there must be one all the same. */
  readonly audience: OneOrMore<string> | null
  /** The `jwt.sign.alg` of the resource. Default `RS256`. */
  readonly algorithms?: OneOrMore<Algorithm>
  /** Allows plain `http:` beyond this machine. An attacker on that wire can make up keys. */
  readonly insecureAllowHttp?: boolean
}

/**
 * Trusts one node-oidc-provider. Its tokens have the account as `sub`, or the client where there is no account: an equal
 * `client_id` makes an application, any other `sub` a user. So accounts must not have the ids of clients. An account with the
 * id of the client that it uses is taken for that client. Where the provider adds a login to the token, its kind is `unknown`.
 *
 * Refuses opaque tokens, which are the provider's default, encrypted ones, and those signed with a secret (HS256). Does not
 * read the claims that `extraTokenClaims` may add (roles, `acr`, `auth_time`): they are in `claims`. `oidc()` and `rfc9068()` do.
 *
 * @throws TypeError for an issuer or algorithms that can never work.
 */
export function oidcProvider<const I extends string>(
  options: OidcProviderOptions & { readonly issuer: I },
): IssuerWithAudience & TypedIssuer<I, unknown> {
  checkOptions('oidcProvider()', arguments, ['issuer', 'audience', 'algorithms', 'insecureAllowHttp'])
  const { issuer, algorithms = 'RS256', insecureAllowHttp } = options
  checkIssuerUrl('issuer', issuer, insecureAllowHttp)
  return createIssuer({
    preset: 'oidcProvider',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    insecureAllowHttp,
    audience: readAudience(options.audience),
    algorithms: readAlgorithms(algorithms),
    types: ['at+jwt'],
    requires: ['aud', 'sub', 'client_id'],
    texts: [],
    validate({ claims }) {
      const unnamed = ['sub', 'client_id'].find((name) => readString(claims, name) === undefined)
      return unnamed ? { reason: 'claim_invalid', details: { claim: unnamed } } : undefined
    },
    client: 'client_id',
    subject: subjectsOrClient('user'),
    scopes: 'scope',
  })
}
