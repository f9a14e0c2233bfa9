// Reads the one credential of a request from its Authorization line (RFC 9110 §11.6.2, RFC 6750 §2.1), or from the header that the
// application has set in its place.
// Tokens in a query, a form body or a cookie are never looked at.
import type { ValidationError } from '../errors/auth-error.ts'
import { currentValue, type RequestView } from './request-view.ts'

// credentials = auth-scheme 1*SP token68 (RFC 9110 §11.4); tabs and other white space are not SP.
const scheme = /^bearer +/i
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/
// Another scheme and what belongs to it. A token without a scheme, or one that grew together with Bearer, is none of these:
// it must not pass for a request without a credential.
const foreign = /^(?!bearer)[!#$%&'*+\-^_`|~0-9A-Za-z]+ +[^ ]/i
// Two lines that a Headers object has joined: "Basic Zm9v, Bearer ey…". No other scheme's parameters look like this.
const joinedBearer = /,\s*bearer\s/i

/**
 * Returns the text after `Bearer` in `request`, or `undefined` when it carries none: no `Authorization`, or one of a scheme that
 * is not ours. Refuses two `Authorization` lines, unless the application has deleted them, and a value without a scheme.
 * `checkBearer` says whether the text is one token; a token that was remembered needs no such check.
 */
export function readBearer(request: RequestView): string | ValidationError | undefined {
  let received: string | undefined
  let isRepeated = false
  for (const line of request.headers) {
    if (!isAuthorization(line[0])) continue
    isRepeated = received !== undefined
    received = line[1]
  }
  const value = currentValue(request, 'authorization', received)
  if (value === undefined) return undefined
  // Two lines are refused whatever the application has set: Node has shown it only one of them.
  if (isRepeated) return { reason: 'credential_repeated' }
  const before = scheme.exec(value)
  if (before) return value.slice(before[0].length)
  if (joinedBearer.test(value)) return { reason: 'credential_repeated' }
  return foreign.test(value) ? undefined : { reason: 'credential_malformed' }
}

/** Refuses what is not one token68 after `Bearer`. */
export function checkBearer(text: string): ValidationError | undefined {
  if (token68.test(text)) return undefined
  return { reason: joinedBearer.test(text) ? 'credential_repeated' : 'credential_malformed' }
}

function isAuthorization(name: string): boolean {
  return name.length === 13 && name.toLowerCase() === 'authorization'
}

// Tokens that a gateway in front of the API puts into a header of its own, without a scheme (Cf-Access-Jwt-Assertion,
// x-amzn-oidc-data, x-goog-iap-jwt-assertion). Only the headers of the configured issuers are looked at.

/** A credential as presented. */
export interface Credential {
  readonly token: string
  /** The request header that it came in, in small letters, where that is known. */
  readonly header?: string | undefined
  /** The request that it came with, where there is one. */
  readonly request?: RequestView
}

// Like token68, with padding inside: a token has dots, and two joined lines have a comma.
const bareToken = /^[A-Za-z0-9\-._~+/=]+$/

/**
 * Returns the one token of `request`, from `Authorization` or one of `headers`, or `undefined` when it carries none.
 * Refuses two credentials in one request, also in two different headers: which of them should decide? Refuses a request that may
 * lack header lines, since one of those may be a second credential.
 */
export function readToken(request: RequestView, headers: readonly string[]): Credential | ValidationError | undefined {
  // Before anything else: a line that Node has left out of the application's headers looks like a deleted one.
  if (request.headersTruncated) return { reason: 'headers_truncated' }
  const bearer = readBearer(request)
  const found = headers.length === 0 ? [] : headers.flatMap((header) => credentialsIn(request, header))
  const [credential] = found
  if (!credential) return typeof bearer === 'string' ? { token: bearer, header: 'authorization', request } : bearer
  if (typeof bearer === 'object') return bearer
  if (found.length > 1 || bearer !== undefined) return { reason: 'credential_repeated' }
  return bareToken.test(credential.token) ? credential : { reason: 'credential_malformed' }
}

/** The credentials in a gateway's own `header`: those received, and one that the application has set; none when it has deleted them. */
function credentialsIn(request: RequestView, header: string): readonly Credential[] {
  const received = request.headers.filter(([name]) => name.toLowerCase() === header).map(([, value]) => value)
  const current = currentValue(request, header, received[0])
  if (current === undefined) return []
  // The gateway vouches for its own line: another value beside it is a second credential. Node joins two lines into one value.
  const isSet = received.length === 0 || (received.length === 1 && received[0] !== current)
  return [...received, ...(isSet ? [current] : [])].map((token) => ({ token, header, request }))
}
