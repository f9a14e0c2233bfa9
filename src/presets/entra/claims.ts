// The caller by Entra's claims: its subject, its software, its grants.
import type { JsonObject } from '../../internal/json.ts'
import type { Principal, PrincipalClient } from '../../principal/principal.ts'
import { readScopes, readString, readStrings } from '../../principal/read-claims.ts'

/** Scopes of a user's token. Tokens of agents for themselves carry "empty or /". */
export function scopesOf(claims: JsonObject): readonly string[] {
  return readScopes({ scp: claims.scp }).filter((scope) => scope !== '/')
}

/** The client application: `azp` in v2.0, `appid` in v1.0. */
export function clientIdOf(claims: JsonObject): string | undefined {
  return readString(claims, 'azp') ?? readString(claims, 'appid')
}

/** How the client authenticated: only a secret (1) or a certificate (2) makes it confidential. */
export function clientTypeOf(claims: JsonObject): PrincipalClient['type'] {
  const authenticated = readString(claims, 'azpacr') ?? readString(claims, 'appidacr')
  if (authenticated === '0') return 'public'
  return authenticated === '1' || authenticated === '2' ? 'confidential' : 'unknown'
}

/** The subject: by Entra's declarations first, and by its documented fallback for applications last. */
export function kindOf(claims: JsonObject): Principal['kind'] {
  if (claims.idtyp === 'device' || hasNumber(claims, 'xms_idrel', 9)) return 'device'
  if (claims.idtyp === 'app') return 'application'
  if (claims.idtyp === 'user') return 'user'
  if (claims.idtyp !== undefined) return 'unknown'
  if (scopesOf(claims).length > 0) return 'user'
  const oid = readString(claims, 'oid')
  // Without an oid it is an application without a service principal in the tenant: checkPermissions refuses it.
  return oid === undefined || oid === claims.sub ? 'application' : 'unknown'
}

/** Whether a claim that is a list of numbers as text holds `number`. Such lists have no order, and unknown members mean nothing. */
export function hasNumber(claims: JsonObject, name: string, number: number): boolean {
  return (readString(claims, name) ?? '').split(' ').includes(String(number))
}

/** A user whose home is another directory: by `acct`, by its relation to the tenant, or by the STS that knows it. */
export function isGuest(claims: JsonObject): boolean {
  if (claims.acct === 1 || claims.acct === '1' || hasNumber(claims, 'xms_idrel', 5)) return true
  const home = readString(claims, 'idp')
  return home !== undefined && !home.split('/').includes(String(claims.tid))
}

/** An agent's own identity (11), its user (13), or the product of a blueprint. The blueprint itself is never a reason to let it in. */
export function isAgent(claims: JsonObject, kind: Principal['kind']): boolean {
  if (kind === 'user') return hasNumber(claims, 'xms_sub_fct', 13)
  return hasNumber(claims, 'xms_sub_fct', 11) || readStrings(claims, 'xms_par_app_azp').length > 0
}

/** Whether the client that acts for a user is an agent. */
export function isActingAgent(claims: JsonObject): boolean {
  return hasNumber(claims, 'xms_act_fct', 11) || readStrings(claims, 'xms_par_app_azp').length > 0
}
