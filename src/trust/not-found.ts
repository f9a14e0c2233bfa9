// What is said of a token whose issuer or key nobody knows.
import type { Refusal } from '../errors.ts'
import type { ParsedToken } from '../token/parse-token.ts'
import type { TrustedIssuer } from './issuer-registry.ts'

/** Says that the issuer has no key for a token, and how its keys stand. */
export function keyNotFound({ keys }: TrustedIssuer): Refusal {
  const health = keys.health?.()
  return {
    code: 'key_not_found',
    hint: 'the issuer publishes no key with this kid and algorithm: is this its production STS, and its own signing key?',
    details: { ...(health && { keys: health.keys, keysAgeMs: health.ageMs ?? 0 }) },
  }
}

/** Says that nobody who is trusted has issued a token. */
export function unknownIssuer({ claims }: ParsedToken): Refusal {
  if (!Object.hasOwn(claims, 'iss')) return { code: 'claim_missing', details: { claim: 'iss' } }
  return {
    code: 'issuer_unknown',
    hint: 'no configured issuer equals the iss of the token; they are compared byte for byte, slashes included',
    details: { claim: 'iss' },
  }
}
