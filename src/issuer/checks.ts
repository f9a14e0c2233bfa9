// The checks that depend on an issuer's profile, besides its `validateToken`. Each returns an error, or `undefined`.
import type { ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import { type Answer, askYesOrNo, isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { builtInOf } from '../internal/freeze.ts'
import { withoutSlash } from '../internal/urls.ts'
import { checkAudience, checkRequired } from '../jwt/claims.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { Principal } from '../principal/principal.ts'
import type { Issuer, UnverifiedToken } from './issuer.ts'
import type { IssuerRegistry, TrustedIssuer } from './registry.ts'

/** Checks for whom the token is: by `aud`, which is then required, or by the profile's `audienceSource`. `null` turns the check off. */
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
    hint: `this issuer's tokens say in ${name} for whom they are, not in aud: name it in the options of the issuer`,
    details: { claim: name, expected: accepted, received: printable(where[name]) },
  }
}

/** Asks the profile whether the token's tenant may use this API. Only `true` allows it. */
export function checkTenant(profile: Issuer, token: UnverifiedToken): MaybePromise<ValidationError | undefined> {
  const answer = askYesOrNo('isTenantAllowed', () => profile.isTenantAllowed?.(token))
  return isPromise(answer) ? answer.then((later) => tenantRefusal(later, token)) : tenantRefusal(answer, token)
}

/** No answer is no refusal of the token: it may be good, so it gets 503. */
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

/** Checks that the token came in the request header of its issuer. An `undefined` header is not checked. */
export function checkTokenHeader({ tokenHeader }: Issuer, received: string | undefined): ValidationError | undefined {
  const expected = tokenHeader ?? 'authorization'
  if (received === undefined || received === expected) return undefined
  return {
    reason: 'token_in_wrong_header',
    hint: `the tokens of this issuer come in the header ${expected}, and in no other`,
    details: { expected, received },
  }
}

/** The argument of a profile's functions: the token as it was sent, with the issuer and tenant of the registry. */
export function toUnverifiedToken(
  { header, claims }: Pick<ParsedToken, 'header' | 'claims'>,
  { issuer, tenant }: TrustedIssuer,
): UnverifiedToken {
  return tenant === undefined ? { header, claims, issuer } : { header, claims, issuer, tenant }
}

/**
 * Checks the result of a profile's `principal()`. A promise must not pass for a principal, nor an instance of a class: a copy
 * loses its getters.
 *
 * @throws TypeError for anything but a plain object with a `key`.
 */
export function checkPrincipal({ preset }: Issuer, principal: unknown): asserts principal is Principal {
  const isPlain = isJsonObject(principal) && builtInOf(principal) === 'Object'
  if (isPlain && typeof principal.key === 'string' && principal.key !== '') return
  throw new TypeError(`${preset}: principal() must give a principal, at once and as a plain object.`)
}

/** The profile's hint for a refusal, if it has one. A hint is for logs and never changes an answer. */
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
      // A failing hint must not change the answer.
    }
  }
  return undefined
}

/** The error for a token whose issuer has no such key, with the state of its keys. */
export function keyNotFound({ keys }: TrustedIssuer): ValidationError {
  const health = keys.health?.()
  return {
    reason: 'key_not_found',
    hint: 'the issuer publishes no key with this kid and algorithm: is this its production STS, and its own signing key?',
    details: { ...(health && { keys: health.keys }), ...(health?.ageMs !== undefined && { keysAgeMs: health.ageMs }) },
  }
}

/** The error for a token of no trusted issuer, or of none of those that share its `iss`. */
export function unknownIssuer({ claims }: ParsedToken, { discriminatorsOf, all }: IssuerRegistry): ValidationError {
  if (!Object.hasOwn(claims, 'iss')) return { reason: 'claim_missing', details: { claim: 'iss' } }
  const discriminators = discriminatorsOf(claims.iss)
  const claim = discriminators[0]?.claim
  // The `iss` is a trusted one, so `issuer_unknown` would mislead.
  if (claim !== undefined) {
    const expected = discriminators.flatMap(({ values }) => values)
    return (
      checkRequired(claims, [claim]) ?? {
        reason: 'claim_invalid',
        hint: `the iss of the token is trusted for some values of ${claim} only, and the token has another`,
        details: { claim, expected, received: printable(claims[claim]) },
      }
    )
  }
  const { iss } = claims
  const similar =
    typeof iss === 'string' ? all.find(({ issuer }) => withoutSlash(issuer) === withoutSlash(iss)) : undefined
  return {
    reason: 'issuer_unknown',
    hint: similar
      ? `the iss of the token and the configured issuer differ by the slash at the end: write issuer '${printable(iss)}'`
      : 'no configured issuer equals the iss of the token; they are compared byte for byte, slashes included',
    details: { claim: 'iss', ...(similar && { expected: similar.issuer }) },
  }
}
