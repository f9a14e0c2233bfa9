// Descope: session tokens of one project, whose issuer is no URL.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readAuthentication, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { checkForOthers, missing, unsaid } from './preset-claims.ts'
import { checkShape, readOwnAudience } from './preset-options.ts'

export interface DescopeOptions {
  readonly projectId: string
  /** The `iss` of its tokens, where a JWT template makes it a URL. Default: the project's id. */
  readonly issuer?: string
  /** The `aud` of a JWT template. Default: only tokens without `aud`, since Descope has none by itself †, or for the project. */
  readonly audience?: string | readonly string[]
  /** Demands that the caller is a member of this tenant, and counts only the roles and permissions there. */
  readonly tenant?: string
  /** The first characters of the subjects of access keys (`K` †). With it every other caller is a user. Without it no caller is. */
  readonly accessKeyPrefix?: string
}

/**
 * Trusts one Descope project. Accepts session tokens (`drn: DS`), never refresh tokens, which have the same issuer and keys. Roles and
 * permissions are those at the top level; with `tenant`, those in it. Subjects are users or access keys, and only `accessKeyPrefix`
 * tells which: without it a caller is `unknown`. † The address of the keys, a missing `aud`, RS256 and `typ: JWT` are not confirmed.
 *
 * @throws TypeError for a `projectId` that is none.
 */
export function descope(options: DescopeOptions): IssuerWithAudience {
  checkOptions('descope()', arguments, ['projectId', 'issuer', 'audience', 'tenant', 'accessKeyPrefix'])
  const { projectId, issuer = projectId, audience, tenant, accessKeyPrefix } = options
  checkShape('projectId', projectId, /^P[\dA-Za-z]{10,60}$/, 'P2abcDEFghiJKLmnoPQRstuVWxyz')
  checkString('issuer', issuer)
  if (tenant !== undefined) checkString('tenant', tenant)
  if (accessKeyPrefix !== undefined) checkString('accessKeyPrefix', accessKeyPrefix)
  const jwksUri = `https://api.descope.com/${projectId}/.well-known/jwks.json`
  return {
    preset: 'descope',
    endpoints: [{ issuer, keys: { jwksUri }, insecureAllowHttp: false }],
    audience: audience === undefined ? null : readOwnAudience(audience),
    algorithms: ['RS256'],
    types: ['JWT', null],
    requiredClaims: ['sub'],
    validateToken: ({ claims }) =>
      validateToken(claims, tenant) ?? (audience === undefined ? checkForOthers(claims, [projectId]) : undefined),
    principal: (claims, from) => principal(claims, from, { projectId, tenant, accessKeyPrefix }),
  }
}

function validateToken(claims: JsonObject, tenant: string | undefined): ValidationError | undefined {
  if (!Object.hasOwn(claims, 'drn') || claims.drn !== 'DS') return notAnAccessToken('drn', claims.drn)
  if (readString(claims, 'sub') === undefined) return missing('sub')
  const tenants = tenantsOf(claims)
  if (tenant === undefined || (Object.hasOwn(tenants, tenant) && isJsonObject(tenants[tenant])))
    return checkAccessToken(claims)
  const details = { claim: 'tenants', expected: tenant, received: printable(Object.keys(tenants)) }
  return { reason: 'tenant_mismatch', details }
}

function tenantsOf(claims: JsonObject): JsonObject {
  const tenants = Object.hasOwn(claims, 'tenants') ? claims.tenants : undefined
  return isJsonObject(tenants) ? tenants : {}
}

type Reading = Pick<DescopeOptions, 'projectId'> & {
  readonly tenant: string | undefined
  readonly accessKeyPrefix: string | undefined
}

/** Keyed by the project, so that a caller stays the same when a JWT template changes the issuer. */
function principal(claims: JsonObject, issuer: string, { projectId, tenant, accessKeyPrefix }: Reading): Principal {
  const sub = String(claims.sub)
  const tenants = tenantsOf(claims)
  const [only, another] = Object.keys(tenants)
  const home = tenant ?? (another === undefined ? only : undefined)
  const grants = tenant === undefined ? claims : (tenants[tenant] as JsonObject)
  const isKey = accessKeyPrefix !== undefined && sub.startsWith(accessKeyPrefix)
  return {
    ...unsaid,
    kind: accessKeyPrefix === undefined ? 'unknown' : isKey ? 'application' : 'user',
    key: principalKey(projectId, sub),
    subject: sub,
    issuer,
    ...(home !== undefined && home !== '' && { tenant: home }),
    roles: readStrings(grants, 'roles'),
    permissions: readStrings(grants, 'permissions'),
    authentication: readAuthentication(claims),
  }
}
