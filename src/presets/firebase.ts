// Firebase Authentication and Identity Platform: the ID tokens that its applications send as access tokens, and session cookies.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkBoolean, checkOptions } from '../internal/options.ts'
import { principalKey } from '../principal/principal.ts'
import { readAuthentication, readString } from '../principal/read-claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { pemMap } from '../issuer/keys.ts'
import { createIssuer } from './description.ts'
import { checkKid, missing } from './preset-claims.ts'
import { checkTexts } from './preset-options.ts'
import { checkShape } from './shapes.ts'

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
  checkShape('projectId', projectId, /(?=.*[a-z])[a-z0-9.:-]{4,128}/, 'my-project-a1b2c')
  checkBoolean('sessionCookies', sessionCookies)
  checkTexts({ rolesClaim })
  const tokens = `https://securetoken.google.com/${projectId}`
  const cookies = `https://session.firebase.google.com/${projectId}`
  return createIssuer({
    preset: 'firebase',
    issuer: [
      { issuer: tokens, keys: pemMap(tokenKeys), insecureAllowHttp: false },
      ...(sessionCookies ? [{ issuer: cookies, keys: pemMap(cookieKeys), insecureAllowHttp: false }] : []),
    ],
    audience: [projectId],
    algorithms: ['RS256'],
    types: ['JWT', null],
    requires: ['sub'],
    validate: (token) => checkKid(token) ?? (String(token.claims.sub).length > 128 ? missing('sub') : undefined),
    subject({ sub, claims }) {
      const tenant = tenantOf(claims)
      return {
        kind: 'user',
        // Imported users may have the same id in two tenants of one project.
        key: tenant === undefined ? principalKey(tokens, sub) : principalKey(tokens, 'tenant', tenant, sub),
        subject: sub,
        traits: readString(aboutOf(claims), 'sign_in_provider') === 'anonymous' ? ['anonymous'] : [],
      }
    },
    tenant: tenantOf,
    roles: rolesClaim,
    authentication(claims) {
      const factor = readString(aboutOf(claims), 'sign_in_second_factor')
      const { time } = readAuthentication(claims)
      return { ...(factor !== undefined && { amr: [factor] }), ...(time !== undefined && { time }) }
    },
  })
}

function aboutOf(claims: JsonObject): JsonObject {
  return Object.hasOwn(claims, 'firebase') && isJsonObject(claims.firebase) ? claims.firebase : {}
}

function tenantOf(claims: JsonObject): string | undefined {
  return readString(aboutOf(claims), 'tenant')
}
