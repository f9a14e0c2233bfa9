// Reads the one credential of a request from its Authorization line (RFC 9110 §11.6.2, RFC 6750 §2.1). The application may have set
// another value in its place. A gateway may have a header of its own. Never reads a query, a form body or a cookie.
import type { ValidationError } from '../errors/auth-error.ts'
import { currentValue, type RequestView } from './request-view.ts'

// credentials = auth-scheme 1*SP token68 (RFC 9110 §11.4). Tabs and other white space are not SP.
const scheme = /^bearer +/i
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/
// Another scheme and its credential. A token without a scheme, or joined to the word Bearer, does not match. It must not
// pass for a request without a credential. Neither do two lines that were joined, "Basic Zm9v, Basic Zm9v": a token68 has no list.
const foreignScheme = /^(?!bearer)[!#$%&'*+\-^_`|~0-9A-Za-z]+ +(?![\w\-.~+/]+=*\s*,)[^ ]/i
// Two lines that a Headers object has joined: "Basic Zm9v, Bearer ey…". Parameters of other schemes never look like this.
const joinedBearer = /,\s*bearer(?:[\s,]|$)/i

/**
 * Returns the text after `Bearer` in `request`, or `undefined` without one: no `Authorization`, or one of another scheme. Refuses
 * two `Authorization` lines, unless the application has deleted them, and a value without a scheme. Does not check that the text is
 * one token: `checkBearer` does, which a remembered token does not need.
 */
export function readBearer(request: RequestView): string | ValidationError | undefined {
  let received: string | undefined
  let isRepeated = false
  for (const line of request.headers) {
    if (line[0].length !== 13 || line[0].toLowerCase() !== 'authorization') continue
    isRepeated = received !== undefined
    received = line[1]
  }
  const value = currentValue(request, 'authorization', received)
  if (value === undefined) return undefined
  // Refused whatever value the application has set: Node has shown it only one of the two lines.
  if (isRepeated) return { reason: 'credential_repeated' }
  const [schemeAndSpaces] = scheme.exec(value) ?? []
  if (schemeAndSpaces !== undefined) return value.slice(schemeAndSpaces.length)
  if (joinedBearer.test(value)) return { reason: 'credential_repeated' }
  if (foreignScheme.test(value)) return undefined
  return { reason: 'credential_malformed', hint: 'the line must begin with the word Bearer and a space' }
}

/** Refuses a text after `Bearer` that is not one token68. */
export function checkBearer(text: string): ValidationError | undefined {
  if (token68.test(text)) return undefined
  if (joinedBearer.test(text)) return { reason: 'credential_repeated' }
  const mistake = mistakes.find(([pattern]) => pattern.test(text))
  return { reason: 'credential_malformed', hint: mistake?.[1] ?? 'the text after Bearer is not one token' }
}

/** What clients put after the word Bearer in place of a token. */
const mistakes = [
  [/^bearer /i, 'the word Bearer is there twice: the client puts it before a text that has it already'],
  [/^["']/, 'the token stands between quotes: send it without them'],
  [/^\[object /, 'the client made text of an object: send its access token, a string'],
] as const

// A gateway in front of the API may put tokens into a header of its own, without a scheme (Cf-Access-Jwt-Assertion,
// x-amzn-oidc-data, x-goog-iap-jwt-assertion). Only the headers of the configured issuers are read.

/** A credential as presented. */
export interface Credential {
  readonly token: string
  /** The request header that it came in, in lower case, where that is known. */
  readonly header?: string | undefined
  /** The request that it came with, where there is one. */
  readonly request?: RequestView | undefined
}

// Like token68, with padding inside: a token has dots, and two joined lines have a comma.
const bareToken = /^[A-Za-z0-9\-._~+/=]+$/

/**
 * Returns the one token of `request`, from `Authorization` or one of `headers`, or `undefined` without one. Refuses two credentials,
 * also in different headers: either could decide. Refuses a request that may lack header lines, since one of those may be a second
 * credential.
 */
export function readToken(request: RequestView, headers: readonly string[]): Credential | ValidationError | undefined {
  // First of all: a line that Node has left out of the application's headers looks like a deleted one.
  if (request.headersTruncated) return { reason: 'headers_truncated' }
  const bearer = readBearer(request)
  const found = headers.length === 0 ? [] : headers.flatMap((header) => credentialsIn(request, header))
  const [credential] = found
  if (!credential) return typeof bearer === 'string' ? { token: bearer, header: 'authorization', request } : bearer
  if (typeof bearer === 'object') return bearer
  if (found.length > 1 || bearer !== undefined) return { reason: 'credential_repeated' }
  return bareToken.test(credential.token) ? credential : { reason: 'credential_malformed' }
}

/** Returns the credentials in a gateway's `header`: those received, and one that the application has set. None when it has deleted them. */
function credentialsIn(request: RequestView, header: string): readonly Credential[] {
  const received = request.headers.filter(([name]) => name.toLowerCase() === header).map(([, value]) => value)
  const current = currentValue(request, header, received[0])
  if (current === undefined) return []
  // The gateway vouches for its line: another value beside it is a second credential. Node joins two lines into one value.
  const isSet = received.length === 0 || (received.length === 1 && received[0] !== current)
  return [...received, ...(isSet ? [current] : [])].map((token) => ({ token, header, request }))
}
