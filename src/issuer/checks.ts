// The checks in which an issuer's profile has its say, besides its own validateToken. Each answers like every other check:
// a refusal, or nothing.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { type Answer, askYesOrNo, isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { builtInOf } from '../internal/freeze.ts'
import { printable } from '../internal/printable.ts'
import { checkAudience, checkRequired } from '../jwt/claims.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { Principal } from '../principal/principal.ts'
import type { Issuer, UnverifiedToken } from './issuer.ts'
import type { IssuerRegistry, TrustedIssuer } from './registry.ts'

/** Checks for whom the token is: by `aud`, which must be there, or by what the profile says instead. `null` turns it off. */
export function checkAudienceOf(
  { header, claims }: UnverifiedToken,
  accepted: readonly string[] | null,
  from: Issuer['audienceSource'],
): ValidationError | undefined {
  if (accepted === null) return undefined
  if (from === undefined) return checkAudience(claims, accepted)
  const [name, where] = 'claim' in from ? [from.claim, claims] : [from.header, header as JsonObject]
  const missing = checkRequired(where, [name])
  if (missing) return missing
  const received: readonly unknown[] = [where[name]].flat()
  if (received.some((one) => typeof one === 'string' && accepted.includes(one))) return undefined
  return {
    reason: 'audience_mismatch',
    hint: `this issuer's tokens say in ${name} for whom they are, not in aud`,
    details: { claim: name, expected: accepted, received: printable(where[name]) },
  }
}

/** Asks the profile whether the token's tenant may use this API. Only `true` lets it. */
export function checkTenant(profile: Issuer, token: UnverifiedToken): MaybePromise<ValidationError | undefined> {
  const answer = askYesOrNo('isTenantAllowed', () => profile.isTenantAllowed?.(token))
  return isPromise(answer) ? answer.then((later) => tenantRefusal(later, token)) : tenantRefusal(answer, token)
}

function tenantRefusal(answer: Answer, token: UnverifiedToken): ValidationError | undefined {
  if (answer === true) return undefined
  const tenant = token.tenant ?? token.claims.tid
  if (answer === false) {
    return {
      reason: 'tenant_mismatch',
      hint: 'the tenant of the token is not among those that may use this API',
      details: { claim: 'tid', ...(tenant !== undefined && { received: printable(tenant) }) },
    }
  }
  return {
    reason: 'verification_unavailable',
    hint: 'whether the tenant of the token may use this API could not be found out',
    details: { cause: answer.cause },
  }
}

/** The tokens of an issuer come in one request header, and in no other. Where `received` is not known, it is not checked. */
export function checkTokenHeader({ tokenHeader }: Issuer, received: string | undefined): ValidationError | undefined {
  const expected = tokenHeader ?? 'authorization'
  if (received === undefined || received === expected) return undefined
  return {
    reason: 'token_in_wrong_header',
    hint: `the tokens of this issuer come in the header ${expected}, and in no other`,
    details: { expected, received },
  }
}

/** The view of a token that a profile's functions get: as it was sent, with the issuer and the tenant that the registry found. */
export function toUnverifiedToken(
  { header, claims }: Pick<ParsedToken, 'header' | 'claims'>,
  { issuer, tenant }: TrustedIssuer,
): UnverifiedToken {
  return tenant === undefined ? { header, claims, issuer } : { header, claims, issuer, tenant }
}

/** @throws TypeError unless `said` names a caller: a promise, or nothing, must not pass for one, nor a class, whose getters a copy loses. */
export function checkPrincipal({ preset }: Issuer, said: unknown): asserts said is Principal {
  const isPlain = isJsonObject(said) && builtInOf(said) === 'Object'
  if (isPlain && typeof said.key === 'string' && said.key !== '') return
  throw new TypeError(`${preset}: principal() must give a principal, at once and as a plain object.`)
}

/** The profile's hint for a refusal, if it has one. A hint is for a log: it never changes an answer. */
export function hintOf(
  profiles: readonly Pick<Issuer, 'hint'>[],
  reason: ValidationError['reason'],
  token: UnverifiedToken,
): string | undefined {
  for (const profile of profiles) {
    try {
      const hint = profile.hint?.(reason, token)
      if (hint !== undefined) return hint
    } catch {
      // Nobody is let in or kept out for want of a hint.
    }
  }
  return undefined
}

// What is said of a token whose issuer or key nobody knows.

/** Says that the issuer has no key for a token, and how its keys stand. */
export function keyNotFound({ keys }: TrustedIssuer): ValidationError {
  const health = keys.health?.()
  return {
    reason: 'key_not_found',
    hint: 'the issuer publishes no key with this kid and algorithm: is this its production STS, and its own signing key?',
    details: { ...(health && { keys: health.keys }), ...(health?.ageMs !== undefined && { keysAgeMs: health.ageMs }) },
  }
}

/** Says that a token is of no trusted issuer, or of none of those that share its `iss`. */
export function unknownIssuer({ claims }: ParsedToken, { discriminatorsOf }: IssuerRegistry): ValidationError {
  if (!Object.hasOwn(claims, 'iss')) return { reason: 'claim_missing', details: { claim: 'iss' } }
  const discriminators = discriminatorsOf(claims.iss)
  const [first] = discriminators
  if (first)
    return otherDiscriminator(
      claims,
      first.claim,
      discriminators.flatMap(({ values }) => values),
    )
  return {
    reason: 'issuer_unknown',
    hint: 'no configured issuer equals the iss of the token; they are compared byte for byte, slashes included',
    details: { claim: 'iss' },
  }
}

/** `iss` is a trusted one, so saying that it is not would lead astray. */
function otherDiscriminator(claims: JsonObject, claim: string, expected: readonly string[]): ValidationError {
  return (
    checkRequired(claims, [claim]) ?? {
      reason: 'claim_invalid',
      hint: `the iss of the token is trusted for some values of ${claim} only, and the token has another`,
      details: { claim, expected, received: printable(claims[claim]) },
    }
  )
}
