// Tokens that a gateway in front of the API puts into a header of its own, without a scheme (Cf-Access-Jwt-Assertion,
// x-amzn-oidc-data, x-goog-iap-jwt-assertion). Only the headers of the configured issuers are looked at.
import type { Refusal } from '../errors.ts'
import { readBearer } from './credentials.ts'
import { currentValue, type RequestView } from './request-view.ts'

/** A token, and the header that it came in, in small letters. */
export interface Credential {
  readonly token: string
  readonly header: string
}

// Like token68, with padding inside: a token has dots, and two joined lines have a comma.
const bareToken = /^[A-Za-z0-9\-._~+/=]+$/

/**
 * Returns the one token of `request`, from `Authorization` or one of `headers`, or `undefined` when it carries none.
 * Refuses two credentials in one request, also in two different headers: which of them should decide? Refuses a request that may
 * lack header lines, since one of those may be a second credential.
 */
export function readToken(request: RequestView, headers: readonly string[]): Credential | Refusal | undefined {
  // Before anything else: a line that Node has left out of the application's headers looks like a deleted one.
  if (request.headersTruncated) return { code: 'headers_truncated' }
  const bearer = readBearer(request)
  const found = headers.length === 0 ? [] : headers.flatMap((header) => credentialsIn(request, header))
  const [credential] = found
  if (!credential) return typeof bearer === 'string' ? { token: bearer, header: 'authorization' } : bearer
  if (typeof bearer === 'object') return bearer
  if (found.length > 1 || bearer !== undefined) return { code: 'credential_repeated' }
  return bareToken.test(credential.token) ? credential : { code: 'credential_malformed' }
}

/** The credentials in a gateway's own `header`: those received, and one that the application has set; none when it has deleted them. */
function credentialsIn(request: RequestView, header: string): readonly Credential[] {
  const received = request.headers.filter(([name]) => name.toLowerCase() === header).map(([, value]) => value)
  const current = currentValue(request, header, received[0])
  if (current === undefined) return []
  // The gateway vouches for its own line: another value beside it is a second credential. Node joins two lines into one value.
  const isSet = received.length === 0 || (received.length === 1 && received[0] !== current)
  return [...received, ...(isSet ? [current] : [])].map((token) => ({ token, header }))
}
