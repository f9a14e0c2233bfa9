// Tokens that a gateway in front of the API puts into a header of its own, without a scheme (Cf-Access-Jwt-Assertion,
// x-amzn-oidc-data, x-goog-iap-jwt-assertion). Only the headers of the configured issuers are looked at.
import type { Refusal } from '../errors.ts'
import { readBearer } from './credentials.ts'
import type { RequestView } from './request-view.ts'

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
  if (request.headersTruncated) return { code: 'headers_truncated' }
  const bearer = readBearer(request)
  const lines = headers.length === 0 ? [] : request.headers.filter(([name]) => headers.includes(name.toLowerCase()))
  const [line] = lines
  if (!line) return typeof bearer === 'string' ? { token: bearer, header: 'authorization' } : bearer
  if (typeof bearer === 'object') return bearer
  if (lines.length > 1 || bearer !== undefined) return { code: 'credential_repeated' }
  const [name, value] = line
  return bareToken.test(value) ? { token: value, header: name.toLowerCase() } : { code: 'credential_malformed' }
}
