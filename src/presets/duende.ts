// Duende IdentityServer: its JWT access tokens, in which an application has no `sub`.
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkStrings } from '../internal/options.ts'
import { clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { readActor, readAuthentication, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import { isLogin, unsaid } from './preset-claims.ts'
import { checkAlgorithms, checkIssuerUrl, readAudience } from './preset-options.ts'

export interface DuendeOptions {
  /** The base URL of the server as its tokens have it: in small letters, unless it is configured otherwise. */
  readonly issuer: string
  /**
   * The name of the API resource. `{issuer}/resources`, where the server emits it, is in every access token. `null` turns the
   * check off: tokens of APIs that have scopes and no resource carry no `aud`, and then only scopes tell whom they are for.
   */
  readonly audience: string | readonly string[] | null
  /** The server's `AccessTokenJwtType`; `null` stands for none. Default `['at+jwt']`. */
  readonly typ?: readonly (string | null)[]
  /** The signature algorithms of the server. Default `['RS256']`. */
  readonly algorithms?: readonly Algorithm[]
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
  const { issuer, typ = ['at+jwt'], algorithms = ['RS256'], insecureAllowHttp = false } = options
  checkIssuerUrl('issuer', issuer, insecureAllowHttp)
  checkStrings('typ', Array.isArray(typ) ? typ.map((one) => (one === null ? '(none)' : one)) : typ)
  checkAlgorithms(algorithms)
  const audience = readAudience(options.audience)
  if (audience?.includes(`${issuer}/resources`)) {
    throw new TypeError(
      `audience '${issuer}/resources' is in tokens for every API of the server: write the name of the API resource, or null and let scopes decide.`,
    )
  }
  return {
    preset: 'duende',
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp }],
    audience,
    algorithms,
    types: typ,
    requiredClaims: ['client_id'],
    validateToken: validateToken,
    principal,
    hint: (code, token) => hint(code, token, issuer),
  }
}

/** An empty `sub` is not an absent one: it makes no caller an application. */
function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const empty = ['sub', 'client_id'].find((name) => claims[name] === '')
  if (empty) return { reason: 'claim_invalid', details: { claim: empty } }
  return checkAccessToken(claims) ?? (Object.hasOwn(claims, 'nonce') ? notAnAccessToken('nonce') : undefined)
}

function principal(claims: JsonObject, issuer: string): Principal {
  const sub = readString(claims, 'sub')
  const clientId = String(claims.client_id)
  const { acr: _, ...authentication } = readAuthentication(claims)
  const actor = readActor(claims)
  return {
    ...subjectOf(issuer, clientId, { sub, hasLoggedIn: isLogin(authentication) }),
    issuer,
    client: { id: clientId, type: 'unknown' },
    scopes: readScopes({ scope: claims.scope }),
    roles: readStrings(claims, 'role'),
    permissions: [],
    groups: unsaid.groups,
    ...(actor && { actor }),
    authentication,
    traits: [],
  }
}

function subjectOf(
  issuer: string,
  clientId: string,
  { sub, hasLoggedIn }: { readonly sub: string | undefined; readonly hasLoggedIn: boolean },
): Pick<Principal, 'kind' | 'key' | 'subject'> {
  if (sub === undefined) return { kind: 'application', key: clientKey(issuer, clientId), subject: clientId }
  if (hasLoggedIn) return { kind: 'user', key: principalKey(issuer, sub), subject: sub }
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
