// Reads the one credential of a request from its Authorization line (RFC 9110 §11.6.2, RFC 6750 §2.1), or from the header that the
// application has set in its place.
// Tokens in a query, a form body or a cookie are never looked at.
import type { Refusal } from '../errors.ts'
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
export function readBearer(request: RequestView): string | Refusal | undefined {
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
  if (isRepeated) return { code: 'credential_repeated' }
  const before = scheme.exec(value)
  if (before) return value.slice(before[0].length)
  if (joinedBearer.test(value)) return { code: 'credential_repeated' }
  return foreign.test(value) ? undefined : { code: 'credential_malformed' }
}

/** Refuses what is not one token68 after `Bearer`. */
export function checkBearer(text: string): Refusal | undefined {
  if (token68.test(text)) return undefined
  return { code: joinedBearer.test(text) ? 'credential_repeated' : 'credential_malformed' }
}

function isAuthorization(name: string): boolean {
  return name.length === 13 && name.toLowerCase() === 'authorization'
}
