// Tokens of gateways that pad their base64url and put claims into the JOSE header (AWS ALB). The signature covers the text
// as it was sent, padding included, so it is verified over that; everything else is as strict as for any token.
import type { Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import type { createTokenParser, ParsedToken } from './parse-token.ts'

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
): ParsedToken | Refusal {
  const segments = token.split('.', 4)
  if (!segments.every((text) => text.length % 4 === 0 && segment.test(text))) return malformed
  const parsed = parseToken(segments.map((text) => text.replace(/=+$/, '')).join('.'))
  if ('code' in parsed) return parsed
  const claims = joined(parsed.header, parsed.claims, headerClaims)
  if (!claims) return contradictory
  return { ...parsed, padded: true, claims, signingInput: segments.slice(0, 2).join('.') }
}

const malformed: Refusal = { code: 'token_malformed', hint: 'not three base64url segments, each with its padding' }

const contradictory: Refusal = {
  code: 'claim_invalid',
  hint: 'the header and the payload of the token contradict each other',
}

function joined(header: JsonObject, claims: JsonObject, names: readonly string[]): JsonObject | undefined {
  const present = names.filter((name) => Object.hasOwn(header, name))
  const contradicts = present.some((name) => Object.hasOwn(claims, name) && claims[name] !== header[name])
  if (contradicts) return undefined
  return Object.freeze({ ...claims, ...Object.fromEntries(present.map((name) => [name, header[name]])) })
}
