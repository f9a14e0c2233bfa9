// Better Auth, plugin jwt: the token of a session, for services that do not share the session's cookie.
import { checkOptions } from '../internal/options.ts'
import { checkHttpsAddress } from '../internal/urls.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import type { IssuerWithAudience, TypedIssuer } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { subjects } from './subjects.ts'
import { checkHttpsIssuer, checkTexts, type OneOrMore, readAlgorithms, readList } from './preset-options.ts'

export interface BetterAuthOptions {
  /** The `baseURL` of the server, or the plugin's `jwt.issuer`. */
  readonly issuer: string
  /** The plugin's `jwt.audience`. Default: the issuer. */
  readonly audience?: OneOrMore<string>
  /** The address of the keys. Default `<issuer>/api/auth/jwks`. */
  readonly jwksUri?: string
  /** The plugin's `jwks.keyPairConfig.alg`. Default `EdDSA`. */
  readonly algorithms?: OneOrMore<Algorithm>
  /** The claim that holds the caller's roles, such as `role` of the plugin admin: one that users cannot write. */
  readonly rolesClaim?: string
}

/**
 * Trusts the users of one Better Auth server, by the tokens of its plugin `jwt`. Their header has no `typ`, and the subject is the user's id.
 * An anonymous user has the trait `anonymous` †. The other claims are what the user's record or `definePayload` has; users may write
 * some of it, so it is in `claims`, unread. Keys also sign what the server's own code gives to `signJWT`.
 *
 * Does not take the tokens of the plugin `oauth-provider` (`typ: at+jwt`): use `rfc9068`. Does not ask whether the session was ended.
 *
 * @throws TypeError for an issuer that is no https URL.
 */
export function betterAuth<const I extends string>(
  options: BetterAuthOptions & { readonly issuer: I },
): IssuerWithAudience & TypedIssuer<I, unknown> {
  checkOptions('betterAuth()', arguments, ['issuer', 'audience', 'jwksUri', 'algorithms', 'rolesClaim'])
  const { issuer, audience = issuer, algorithms = 'EdDSA', rolesClaim }: BetterAuthOptions = options
  checkHttpsIssuer('issuer', issuer)
  const { jwksUri = `${issuer.replace(/\/$/, '')}/api/auth/jwks` } = options
  checkHttpsAddress('jwksUri', jwksUri)
  checkTexts({ rolesClaim })
  return createIssuer({
    preset: 'betterAuth',
    issuer,
    keys: { jwksUri },
    audience: readList('audience', audience),
    algorithms: readAlgorithms(algorithms),
    types: [null],
    requires: ['sub'],
    // Tokens of OAuth clients, made with the same keys, name the client.
    marksOfOthers: ['nonce', 'azp', 'client_id'],
    subject: (caller) => ({
      ...subjects('user')(caller),
      traits: caller.claims.isAnonymous === true ? ['anonymous'] : [],
    }),
    roles: rolesClaim,
  })
}
