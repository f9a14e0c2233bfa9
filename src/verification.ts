// The order of checks for a token, from top to bottom. What was verified once is remembered, and only what may have changed
// since is checked again.
import { type Clock, systemClock } from './clock.ts'
import { AuthError, type Refusal } from './errors.ts'
import type { Emit } from './events.ts'
import { freezeDeeply } from './internal/deep-freeze.ts'
import { after, type Eventually, eventually } from './internal/eventually.ts'
import type { JsonObject } from './internal/json.ts'
import type { VerificationKey } from './keys/key-source.ts'
import type { Algorithm } from './token/algorithms.ts'
import {
  checkAudience,
  checkClaimTypes,
  checkConfirmation,
  checkRequired,
  checkTimes,
  checkType,
} from './token/claims.ts'
import { verifySignature } from '#engine'
import { applySchema } from './token/claims-schema.ts'
import { describeToken } from './token/describe-token.ts'
import { createTokenParser, type ParsedToken } from './token/parse-token.ts'
import type { StandardSchema } from './token/standard-schema.ts'
import { createTokenCache } from './token/token-cache.ts'
import type { IssuerRegistry, TrustedIssuer } from './trust/issuer-registry.ts'
import { createVerifiedToken, type SharedParts, type VerifiedToken } from './verified-token.ts'
import type { VerifierSettings } from './verifier-options.ts'

export interface VerificationParts<C> {
  readonly issuers: IssuerRegistry
  readonly settings: VerifierSettings
  readonly clock?: Clock | undefined
  readonly schema?: StandardSchema<C> | undefined
  readonly isRevoked?: ((auth: VerifiedToken<C>) => boolean | PromiseLike<boolean>) | undefined
  readonly emit: Emit
}

/** A token whose every check has passed, but for what each request asks anew. */
interface Remembered<C> {
  readonly parts: SharedParts<C>
  readonly trusted: TrustedIssuer
  readonly key: VerificationKey
  readonly shared: boolean
}

/**
 * Makes the function that verifies a token: at once where nothing has to be waited for.
 *
 * It throws, or its promise rejects with, nothing but an `AuthError`.
 */
