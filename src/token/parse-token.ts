// A compact JWS (RFC 7515 §3.1, §5.2) taken apart once, strictly. Nothing here is verified yet.
import type { Refusal } from '../errors.ts'
import { decodeBase64url } from '../internal/base64url.ts'
import { type JsonObject, parseJsonObject } from '../internal/json.ts'

const maxTokenLength = 16_384
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
  readonly signingInput: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Parses `token`, or says why it is none. Does not check any claim or the signature. */
export function parseToken(token: unknown): ParsedToken | Refusal {
  if (typeof token !== 'string') return malformed('the token must be a string')
  if (token.length > maxTokenLength) return { code: 'token_too_large', hint: `longer than ${maxTokenLength} bytes` }
  const segments = token.split('.', 6)
  if (segments.length === 5) return encrypted
  const [headerText, claimsText, signatureText] = segments
  if (segments.length !== 3 || !headerText || !claimsText || signatureText === undefined) {
    return malformed('not three base64url segments with dots between: opaque tokens cannot be verified here')
  }
  const header = parseSegment(headerText)
  if (!header) return malformed('the header is not a strict base64url JSON object')
  const refusal = checkHeader(header)
  if (refusal) return refusal
  const claims = parseSegment(claimsText)
  if (!claims) return malformed('the payload is not a strict base64url JSON object')
  const signature = decodeBase64url(signatureText)
  if (!signature) return malformed('the signature is not strict base64url')
  const signingInput = new TextEncoder().encode(`${headerText}.${claimsText}`)
  return { header: header as JoseHeader, claims, signingInput, signature }
}

const encrypted: Refusal = {
  code: 'token_encrypted',
  hint: 'this is an encrypted token (JWE): configure the STS to send this API signed, unencrypted tokens',
}

function malformed(hint: string): Refusal {
  return { code: 'token_malformed', hint }
}

function parseSegment(text: string): JsonObject | undefined {
  const bytes = decodeBase64url(text)
  return bytes && parseJsonObject(bytes)
}

function checkHeader(header: JsonObject): Refusal | undefined {
  if (typeof header.alg !== 'string') return malformed('alg must be a string')
  if (header.typ !== undefined && typeof header.typ !== 'string') return malformed('typ must be a string')
  if (header.kid !== undefined && !isKid(header.kid))
    return malformed(`kid must be a string of 1 to ${maxKidLength} characters`)
  // We implement no extension, so every crit is one that we do not understand (RFC 7515 §4.1.11). "JWTs MUST NOT use"
  // an unencoded payload (RFC 7797 §7): b64 has no business here, listed in crit or not.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) {
    return { code: 'critical_header_unsupported', hint: 'crit and b64 are not supported' }
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
