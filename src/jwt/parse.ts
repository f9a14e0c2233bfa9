// A compact JWS (RFC 7515 §3.1, §5.2) taken apart once, strictly. Nothing here is verified yet.
import { LRUCache } from 'lru-cache'
import type { ErrorDetails, ValidationError } from '../errors/auth-error.ts'
import { createTextDecoder, decodeBase64url } from '../internal/base64url.ts'
import { type JsonObject, measureJsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'

const maxHeaders = 100
const maxHeaderLength = 1024
const maxKidLength = 256

/** The protected header of a token. `jwk`, `jku`, `x5u` and `x5c` are never read: a token does not bring its own key. */
export interface JoseHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
  readonly [name: string]: unknown
}

/** A token's parts before verification: whoever sent it may have made all of it up. */
export interface ParsedToken {
  readonly header: JoseHeader
  readonly claims: JsonObject
  /** About how many bytes header and claims take in memory, besides their text. */
  readonly bytes: number
  /** What was signed (RFC 7515 §5.2), as it was sent: ASCII. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
  /** Whether it came in the form of a gateway that pads. */
  readonly padded?: boolean
}

/**
 * Makes a parser of compact JWSs of up to `maxTokenBytes` characters. It says why a text is none, and does not check any claim or the
 * signature. It remembers good headers, of which an issuer has few.
 */
export function createTokenParser(maxTokenBytes: number): (token: unknown) => ParsedToken | ValidationError {
  const decodeText = createTextDecoder(maxTokenBytes)
  // By a number: neither a token nor a piece of one must rest in memory as text.
  const known = new LRUCache<number, KnownHeader>({ max: maxHeaders })

  let latest: KnownHeader | undefined

  function readHeader(token: string, headerEnd: number): KnownHeader | ValidationError {
    if (latest && isHeaderOf(token, headerEnd, latest)) return latest
    const number = numberOf(token, headerEnd)
    const seen = known.get(number)
    if (seen && isHeaderOf(token, headerEnd, seen)) return (latest = seen)
    const segment = token.slice(0, headerEnd)
    const parsed = measureJsonObject(decodeText(segment))
    if (!parsed) return malformed('the header is not a strict base64url JSON object')
    const refusal = checkHeader(parsed.value)
    if (refusal) return refusal
    const read = { header: parsed.value as JoseHeader, bytes: parsed.bytes, characters: ascii.encode(segment) }
    if (headerEnd <= maxHeaderLength) known.set(number, read)
    return read
  }

  return function parseToken(token) {
    if (typeof token !== 'string') return malformed('the token must be a string')
    if (token.length > maxTokenBytes) return { reason: 'token_too_large', hint: `longer than ${maxTokenBytes} bytes` }
    const headerEnd = token.indexOf('.')
    const claimsEnd = token.indexOf('.', headerEnd + 1)
    if (headerEnd < 1 || claimsEnd < headerEnd + 2 || token.includes('.', claimsEnd + 1)) return notThreeSegments(token)
    const read = readHeader(token, headerEnd)
    if ('reason' in read) return read
    const claims = measureJsonObject(decodeText(token.slice(headerEnd + 1, claimsEnd)))
    if (!claims) return malformed('the payload is not a strict base64url JSON object')
    const signature = decodeBase64url(token.slice(claimsEnd + 1))
    if (!signature) return malformed('the signature is not strict base64url')
    return {
      header: read.header,
      claims: claims.value,
      bytes: read.bytes + claims.bytes,
      signingInput: token.slice(0, claimsEnd),
      signature,
    }
  }
}

interface KnownHeader {
  readonly header: JoseHeader
  /** About how many bytes it takes in memory. */
  readonly bytes: number
  /** Its characters as a token has them. */
  readonly characters: Uint8Array
}

const ascii = new TextEncoder()

/** Nearly as many numbers as headers. What has the same number need not be the same: that is looked at. */
function numberOf(token: string, length: number): number {
  let number = length
  for (let at = 0; at < length; at++) number = (number * 31 + token.charCodeAt(at)) | 0
  return number
}

function isHeaderOf(token: string, length: number, { characters }: KnownHeader): boolean {
  if (characters.length !== length) return false
  for (let at = 0; at < length; at++) if (token.charCodeAt(at) !== characters[at]) return false
  return true
}

function notThreeSegments(token: string): ValidationError {
  return token.includes('.') && token.split('.', 6).length === 5 ? encrypted : opaque
}

const opaque = malformed('not three base64url segments with dots between: opaque tokens cannot be verified here')

const encrypted: ValidationError = {
  reason: 'token_encrypted',
  hint: 'this is an encrypted token (JWE): configure the STS to send this API signed, unencrypted tokens',
}

