// What is said of a token whose issuer or key nobody knows.
import type { Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'
import { checkRequired } from '../token/claims.ts'
import type { ParsedToken } from '../token/parse-token.ts'
import type { IssuerRegistry, TrustedIssuer } from './issuer-registry.ts'

/** Says that the issuer has no key for a token, and how its keys stand. */
export function keyNotFound({ keys }: TrustedIssuer): Refusal {
  const health = keys.health?.()
  return {
    code: 'key_not_found',
    hint: 'the issuer publishes no key with this kid and algorithm: is this its production STS, and its own signing key?',
    details: { ...(health && { keys: health.keys }), ...(health?.ageMs !== undefined && { keysAgeMs: health.ageMs }) },
  }
}

/** Says that a token is of no trusted issuer, or of none of those that share its `iss`. */
export function unknownIssuer({ claims }: ParsedToken, { discriminatorsOf }: IssuerRegistry): Refusal {
  if (!Object.hasOwn(claims, 'iss')) return { code: 'claim_missing', details: { claim: 'iss' } }
  const discriminators = discriminatorsOf(claims.iss)
  const [first] = discriminators
  if (first)
    return otherDiscriminator(
      claims,
      first.claim,
      discriminators.flatMap(({ values }) => values),
    )
  return {
    code: 'issuer_unknown',
    hint: 'no configured issuer equals the iss of the token; they are compared byte for byte, slashes included',
    details: { claim: 'iss' },
  }
}

/** `iss` is a trusted one, so saying that it is not would lead astray. */
function otherDiscriminator(claims: JsonObject, claim: string, expected: readonly string[]): Refusal {
  return (
    checkRequired(claims, [claim]) ?? {
      code: 'claim_invalid',
      hint: `the iss of the token is trusted for some values of ${claim} only, and the token has another`,
      details: { claim, expected, received: printable(claims[claim]) },
    }
  )
}
