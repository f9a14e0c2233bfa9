// WorkOS: session tokens of AuthKit, and access tokens of Connect (OAuth applications and M2M).
import type { ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import type { Principal } from '../principal/principal.ts'
import { readActor, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { checkForOthers, missing, readSubject, unsaid } from './preset-claims.ts'
import { checkHost, checkShape, readOwnAudience } from './preset-options.ts'

/** Either session tokens, by the client id of the environment, or Connect. For both, configure two issuers. */
export type WorkosOptions =
  | { readonly clientId: string }
  | {
      /** The AuthKit domain, such as `example.authkit.app`. */
      readonly authKitDomain: string
      /** The resource indicator of this API; the client id of the environment for M2M, and for users without a resource. */
      readonly audience: string | readonly string[]
    }

/**
 * Trusts one WorkOS environment: its session tokens, `workos({ clientId })`, which have no audience and open every API of the
 * environment (one with an `aud`, by a JWT template, is refused), or the access tokens of Connect,
 * `workos({ authKitDomain, audience })`. Subjects `user_…` are users. A client that is its own subject is an application.
 * Support staff who act as a user have the trait `impersonated`, and their e-mail address is the actor's. Roles and
 * permissions are those in the organization of the session, which is the tenant. Entitlements join the permissions. A user's `key` differs between session and Connect: their issuers do. Does not check whether a session was ended.
 * † The address of the session keys is not confirmed.
 *
 * @throws TypeError for options of both kinds, or of neither.
 */
export function workos(options: WorkosOptions): IssuerWithAudience {
  const isConnect = Object.hasOwn(Object(options), 'authKitDomain')
  checkOptions('workos()', arguments, isConnect ? ['authKitDomain', 'audience'] : ['clientId'])
  return {
    preset: 'workos',
    ...('authKitDomain' in options ? connect(options.authKitDomain, options.audience) : session(options.clientId)),
    algorithms: ['RS256'],
    types: [null, 'JWT', ...(isConnect ? ['at+jwt'] : [])],
    requiredClaims: ['sub'],
    validateToken: (token) => validateToken(token, isConnect),
    principal,
  }
}

type Place = Pick<IssuerWithAudience, 'endpoints' | 'audience'>

/** Other environments have the same issuer and other keys, so keys and not an audience keep them apart. */
function session(clientId: unknown): Place {
  checkShape('clientId', clientId, /^client_[\dA-Za-z]+$/, 'client_01E2KBF6XNSE8HKF6WGPR4GWTH')
  const api = 'https://api.workos.com'
  const aliases = [`${api}/user_management/${clientId}`]
  return {
    endpoints: [{ issuer: api, aliases, keys: { jwksUri: `${api}/sso/jwks/${clientId}` }, insecureAllowHttp: false }],
    audience: null,
  }
}

function connect(domain: unknown, audience: unknown): Place {
  checkHost('authKitDomain', domain)
  const issuer = `https://${domain}`
  return {
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp: false }],
    audience: readOwnAudience(audience),
  }
}

function validateToken({ claims }: UnverifiedToken, isConnect: boolean): ValidationError | undefined {
  if (Object.hasOwn(claims, 'nonce')) return notAnAccessToken('nonce')
  const absent = ['sub', isConnect ? 'client_id' : 'sid'].find((name) => readString(claims, name) === undefined)
  const refusal = checkAccessToken(claims) ?? (absent === undefined ? undefined : missing(absent))
  return refusal ?? (isConnect ? undefined : checkForOthers(claims))
}

function principal(claims: JsonObject, issuer: string): Principal {
  const sub = String(claims.sub)
  const clientId = readString(claims, 'client_id')
  const tenant = readString(claims, 'org_id')
  const actor = readActor(claims)
  // A client has neither a session nor a user's consent.
  const hasLoggedIn = readString(claims, 'sid') !== undefined
  const client = sub.startsWith('client_') ? sub : clientId
  return {
    ...unsaid,
    ...readSubject(issuer, { sub, client, hasLoggedIn, other: sub.startsWith('user_') ? 'user' : 'unknown' }),
    issuer,
    ...(tenant !== undefined && { tenant }),
    ...(clientId !== undefined && { client: { id: clientId, type: 'unknown' } }),
    scopes: readScopes(claims),
    roles: [...new Set([...readStrings(claims, 'roles'), ...readStrings(claims, 'role')])],
    permissions: [...readStrings(claims, 'permissions'), ...readStrings(claims, 'entitlements')],
    ...(actor && { actor }),
    traits: actor ? ['impersonated'] : [],
  }
}
