// Is this an access token at all? An issuer signs other kinds of JWT with the same keys (RFC 8725 §3.12).
import type { Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'

// OpenID Connect Core §3.1.3.6 and §3.3.2.11 (ID tokens), RFC 8417 (security events, logout tokens), RFC 9701
// (introspection answers), the Token Status List: claims that an access token has no reason to carry.
const foreignClaims = ['at_hash', 'c_hash', 's_hash', 'events', 'token_introspection', 'status_list']
const accessTypes = ['bearer', 'dpop', 'at+jwt', 'jwt', 'access', 'access_token']

/**
 * Refuses what says of itself that it is an ID, refresh, logout or other token. Does not prove that the rest are access
 * tokens: where an STS makes ID tokens that nothing tells apart, only `aud` does, and it must not be the client's id.
 */
export function checkAccessToken(claims: JsonObject): Refusal | undefined {
  const foreign = foreignClaims.find((name) => Object.hasOwn(claims, name))
  if (foreign) return notAnAccessToken(foreign)
  // Cognito and Keycloak name the kind of token in these.
  if (Object.hasOwn(claims, 'token_use') && claims.token_use !== 'access')
    return notAnAccessToken('token_use', claims.token_use)
  if (Object.hasOwn(claims, 'typ') && !isAccessType(claims.typ)) return notAnAccessToken('typ', claims.typ)
  return undefined
}

/** The refusal for another kind of token, told by `claim`. */
export function notAnAccessToken(claim: string, received?: unknown): Refusal {
  return {
    code: 'not_an_access_token',
    hint: `the claim ${claim} says that this is not an access token: send the access token, not the ID or refresh token`,
    details: received === undefined ? { claim } : { claim, received: printable(received) },
  }
}

function isAccessType(typ: unknown): boolean {
  return typeof typ === 'string' && accessTypes.includes(typ.toLowerCase())
}
