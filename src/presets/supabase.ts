// Supabase Auth: session tokens of one project that signs with an asymmetric key.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { principalKey } from '../principal/principal.ts'
import { readAuthentication, readString, readStrings } from '../principal/read-claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { missing } from './preset-claims.ts'
import { checkTexts } from './preset-options.ts'
import { checkShape } from './shapes.ts'

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
  checkShape('projectRef', projectRef, /[a-z\d]{10,40}/, 'abcdefghijklmnopqrst')
  checkTexts({ rolesMember })
  const issuer = `https://${projectRef}.supabase.co/auth/v1`
  return createIssuer({
    preset: 'supabase',
    issuer,
    keys: { jwksUri: `${issuer}/.well-known/jwks.json` },
    audience: ['authenticated'],
    algorithms: ['ES256', 'RS256'],
    types: ['JWT'],
    // "These claims are always present in Supabase JWTs" (Supabase, JWT claims reference); an ID token belongs to no session.
    validate({ claims }) {
      const absent = ['sub', 'session_id'].find((name) => readString(claims, name) === undefined)
      return absent === undefined || isService(claims) ? undefined : missing(absent)
    },
    subject: subjectOf,
    tenant: () => projectRef,
    roles: (claims) => (rolesMember === undefined ? [] : readStrings(membersOf(claims, 'app_metadata'), rolesMember)),
    authentication(claims) {
      const acr = readString(claims, 'aal')
      const amr = methodsOf(claims)
      return { ...(acr !== undefined && { acr }), ...(amr.length > 0 && { amr }) }
    },
    hint: (reason, { header, claims }) =>
      reason === 'algorithm_not_allowed' && header.alg === 'HS256' && claims.iss === issuer
        ? 'the project signs with its legacy secret (HS256): change it to an asymmetric signing key in its settings (JWT keys)'
        : undefined,
  })
}

/** "The anon key and the service role key have no `sub`" (Supabase, getClaims); users may have been given that role of the database. */
function isService(claims: JsonObject): boolean {
  return readString(claims, 'role') === 'service_role' && !Object.hasOwn(claims, 'sub')
}

function subjectOf({ claims, issuer, sub: subject }: Caller): Subject {
  if (isService(claims))
    return { kind: 'application', key: principalKey(issuer, 'role', 'service_role'), subject: 'service_role' }
  const isAnonymous = Object.hasOwn(claims, 'is_anonymous') ? claims.is_anonymous : undefined
  return {
    kind: typeof isAnonymous === 'boolean' ? 'user' : 'unknown',
    key: principalKey(issuer, subject),
    subject,
    traits: isAnonymous === true ? ['anonymous'] : [],
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
