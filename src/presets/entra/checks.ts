// The checks of a trusted tenant's token: it must be an access token, for this API, of that tenant, and prove a permission.
// The last one checks that a key may verify it.
import type { ValidationError } from '../../errors/auth-error.ts'
import { type JsonObject, printable } from '../../internal/json.ts'
import type { VerificationKey } from '../../jwks/key-source.ts'
import { readString, readStrings } from '../../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../../jwt/claims.ts'
import type { UnverifiedToken } from '../../issuer/issuer.ts'
import { clientIdOf, kindOf, scopesOf } from './claims.ts'
import { consumerTenant, type EntraCloud, type EntraVersion, issuerOf } from './clouds.ts'
import { isForGraph, resourceHint } from './hints.ts'
import type { EntraSettings } from './settings.ts'

export type CheckSettings = Pick<EntraSettings, 'tenant' | 'isMany' | 'clientId' | 'refusesApps' | 'acl'>

/** The checks that need no key, in the order in which their answers help most. */
export function checkEntraToken(token: UnverifiedToken, settings: CheckSettings): ValidationError | undefined {
  return (
    checkResource(token, settings) ??
    checkAccessToken(token.claims) ??
    (Object.hasOwn(token.claims, 'nonce') ? notAnAccessToken('nonce') : undefined) ??
    checkTenant(token, settings) ??
    checkVersion(token) ??
    checkSubject(token.claims) ??
    checkClient(token.claims) ??
    checkPermissions(token.claims, settings)
  )
}

/** The signature of a token with a header `nonce` covers another text than the token: only its own API can verify it. */
function checkResource({ header, claims }: UnverifiedToken, { clientId }: CheckSettings): ValidationError | undefined {
  if (!Object.hasOwn(header, 'nonce') && !isForGraph(claims)) return undefined
  return {
    reason: 'token_for_other_resource',
    hint: resourceHint(claims, clientId),
    details: { claim: 'aud', expected: [clientId, `api://${clientId}`], received: printable(claims.aud) },
  }
}

/** `tid` is there once, in one spelling, and is the tenant that `iss` names: "its first path segment must equal tid". */
function checkTenant(
  { claims, tenant: inIssuer }: UnverifiedToken,
  settings: CheckSettings,
): ValidationError | undefined {
  const expected = settings.isMany ? inIssuer : settings.tenant
  const names = Object.keys(claims).filter((name) => name.toLowerCase() === 'tid')
  const isOne = names.length === 1 && expected !== undefined && claims.tid === expected
  if (isOne && !(settings.tenant === 'organizations' && expected === consumerTenant)) return undefined
  return {
    reason: 'tenant_mismatch',
    hint: isOne
      ? "the token is of a personal account, and tenant: 'organizations' takes work and school accounts: write 'common' to take both"
      : 'tid must be there once, and name the tenant that iss names',
    details: { claim: 'tid', ...(expected !== undefined && { expected }), received: printable(claims.tid) },
  }
}

/** `ver` is the format that the issuer stands for. B2C's tokens say otherwise, and have a preset of their own. */
function checkVersion({ claims, issuer = '' }: UnverifiedToken): ValidationError | undefined {
  const expected: EntraVersion = issuer.endsWith('/v2.0') ? '2.0' : '1.0'
  const ver = Object.hasOwn(claims, 'ver') ? claims.ver : undefined
  if (ver === expected) return undefined
  return {
    reason: ver === undefined ? 'claim_missing' : 'claim_invalid',
    hint: `ver must be ${expected}, the format that iss stands for`,
    details: { claim: 'ver', expected, received: printable(ver) },
  }
}

/** Entra always sends `sub`; without it or an empty one, callers without an `oid` would share one key. */
function checkSubject(claims: JsonObject): ValidationError | undefined {
  return readString(claims, 'sub') === undefined ? { reason: 'claim_missing', details: { claim: 'sub' } } : undefined
}

/** An ID token has the issuer, keys, `typ` and audience of an access token and may carry `roles`, but no `azp`, `appid` and `scp`. */
export function checkClient(claims: JsonObject): ValidationError | undefined {
  if (clientIdOf(claims) !== undefined) return undefined
  return {
    reason: 'claim_missing',
    hint: 'neither azp nor appid is there, so this looks like an ID token: send the access token instead',
    details: { claim: 'azp' },
  }
}

/** A user needs a scope, an application an app role, a device either: any application of the tenant can get a token without one. */
function checkPermissions(claims: JsonObject, settings: CheckSettings): ValidationError | undefined {
  const kind = kindOf(claims)
  if (kind === 'application') return checkApplication(claims, settings)
  if (scopesOf(claims).length > 0) return undefined
  if (kind === 'device') return checkDevice(claims, settings)
  return {
    reason: 'token_without_permissions',
    hint: "the token carries no scope (scp), nor is it proven to be an application's: send the access token instead of the ID token, and ask for a scope of this API",
    details: { claim: 'scp' },
  }
}

function checkDevice(claims: JsonObject, { refusesApps }: CheckSettings): ValidationError | undefined {
  // No user stands behind a device with a role of its own, and 'reject' is for an API of users alone.
  if (refusesApps) return rejected('device')
  if (readStrings(claims, 'roles').length > 0) return undefined
  return {
    reason: 'token_without_permissions',
    hint: "the token is a device's, and carries neither a scope (scp) nor an app role (roles): grant the device an app role of this API",
    details: { claim: 'roles' },
  }
}

function rejected(kind: 'application' | 'device'): ValidationError {
  return {
    reason: 'token_without_permissions',
    hint: `the token is of the ${kind} itself (app-only), and appTokens: 'reject' takes none of these`,
  }
}

function checkApplication(
  claims: JsonObject,
  { refusesApps, acl, isMany }: CheckSettings,
): ValidationError | undefined {
  if (refusesApps) return rejected('application')
  if (readString(claims, 'oid') === undefined) {
    return {
      reason: 'token_without_permissions',
      hint: 'the token is of an application without a service principal in this tenant (no oid), so no administrator there has approved it',
    }
  }
  const client = String(clientIdOf(claims))
  if (readStrings(claims, 'roles').length > 0 || acl.has(isMany ? `${client}|${String(claims.tid)}` : client))
    return undefined
  return {
    reason: 'token_without_permissions',
    hint: "the token is an application's own (app-only): scopes do not apply to it. Grant the client an app role of this API (application permission), or list it in appTokens: { acl: [...] }",
    details: { claim: 'roles' },
  }
}

/**
 * Refuses a key that Entra publishes for another issuer than the token's. A key names its issuer as a template or in full;
 * a v1.0 token that such a key is to verify is compared by its v2.0 issuer. v1.0 keys name none.
 */
export function checkEntraKey(
  key: VerificationKey,
  token: UnverifiedToken,
  cloud: EntraCloud,
): ValidationError | undefined {
  if (key.issuer === undefined) return undefined
  const tenant = String(token.claims.tid)
  const named = key.issuer.replace(/\{tenantid\}/i, () => tenant)
  if (named === issuerOf(cloud, '2.0', tenant) || named === token.issuer) return undefined
  return {
    reason: 'key_not_found',
    hint: 'the key with this kid belongs to another issuer than the token names',
    details: { claim: 'iss', expected: printable(key.issuer), received: printable(token.claims.iss) },
  }
}
