// Reads claims whose shape differs between STSs. Whatever does not have the expected shape counts as absent.
import { constant } from '../internal/deep-freeze.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import type { PrincipalActor, PrincipalAuthentication } from './principal.ts'

/** A non-empty string claim. */
export function readString(claims: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** An empty list. One for all, since most principals have several. */
export const none: readonly never[] = constant([])

/** A claim that is a list of strings, or one string; members that are no strings are left out. */
export function readStrings(claims: JsonObject, name: string): readonly string[] {
  if (!Object.hasOwn(claims, name)) return none
  const value = claims[name]
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const strings: string[] = []
  for (const item of items) if (typeof item === 'string' && item !== '') strings.push(item)
  return strings
}

/** The scopes of all four shapes that STSs use: `scope` and `scp`, each a string with spaces or a list of strings. */
export function readScopes(claims: JsonObject): readonly string[] {
  const scopes: string[] = []
  addScopes(scopes, claims, 'scope')
  addScopes(scopes, claims, 'scp')
  return scopes.length > manyScopes ? [...new Set(scopes)] : scopes
}

/** Up to here looking through a list is quicker than making a set. */
const manyScopes = 32

function addScopes(scopes: string[], claims: JsonObject, name: string): void {
  if (!Object.hasOwn(claims, name)) return
  const value = claims[name]
  if (typeof value === 'string') return addWords(scopes, value)
  for (const one of readStrings(claims, name)) addOnce(scopes, one)
}

/** What stands between spaces. Not by `split`, which is slow for a text that is seen for the first time. */
function addWords(scopes: string[], text: string): void {
  let start = 0
  for (let end = text.indexOf(' '); end !== -1; end = text.indexOf(' ', start)) {
    if (end > start) addOnce(scopes, text.slice(start, end))
    start = end + 1
  }
  if (start < text.length) addOnce(scopes, text.slice(start))
}

function addOnce(scopes: string[], one: string): void {
  if (scopes.length > manyScopes || !scopes.includes(one)) scopes.push(one)
}

/** `acr`, `amr` and `auth_time` (OpenID Connect Core §2, RFC 9068 §2.2.1). */
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

/** The outermost `act` (RFC 8693 §4.1); one that names nobody counts as absent. */
export function readActor(claims: JsonObject): PrincipalActor | undefined {
  const act = Object.hasOwn(claims, 'act') ? claims.act : undefined
  if (!isJsonObject(act)) return undefined
  const subject = readString(act, 'sub') ?? readString(act, 'client_id')
  const issuer = readString(act, 'iss')
  return subject === undefined ? undefined : { subject, ...(issuer !== undefined && { issuer }), traits: [] }
}
