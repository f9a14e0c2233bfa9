// Firebase Authentication and Identity Platform: the ID tokens that its applications send as access tokens, and session cookies.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkBoolean, checkOptions, checkString } from '../internal/options.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readAuthentication, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { pemMap } from '../issuer/keys.ts'
import { checkKid, missing, unsaid } from './preset-claims.ts'
import { checkShape } from './preset-options.ts'

export interface FirebaseOptions {
  /** The project's id, not its number. */
  readonly projectId: string
  /** Also accepts session cookies, sent as Bearer tokens. Default false. */
  readonly sessionCookies?: boolean
  /** A custom claim that holds the caller's roles: one that only your server sets, never one that comes from a profile. */
  readonly rolesClaim?: string
}

const tokenKeys = 'https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com'
const cookieKeys = 'https://www.googleapis.com/identitytoolkit/v3/relyingparty/publicKeys'

/**
 * Trusts the users of one Firebase project. Its clients send its ID tokens to an API, and `aud` is the project: any
 * application of it gets one. Refuses a token without `kid`. Callers are users. A user without a login has the trait
 * `anonymous`. A user is the same by ID token and by session cookie; users of different tenants of one project are
 * different. Does not ask whether a user is disabled or a token revoked: use `isRevoked`. Does not accept custom tokens or
 * App Check tokens.
 * † Whether a `typ` is sent is not confirmed: `JWT` and none are accepted. Certificates are not checked for dates or names.
 *
 * @throws TypeError for a `projectId` that is none.
 */
export function firebase(options: FirebaseOptions): IssuerWithAudience {
  checkOptions('firebase()', arguments, ['projectId', 'sessionCookies', 'rolesClaim'])
  const { projectId, sessionCookies = false, rolesClaim } = options
  checkShape('projectId', projectId, /^(?=.*[a-z])[a-z0-9.:-]{4,128}$/, 'my-project-a1b2c')
  checkBoolean('sessionCookies', sessionCookies)
  if (rolesClaim !== undefined) checkString('rolesClaim', rolesClaim)
  const tokens = `https://securetoken.google.com/${projectId}`
  const cookies = `https://session.firebase.google.com/${projectId}`
  return {
    preset: 'firebase',
    endpoints: [
      { issuer: tokens, keys: pemMap(tokenKeys), insecureAllowHttp: false },
      ...(sessionCookies ? [{ issuer: cookies, keys: pemMap(cookieKeys), insecureAllowHttp: false }] : []),
    ],
    audience: [projectId],
    algorithms: ['RS256'],
    types: ['JWT', null],
    requiredClaims: ['sub'],
    validateToken: validateToken,
    principal: (claims, issuer) => principal(claims, issuer, { home: tokens, rolesClaim }),
  }
}

function validateToken(token: UnverifiedToken): ValidationError | undefined {
  const { claims } = token
  const sub = readString(claims, 'sub')
  return (
    checkKid(token) ?? checkAccessToken(claims) ?? (sub === undefined || sub.length > 128 ? missing('sub') : undefined)
  )
}

interface Reading {
  readonly home: string
  readonly rolesClaim: string | undefined
}

function principal(claims: JsonObject, issuer: string, { home, rolesClaim }: Reading): Principal {
  const about = Object.hasOwn(claims, 'firebase') && isJsonObject(claims.firebase) ? claims.firebase : {}
  const sub = String(claims.sub)
  const tenant = readString(about, 'tenant')
  const factor = readString(about, 'sign_in_second_factor')
  const { time } = readAuthentication(claims)
  return {
    ...unsaid,
    kind: 'user',
    // Imported users may have the same id in two tenants of one project.
    key: tenant === undefined ? principalKey(home, sub) : principalKey(home, 'tenant', tenant, sub),
    subject: sub,
    issuer,
    ...(tenant !== undefined && { tenant }),
    roles: rolesClaim === undefined ? [] : readStrings(claims, rolesClaim),
    authentication: { ...(factor !== undefined && { amr: [factor] }), ...(time !== undefined && { time }) },
    traits: readString(about, 'sign_in_provider') === 'anonymous' ? ['anonymous'] : [],
  }
}