export function createVerification<C>(parts: VerificationParts<C>): (token: string) => Eventually<VerifiedToken<C>> {
  const { issuers, settings, clock = systemClock, schema, isRevoked, emit } = parts
  const parseToken = createTokenParser()
  const { tokenCache } = settings
  const verifyOnce = tokenCache
    ? createTokenCache({ verify: verifyInFull, recheck, refuseAgain }, tokenCache)
    : verifyInFull

  function verify(token: string): Eventually<VerifiedToken<C>> {
    try {
      const verified = after(verifyOnce(token), (known) => checkRevocation(createVerifiedToken(known.parts, token)))
      return verified instanceof Promise ? verified.catch(rethrow) : verified
    } catch (error) {
      return rethrow(error)
    }
  }

  /** A preset or a clock that throws is our fault, not the token's; and no door opens because of it. */
  function rethrow(error: unknown): never {
    if (error instanceof AuthError) throw error
    throw report(new AuthError('verification_unavailable', { details: { cause: error } }))
  }

  function verifyInFull(token: string): Eventually<Remembered<C>> {
    const parsed = parseToken(token)
    if ('code' in parsed) throw refuse(parsed)
    const trusted = issuers.find(parsed.claims.iss)
    if (!trusted) throw refuse(unknownIssuer(parsed), parsed)
    // No key is needed for these, so only a token that passes them can cost a fetch or cryptography.
    const implausible = checkWithoutKey(parsed, trusted)
    if (implausible) throw refuse(implausible, parsed)
    return after(findKey(parsed, trusted), (key) => {
      if (!key) throw refuse({ code: 'key_not_found', hint: keyHint }, parsed)
      return after(findSigner(parsed, key, trusted), (signer) => {
        if (!signer) throw refuse({ code: 'signature_invalid' }, parsed)
        // From here on the claims are the issuer's words.
        return after(typedClaims(parsed), (claims) => remembered(parsed, claims, trusted, signer))
      })
    })
  }

  function checkWithoutKey(parsed: ParsedToken, { profile }: TrustedIssuer): Refusal | undefined {
    const { header, claims } = parsed
    const audience = profile.audience ?? null
    return (
      checkAlgorithm(header.alg, profile.algorithms) ??
      checkType(header.typ, profile.types) ??
      checkClaimTypes(claims) ??
      checkRequired(claims, [
        'exp',
        ...(audience ? ['aud'] : []),
        ...settings.requiredClaims,
        ...profile.requiredClaims,
      ]) ??
      checkTimes(claims, readClock(clock), settings) ??
      profile.checkToken(parsed) ??
      (audience ? checkAudience(claims, audience) : undefined) ??
      checkConfirmation(claims)
    )
  }

  /** What may have changed since a token was verified: the time, and its issuer's keys. */
  function recheck({ parts, trusted, key }: Remembered<C>): Eventually<boolean> {
    const claims = parts.claims as JsonObject
    const token = { header: parts.header, claims }
    const untimely = checkTimes(claims, readClock(clock), settings)
    if (untimely) throw refuse(untimely, token, true)
    return after(findKey(token, trusted), (found) => found === key)
  }

  function findKey(
    token: Pick<ParsedToken, 'header' | 'claims'>,
    { keys }: TrustedIssuer,
  ): Eventually<VerificationKey | undefined> {
    const unavailable = (error: unknown): never => {
      const refusal =
        error instanceof AuthError ? error : new AuthError('keys_unavailable', { details: { cause: error } })
      throw report(refusal, describeToken(token, false))
    }
    try {
      const found = eventually(keys.findKey(token.header))
      return found instanceof Promise ? found.catch(unavailable) : found
    } catch (error) {
      return unavailable(error)
    }
  }

  /** The key that signed: the one found, or what the STS has put under its kid since. */
  function findSigner(
    { header, signingInput, signature }: ParsedToken,
    key: VerificationKey,
    { keys }: TrustedIssuer,
  ): Eventually<VerificationKey | undefined> {
    const alg = header.alg as Algorithm
    return after(verifySignature(alg, key.key, signingInput, signature), (signed) => {
      if (signed) return key
      return after(eventually(keys.findReplacement?.(header, key)), (other) => {
        if (!other) return undefined
        return after(verifySignature(alg, other.key, signingInput, signature), (ok) => (ok ? other : undefined))
      })
    })
  }

  function typedClaims(parsed: ParsedToken): Eventually<JsonObject> {
    if (!schema) return parsed.claims
    freezeDeeply(parsed.claims)
    return after(applySchema(schema, parsed.claims), (applied) => {
      if ('code' in applied) throw refuse(applied, parsed, true)
      return applied.claims
    })
  }

  function remembered(
    { header, claims }: ParsedToken,
    typed: JsonObject,
    trusted: TrustedIssuer,
    key: VerificationKey,
  ): Remembered<C> {
    const parts: SharedParts<C> = {
      claims: typed as SharedParts<C>['claims'],
      principal: trusted.profile.principal(claims, trusted.issuer),
      header,
      issuer: trusted.issuer,
      expiresAt: claims.exp as number,
      proof: 'none',
    }
    // A schema may put out what cannot be frozen, such as a Date: then each request gets its own.
    const shared = freezeDeeply(parts)
    return { parts, trusted, key, shared }
  }

  function checkRevocation(auth: VerifiedToken<C>): Eventually<VerifiedToken<C>> {
    if (!isRevoked) return auth
    return after(askRevocation(isRevoked, auth), (answer) => {
      if (answer === false) return auth
      const token = { header: auth.header, claims: auth.claims as JsonObject }
      if (answer === true) throw refuse({ code: 'token_revoked' }, token, true)
      // Neither yes nor no: a check that could not be made is not a check that passed.
      throw refuse({ code: 'revocation_unavailable', details: { cause: answer.cause } }, token, true)
    })
  }

  function refuse(
    { code, hint, details }: Refusal,
    token?: Pick<ParsedToken, 'header' | 'claims'>,
    verified = false,
  ): AuthError {
    const facts = token ? describeToken(token, verified) : { verified }
    return report(new AuthError(code, { hint, details: { ...facts, ...details } }))
  }

  function report(error: AuthError, facts = {}): AuthError {
    const { code, status, hint, details } = error
    emit({ type: 'refusal', code, status, hint, details: { ...facts, ...details } })
    return error
  }

  /** For each of the other requests that waited for the same verification. */
  function refuseAgain(error: unknown): never {
    throw error instanceof AuthError ? report(error) : error
  }

  return verify
}

const keyHint =
  'the issuer publishes no key with this kid and algorithm: is this its production STS, and its own signing key?'

/** A clock that tells no time must not make every token young. */
function readClock(clock: Clock): number {
  const nowMs: unknown = clock.nowMs()
  if (typeof nowMs !== 'number' || !Number.isFinite(nowMs))
    throw new TypeError('clock.nowMs() must give a finite number.')
  return nowMs
}

function checkAlgorithm(alg: string, allowed: readonly Algorithm[]): Refusal | undefined {
  if ((allowed as readonly string[]).includes(alg)) return undefined
  return { code: 'algorithm_not_allowed', details: { claim: 'alg', expected: allowed } }
}

function unknownIssuer({ claims }: ParsedToken): Refusal {
  if (!Object.hasOwn(claims, 'iss')) return { code: 'claim_missing', details: { claim: 'iss' } }
  return {
    code: 'issuer_unknown',
    hint: 'no configured issuer equals the iss of the token; they are compared byte for byte, slashes included',
    details: { claim: 'iss' },
  }
}

function askRevocation<C>(
  isRevoked: (auth: VerifiedToken<C>) => boolean | PromiseLike<boolean>,
  auth: VerifiedToken<C>,
): Eventually<boolean | { readonly cause: unknown }> {
  const failed = (cause: unknown): { readonly cause: unknown } => ({ cause })
  const read = (answer: unknown): boolean | { readonly cause: unknown } =>
    typeof answer === 'boolean' ? answer : failed(new TypeError('isRevoked did not answer true or false.'))
  try {
    const answer: unknown = isRevoked(auth)
    return typeof answer === 'object' && answer !== null ? Promise.resolve(answer).then(read, failed) : read(answer)
  } catch (cause) {
    return failed(cause)
  }
}
