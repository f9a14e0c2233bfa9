// Reads claims whose shape differs between STSs. Whatever does not have the expected shape counts as absent.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import type { PrincipalActor, PrincipalAuthentication } from './principal.ts'

/** A non-empty string claim. */
export function readString(claims: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A claim that is a list of strings, or one string; members that are no strings are left out. */
export function readStrings(claims: JsonObject, name: string): readonly string[] {
  if (!Object.hasOwn(claims, name)) return []
  const value = claims[name]
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const strings: string[] = []
  for (const item of items) if (typeof item === 'string' && item !== '') strings.push(item)
  return strings
}

/** The scopes of all four shapes that STSs use: `scope` and `scp`, each a string with spaces or a list of strings. */
export function readScopes(claims: JsonObject): readonly string[] {
  const scopes: string[] = []
  for (const one of [...scopesIn(claims, 'scope'), ...scopesIn(claims, 'scp')])
    if (!scopes.includes(one)) scopes.push(one)
  return scopes
}

function scopesIn(claims: JsonObject, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (typeof value === 'string') return wordsOf(value)
  return value === undefined ? [] : readStrings(claims, name)
}

/** What stands between spaces. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = []
  for (const word of text.split(' ')) if (word !== '') words.push(word)
  return words
}

/** `acr`, `amr` and `auth_time` (OpenID Connect Core §2, RFC 9068 §2.2.1). */
export function readAuthentication(claims: JsonObject): PrincipalAuthentication {
  const acr = readString(claims, 'acr')
  const amr = readStrings(claims, 'amr')
  const time = Object.hasOwn(claims, 'auth_time') ? claims.auth_time : undefined
  return {
    ...(acr !== undefined && { acr }),
    ...(amr.length > 0 && { amr }),
    ...(typeof time === 'number' && { time }),
  }
}

/** The outermost `act` (RFC 8693 §4.1); one that names nobody counts as absent. */
export function readActor(claims: JsonObject): PrincipalActor | undefined {
  const act = Object.hasOwn(claims, 'act') ? claims.act : undefined
  if (!isJsonObject(act)) return undefined
  const subject = readString(act, 'sub') ?? readString(act, 'client_id')
  const issuer = readString(act, 'iss')
  return subject === undefined ? undefined : { subject, ...(issuer !== undefined && { issuer }), traits: [] }
}
