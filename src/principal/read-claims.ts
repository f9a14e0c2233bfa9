// Reads claims whose shape differs between STSs. A claim of an unexpected shape counts as absent.
import { constant } from '../internal/freeze.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import type { PrincipalActor, PrincipalAuthentication } from './principal.ts'

/** Reads a claim that is a non-empty string. */
export function readString(claims: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** One empty list for all, since most principals have several. */
export const emptyList: readonly never[] = constant([])

/**
 * Reads a claim that is a list of strings, or one string. Leaves other members out. A list without such members is returned itself, and
 * not copied: claims are frozen, and the token cache mostly holds both.
 */
export function readStrings(claims: JsonObject, name: string): readonly string[] {
  if (!Object.hasOwn(claims, name)) return emptyList
  const value = claims[name]
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return areTexts(items) ? items : items.filter(isText)
}

/** True when all items are non-empty strings. A loop is faster than callbacks, and every new token runs this. */
export function areTexts(items: readonly unknown[]): items is readonly string[] {
  for (const item of items) if (!isText(item)) return false
  return true
}

/** True for a non-empty string. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Reads scopes in all four shapes that STSs use: `scope` and `scp`, each a string with spaces or a list of strings. */
export function readScopes(claims: JsonObject): readonly string[] {
  const scope = readString(claims, 'scope')
  const scp = readString(claims, 'scp')
  // As one text, two claims share a list like one.
  if (scope !== undefined && scp !== undefined) return splitScopes(`${scope} ${scp}`)
  const scopes = scopesIn(claims, 'scope')
  const more = scopesIn(claims, 'scp')
  if (scopes.length === 0) return more
  return more.length === 0 ? scopes : distinct([...scopes, ...more])
}

function scopesIn(claims: JsonObject, name: string): readonly string[] {
  if (!Object.hasOwn(claims, name)) return emptyList
  const value = claims[name]
  return typeof value === 'string' ? splitScopes(value) : distinct(readStrings(claims, name))
}

/** An STS grants the same few scopes over and over: principals share one list of them. Only verified tokens get here. */
const scopeLists = new Map<string, readonly string[]>()
const maxScopeLists = 200
const maxScopeLength = 500

function splitScopes(text: string): readonly string[] {
  const shared = scopeLists.get(text)
  if (shared) return shared
  const scopes = Object.freeze(distinct(text.split(' ').filter(isText)))
  if (scopeLists.size >= maxScopeLists) scopeLists.clear()
  if (text.length <= maxScopeLength) scopeLists.set(text, scopes)
  return scopes
}

function distinct(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)]
}

/** Reads `acr`, `amr` and `auth_time` (OpenID Connect Core §2, RFC 9068 §2.2.1). */
export function readAuthentication(claims: JsonObject): PrincipalAuthentication {
  const authentication: { -readonly [name in keyof PrincipalAuthentication]: PrincipalAuthentication[name] } = {}
  const acr = readString(claims, 'acr')
  const amr = readStrings(claims, 'amr')
  const time = Object.hasOwn(claims, 'auth_time') ? claims.auth_time : undefined
  if (acr !== undefined) authentication.acr = acr
  if (amr.length > 0) authentication.amr = amr
  if (typeof time === 'number') authentication.time = time
  return authentication
}

/** Reads the outermost `act` (RFC 8693 §4.1). One without a name counts as absent. */
export function readActor(claims: JsonObject): PrincipalActor | undefined {
  const act = Object.hasOwn(claims, 'act') ? claims.act : undefined
  if (!isJsonObject(act)) return undefined
  const subject = readString(act, 'sub') ?? readString(act, 'client_id')
  const issuer = readString(act, 'iss')
  return subject === undefined ? undefined : { subject, ...(issuer !== undefined && { issuer }), traits: [] }
}
