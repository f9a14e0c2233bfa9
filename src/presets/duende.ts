// Duende IdentityServer: its JWT access tokens, in which an application has no `sub`.
import type { AuthErrorReason } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { readAuthentication, readString } from '../principal/read-claims.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { isLogin } from './preset-claims.ts'
import { checkIssuerUrl, type OneOrMore, readAlgorithms, readAudience, readTypes } from './preset-options.ts'

export interface DuendeOptions {
  /** The base URL of the server as its tokens have it: in small letters, unless it is configured otherwise. */
  readonly issuer: string
  /**
   * The name of the API resource. `{issuer}/resources`, where the server emits it, is in every access token. `null` turns the
   * check off: tokens of APIs that have scopes and no resource carry no `aud`, and then only scopes tell whom they are for.
   */
  readonly audience: OneOrMore<string> | null
  /** The server's `AccessTokenJwtType`; `null` stands for none. Default `at+jwt`. */
  readonly typ?: OneOrMore<string | null>
  /** The signature algorithms of the server. Default `RS256`. */
  readonly algorithms?: OneOrMore<Algorithm>
  /** Allows plain `http:` beyond this machine. An attacker on that wire can make up keys. */
  readonly insecureAllowHttp?: boolean
}

/**
 * Trusts one Duende IdentityServer. A token without `sub` is an application's, by design; one with `sub` is a user's where it
 * says when or how the user logged in, as every user's does. Else it is of kind `unknown`, with a key that no user has: a client may have
 * been given any text as claim `sub`. `role` are the user's roles; a client's own claims (`client_role`) are not. Refuses ID tokens.
 *
 * Does not read `idp`, and does not understand reference tokens. That RS256 is the default is not verified.
 *
 * @throws TypeError for an issuer, types or algorithms that can never work, and for the audience `{issuer}/resources`, which is in
 * tokens for every API.
 */
export function duende<const I extends string>(
  options: DuendeOptions & { readonly issuer: I },
): IssuerWithAudience & TypedIssuer<I, unknown> {
  checkOptions('duende()', arguments, ['issuer', 'audience', 'typ', 'algorithms', 'insecureAllowHttp'])
  const { issuer, typ = 'at+jwt', algorithms = 'RS256', insecureAllowHttp } = options
  checkIssuerUrl('issuer', issuer, insecureAllowHttp)
  const audience = readAudience(options.audience)
  if (audience?.includes(`${issuer}/resources`)) {
    throw new TypeError(
      `audience '${issuer}/resources' is in tokens for every API of the server: write the name of the API resource, or null and let scopes decide.`,
    )
  }
  return createIssuer({
    preset: 'duende',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    insecureAllowHttp,
    audience,
    algorithms: readAlgorithms(algorithms),
    types: readTypes(typ),
    requires: ['client_id'],
    texts: [],
    marksOfOthers: ['nonce'],
    // An empty `sub` is not an absent one: it makes no caller an application.
    validate({ claims }) {
      const empty = ['sub', 'client_id'].find((name) => claims[name] === '')
      return empty ? { reason: 'claim_invalid', details: { claim: empty } } : undefined
    },
    client: 'client_id',
    subject: subjectOf,
    scopes: 'scope',
    roles: 'role',
    actor: 'act',
    authentication: loginOf,
    hint: (reason, token) => hint(reason, token, issuer),
  })
}

function loginOf(claims: JsonObject): Principal['authentication'] {
  const { acr: _, ...login } = readAuthentication(claims)
  return login
}

function subjectOf({ claims, issuer, client = '' }: Caller): Subject {
  const sub = readString(claims, 'sub')
  if (sub === undefined) return { kind: 'application', key: clientKey(issuer, client), subject: client }
  if (isLogin(loginOf(claims))) return { kind: 'user', key: principalKey(issuer, sub), subject: sub }
  return { kind: 'unknown', key: principalKey(issuer, 'sub', sub), subject: sub }
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken, issuer: string): string | undefined {
  const small = issuer.toLowerCase()
  if (reason === 'issuer_unknown' && issuer !== small && claims.iss === small)
    return `the server writes its issuer in small letters: write '${small}'`
  if (reason === 'claim_missing' && claims.iss === issuer && !Object.hasOwn(claims, 'aud'))
    return 'the token has no aud: put the scope into an API resource, or say audience: null and let scopes decide'
  return undefined
}
