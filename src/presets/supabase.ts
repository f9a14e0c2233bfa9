// Supabase Auth: session tokens of one project that signs with an asymmetric key.
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readAuthentication, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { missing, unsaid } from './preset-claims.ts'
import { checkShape } from './preset-options.ts'

export interface SupabaseOptions {
  /** The project's reference: `abcdefghijklmnopqrst` of `abcdefghijklmnopqrst.supabase.co`. */
  readonly projectRef: string
  /** The member of `app_metadata` that holds the caller's roles. */
  readonly rolesMember?: string
}

/**
 * Trusts the users of one Supabase project, by its JWK Set. A project that still signs with its legacy secret (HS256) is refused,
 * with a hint: every party that can verify such a token can make one. A user who is `is_anonymous` has the trait `anonymous`.
 * A `service_role` token without `sub` is the project's own application, which may do everything. A user's claim `role` is a
 * role of the database and none of the principal's. The user can write `user_metadata`, so it is never read.
 *
 * Refuses the `anon` key, and user tokens of no session (`session_id`), as ID tokens are. Does not check whether a session was ended. A
 * custom domain has another issuer: use `oidc`.
 *
 * @throws TypeError for a `projectRef` that is none.
 */
export function supabase(options: SupabaseOptions): IssuerWithAudience {
  checkOptions('supabase()', arguments, ['projectRef', 'rolesMember'])
  const { projectRef, rolesMember } = options
  checkShape('projectRef', projectRef, /^[a-z\d]{10,40}$/, 'abcdefghijklmnopqrst')
  if (rolesMember !== undefined) checkString('rolesMember', rolesMember)
  const issuer = `https://${projectRef}.supabase.co/auth/v1`
  return {
    preset: 'supabase',
    endpoints: [{ issuer, keys: { jwksUri: `${issuer}/.well-known/jwks.json` }, insecureAllowHttp: false }],
    audience: ['authenticated'],
    algorithms: ['ES256', 'RS256'],
    types: ['JWT'],
    requiredClaims: [],
    validateToken: validateToken,
    principal: (claims, from) => ({
      ...principal(claims, from, projectRef),
      roles: rolesMember === undefined ? [] : readStrings(membersOf(claims, 'app_metadata'), rolesMember),
    }),
    hint: (code, token) => hint(code, token, issuer),
  }
}

function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const refusal = checkAccessToken(claims)
  if (refusal || isService(claims)) return refusal
  // "These claims are always present in Supabase JWTs" (Supabase, JWT claims reference); an ID token belongs to no session.
  const absent = ['sub', 'session_id'].find((name) => readString(claims, name) === undefined)
  return absent === undefined ? undefined : missing(absent)
}

/** "The anon key and the service role key have no `sub`" (Supabase, getClaims); users may have been given that role of the database. */
function isService(claims: JsonObject): boolean {
  return readString(claims, 'role') === 'service_role' && !Object.hasOwn(claims, 'sub')
}

function principal(claims: JsonObject, issuer: string, projectRef: string): Principal {
  const sub = readString(claims, 'sub')
  const isApplication = isService(claims)
  const isAnonymous = Object.hasOwn(claims, 'is_anonymous') ? claims.is_anonymous : undefined
  const acr = readString(claims, 'aal')
  const amr = methodsOf(claims)
  return {
    ...unsaid,
    kind: isApplication ? 'application' : typeof isAnonymous === 'boolean' ? 'user' : 'unknown',
    key: isApplication ? principalKey(issuer, 'role', 'service_role') : principalKey(issuer, String(sub)),
    subject: isApplication ? 'service_role' : String(sub),
    issuer,
    tenant: projectRef,
    authentication: { ...(acr !== undefined && { acr }), ...(amr.length > 0 && { amr }) },
    traits: !isApplication && isAnonymous === true ? ['anonymous'] : [],
  }
}

/** `amr` is a list of texts, or of `{ method, timestamp }`. */
function methodsOf(claims: JsonObject): readonly string[] {
  const amr: readonly unknown[] = Object.hasOwn(claims, 'amr') && Array.isArray(claims.amr) ? claims.amr : []
  const { amr: texts = [] } = readAuthentication(claims)
  return [...texts, ...amr.flatMap((one) => (isJsonObject(one) ? (readString(one, 'method') ?? []) : []))]
}

function membersOf(claims: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return isJsonObject(value) ? value : {}
}

function hint(reason: AuthErrorReason, { header, claims }: UnverifiedToken, issuer: string): string | undefined {
  if (reason !== 'algorithm_not_allowed' || header.alg !== 'HS256' || claims.iss !== issuer) return undefined
  return 'the project signs with its legacy secret (HS256): change it to an asymmetric signing key in its settings (JWT keys)'
}
