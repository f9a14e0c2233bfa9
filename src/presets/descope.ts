// Descope: session tokens of one project, whose issuer is no URL.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { principalKey } from '../principal/principal.ts'
import { readStrings } from '../principal/read-claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { checkForOthers } from './preset-claims.ts'
import { checkTexts, type OneOrMore, readList } from './preset-options.ts'
import { checkShape } from './shapes.ts'

export interface DescopeOptions {
  readonly projectId: string
  /** The `iss` of its tokens, where a JWT template makes it a URL. Default: the project's id. */
  readonly issuer?: string
  /** The `aud` of a JWT template. Default: only tokens without `aud`, since Descope has none by itself †, or for the project. */
  readonly audience?: OneOrMore<string>
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
  checkShape('projectId', projectId, /P[\dA-Za-z]{10,60}/, 'P2abcDEFghiJKLmnoPQRstuVWxyz')
  checkTexts({ issuer, tenant, accessKeyPrefix })
  const grants = (claims: JsonObject): JsonObject =>
    tenant === undefined ? claims : (tenantsOf(claims)[tenant] as JsonObject)
  return createIssuer({
    preset: 'descope',
    issuer,
    keys: { jwksUri: `https://api.descope.com/${projectId}/.well-known/jwks.json` },
    audience: audience === undefined ? null : readList('audience', audience),
    algorithms: ['RS256'],
    types: ['JWT', null],
    requires: ['sub'],
    mark: { claim: 'drn', values: ['DS'] },
    validate: ({ claims }) =>
      checkTenant(claims, tenant) ?? (audience === undefined ? checkForOthers(claims, [projectId]) : undefined),
    // Keyed by the project, so that a caller stays the same when a JWT template changes the issuer.
    subject: ({ sub }) => ({
      kind: accessKeyPrefix === undefined ? 'unknown' : sub.startsWith(accessKeyPrefix) ? 'application' : 'user',
      key: principalKey(projectId, sub),
      subject: sub,
    }),
    tenant: (claims) => tenant ?? onlyTenant(claims),
    roles: (claims) => readStrings(grants(claims), 'roles'),
    permissions: (claims) => readStrings(grants(claims), 'permissions'),
    authentication: 'standard',
  })
}

function checkTenant(claims: JsonObject, tenant: string | undefined): ValidationError | undefined {
  const tenants = tenantsOf(claims)
  if (tenant === undefined || (Object.hasOwn(tenants, tenant) && isJsonObject(tenants[tenant]))) return undefined
  const details = { claim: 'tenants', expected: tenant, received: printable(Object.keys(tenants)) }
  return { reason: 'tenant_mismatch', details }
}

function tenantsOf(claims: JsonObject): JsonObject {
  const tenants = Object.hasOwn(claims, 'tenants') ? claims.tenants : undefined
  return isJsonObject(tenants) ? tenants : {}
}

function onlyTenant(claims: JsonObject): string | undefined {
  const [only, another] = Object.keys(tenantsOf(claims))
  return another === undefined && only !== '' ? only : undefined
}