function malformed(hint: string): ValidationError {
  return { reason: 'token_malformed', hint }
}

function checkHeader(header: JsonObject): ValidationError | undefined {
  if (typeof header.alg !== 'string') return malformed('alg must be a string')
  if (header.typ !== undefined && typeof header.typ !== 'string') return malformed('typ must be a string')
  if (header.kid !== undefined && !isKid(header.kid))
    return malformed(`kid must be a string of 1 to ${maxKidLength} characters`)
  // We implement no extension, so every crit is one that we do not understand (RFC 7515 §4.1.11). "JWTs MUST NOT use"
  // an unencoded payload (RFC 7797 §7): b64 has no business here, listed in crit or not.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) {
    return { reason: 'critical_header_unsupported', hint: 'crit and b64 are not supported' }
  }
  if (isNested(header.cty)) return malformed('nested tokens (cty: JWT) are not supported')
  return undefined
}

function isKid(kid: unknown): boolean {
  return typeof kid === 'string' && kid !== '' && kid.length <= maxKidLength
}

function isNested(cty: unknown): boolean {
  return typeof cty === 'string' && /^(application\/)?jwt$/i.test(cty)
}

// How long a token may be. SECURITY.md says what one of 16 KiB and one of 64 KiB may cost.

/** The option `maxTokenBytes`: its default and its bounds. */
export const tokenBytes = { min: 256, default: 16_384, max: 65_536 } as const

// Tokens of gateways that pad their base64url and put claims into the JOSE header (AWS ALB). The signature covers the text
// as it was sent, padding included, so it is verified over that; everything else is as strict as for any token.

const segment = /^[\w-]*(={0,2})$/

/** True for what only a padded token can be: no other has a `=` anywhere. What is too long is not searched. */
export function isPadded(token: unknown, maxTokenBytes: number): token is string {
  return typeof token === 'string' && token.length <= maxTokenBytes && token.includes('=')
}

/**
 * Parses a padded token; `headerClaims` of its header join the claims of its payload. Refuses a segment without all of its
 * padding, so that a token has one spelling, and a claim that header and payload give differently.
 */
export function parsePaddedToken(
  token: string,
  headerClaims: readonly string[],
  parseToken: ReturnType<typeof createTokenParser>,
): ParsedToken | ValidationError {
  const segments = token.split('.', 4)
  if (!segments.every((text) => text.length % 4 === 0 && segment.test(text))) return wrongPadding
  const parsed = parseToken(segments.map((text) => text.replace(/=+$/, '')).join('.'))
  if ('reason' in parsed) return parsed
  const claims = joined(parsed.header, parsed.claims, headerClaims)
  if (!claims) return contradictory
  return { ...parsed, padded: true, claims, signingInput: segments.slice(0, 2).join('.') }
}

const wrongPadding: ValidationError = {
  reason: 'token_malformed',
  hint: 'not three base64url segments, each with its padding',
}

const contradictory: ValidationError = {
  reason: 'claim_invalid',
  hint: 'the header and the payload of the token contradict each other',
}

function joined(header: JsonObject, claims: JsonObject, names: readonly string[]): JsonObject | undefined {
  const present = names.filter((name) => Object.hasOwn(header, name))
  const contradicts = present.some((name) => Object.hasOwn(claims, name) && claims[name] !== header[name])
  if (contradicts) return undefined
  return Object.freeze({ ...claims, ...Object.fromEntries(present.map((name) => [name, header[name]])) })
}

// What a log may know of a token, cut to what is safe to print.

/** The facts of a token for `AuthError.details` and events. `verified` says whether its signature had been verified. */
export function describeToken(
  token: { readonly header: JsonObject; readonly claims: JsonObject },
  verified: boolean,
): ErrorDetails {
  const { header, claims } = token
  // Members one by one, since a flood of refusals spends its time here.
  const facts: Record<string, unknown> = { verified }
  addText(facts, 'iss', claims.iss)
  addText(facts, 'aud', claims.aud)
  addText(facts, 'azp', claims.azp ?? claims.client_id ?? claims.appid)
  addText(facts, 'tid', claims.tid)
  addText(facts, 'kid', header.kid)
  addText(facts, 'alg', header.alg)
  addText(facts, 'typ', header.typ)
  addTime(facts, 'iat', claims.iat)
  addTime(facts, 'nbf', claims.nbf)
  addTime(facts, 'exp', claims.exp)
  return facts
}

function addText(facts: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) facts[name] = printable(value)
}

function addTime(facts: Record<string, unknown>, name: string, value: unknown): void {
  if (typeof value === 'number') facts[name] = value
}
