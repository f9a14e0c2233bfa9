// Ory Hydra: JWT access tokens (strategies.access_token: jwt).
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import type { Principal } from '../principal/principal.ts'
import { readActor, readScopes, readString } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { missing, readSubject, saysLogin, unsaid } from './preset-claims.ts'
import { checkHttpsIssuer, readAudience } from './preset-options.ts'

export interface HydraOptions {
  /** `urls.self.issuer`, exactly: a slash at the end counts. */
  readonly issuer: string
  /** The audience that the client asks for with `audience=…`. `null` turns the check off: the list is empty without such a request. */
  readonly audience: string | readonly string[] | null
}

/**
 * Trusts one Ory Hydra. Access tokens are opaque until its access token strategy is `jwt`, and their `aud` is an empty list unless
 * the client asks for an audience, and may. Scopes come in `scp`, `scope`, or both. A client that is its own subject is an
 * application. Any other subject is `unknown`, since no claim marks a user. Does not read `ext`, which the consent application
 * fills freely: a policy or a claims schema can. † `typ: JWT` and RS256 are not confirmed; none and `at+jwt` are accepted, too.
 *
 * @throws TypeError for an `issuer` that is no https URL.
 */
export function hydra(options: HydraOptions): IssuerWithAudience {
  checkOptions('hydra()', arguments, ['issuer', 'audience'])
  const { issuer } = options
  checkHttpsIssuer('issuer', issuer)
  const jwksUri = `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`
  return {
    preset: 'hydra',
    endpoints: [{ issuer, keys: { jwksUri }, insecureAllowHttp: false }],
    audience: readAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt', null],
    requiredClaims: ['client_id', 'sub'],
    validateToken: validateToken,
    principal,
    hint: (code, token) => hint(code, token, issuer),
  }
}

function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  if (Object.hasOwn(claims, 'nonce')) return notAnAccessToken('nonce')
  const absent = ['client_id', 'sub'].find((name) => readString(claims, name) === undefined)
  return checkAccessToken(claims) ?? (absent === undefined ? undefined : missing(absent))
}

function principal(claims: JsonObject, issuer: string): Principal {
  const sub = String(claims.sub)
  const clientId = String(claims.client_id)
  const actor = readActor(claims)
  return {
    ...unsaid,
    ...readSubject(issuer, { sub, client: clientId, hasLoggedIn: saysLogin(claims), other: 'unknown' }),
    issuer,
    client: { id: clientId, type: 'unknown' },
    scopes: readScopes(claims),
    ...(actor && { actor }),
  }
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken, issuer: string): string | undefined {
  const hasEmptyAudience = Array.isArray(claims.aud) && claims.aud.length === 0
  if (reason !== 'audience_mismatch' || claims.iss !== issuer || !hasEmptyAudience) return undefined
  return 'aud is empty: the client must ask for the audience (audience=…), and have it among those that it may ask for'
}
