// Reads claims whose shape differs between STSs. Whatever does not have the expected shape counts as absent.
import { constant } from '../internal/freeze.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import type { PrincipalActor, PrincipalAuthentication } from './principal.ts'

/** A non-empty string claim. */
export function readString(claims: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** An empty list. One for all, since most principals have several. */
export const emptyList: readonly never[] = constant([])

/**
 * A claim that is a list of strings, or one string; members that are no strings are left out. Where none is, it is the claim's own
 * list: claims are frozen, and most callers are remembered with both.
 */
export function readStrings(claims: JsonObject, name: string): readonly string[] {
  if (!Object.hasOwn(claims, name)) return emptyList
  const value = claims[name]
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return areTexts(items) ? items : items.filter(isText)
}

/** Whether all are strings that say something. A loop, like others here: who calls back is slow, and this is done for every token. */
export function areTexts(items: readonly unknown[]): items is readonly string[] {
  for (const item of items) if (!isText(item)) return false
  return true
}

/** A string that says something. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** The scopes of all four shapes that STSs use: `scope` and `scp`, each a string with spaces or a list of strings. */
export function readScopes(claims: JsonObject): readonly string[] {
  const [scope, scp] = [scopesIn(claims, 'scope'), scopesIn(claims, 'scp')]
  if (typeof scope === 'string' && typeof scp === 'string')
    return wordsOf(scope === '' || scp === '' ? scope + scp : `${scope} ${scp}`)
  return distinct([...listOf(scope), ...listOf(scp)])
}

/** As the claim has them, one text or a list. */
function scopesIn(claims: JsonObject, name: string): string | readonly string[] {
  if (!Object.hasOwn(claims, name)) return ''
  const value = claims[name]
  return typeof value === 'string' ? value : readStrings(claims, name)
}

function listOf(scopes: string | readonly string[]): readonly string[] {
  return typeof scopes === 'string' ? wordsOf(scopes) : scopes
}

/** An STS grants the same few scopes over and over: callers share one list of them. Only of verified tokens is it asked for any. */
const knownWords = new Map<string, readonly string[]>()
const maxKnownWords = 200
const maxKnownLength = 500

/** What stands between spaces. */
function wordsOf(text: string): readonly string[] {
  const known = knownWords.get(text)
  if (known) return known
  const words = Object.freeze(distinct(text.split(' ').filter(isText)))
  if (knownWords.size >= maxKnownWords) knownWords.clear()
  if (text.length <= maxKnownLength) knownWords.set(text, words)
  return words
}

/** Up to here looking through a list is quicker than making a set. */
const fewScopes = 32

function distinct(scopes: readonly string[]): readonly string[] {
  if (scopes.length > fewScopes) return [...new Set(scopes)]
  return scopes.filter((scope, index) => scopes.indexOf(scope) === index)
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
