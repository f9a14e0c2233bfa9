// The order of checks for a token, from top to bottom. What was verified once is remembered, and only what may have changed
// since is checked again.
import type { CallerOf, CompletedPrincipal } from './resolve-principal.ts'
import type { Clock } from '../internal/clock.ts'
import { AuthError, type Refusal } from '../errors/auth-error.ts'
import { checkBearer } from '../http/credentials.ts'
import { freezeAndMeasure } from '../internal/freeze.ts'
import { after, askYesOrNo, type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import type { JsonObject } from '../internal/json.ts'
import type { KeySource, VerificationKey } from '../jwks/key-source.ts'
import { checkTokenHeader, createPlausibility, factsOf } from './prechecks.ts'
import { type Outcome, type Refusals, unlessRefused } from './report.ts'
import { type Claimed, createSigners, type WithKey } from './verify-signature.ts'
import { createClaimLayouts, createTokenCache, type SentToken } from './token-cache.ts'
import { applySchema, type StandardSchema, type TypedClaims } from '../jwt/schema.ts'
import type { Times } from '../jwt/claims.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { IssuerRegistry, TrustedIssuer } from '../issuer/registry.ts'
import { checkAdmission, keyNotFound, unknownIssuer } from '../issuer/checks.ts'
import { createVerifiedToken, type SharedParts, type VerifiedToken } from './verified-token.ts'
import type { VerifierSettings } from './options.ts'

export interface VerificationParts<C> {
  readonly issuers: IssuerRegistry
  readonly settings: VerifierSettings
  /** Default: the system's. */
  readonly clock?: Clock | undefined
  readonly schema?: StandardSchema | undefined
  readonly isRevoked?: IsRevoked<C> | undefined
  readonly callerOf: CallerOf
  readonly refusals: Refusals
}

export type IsRevoked<C> = (auth: VerifiedToken<C>) => boolean | PromiseLike<boolean>

/** Verifies a token. `header` names the request header that it came in, where that is known. */
export type Verify<C> = (token: string, header?: string) => MaybePromise<Outcome<VerifiedToken<C>>>

type Token = Pick<ParsedToken, 'header' | 'claims'>

/** A token that has been signed with a key, and its claims as handlers get them. */
interface Typed extends WithKey {
  readonly typed: TypedClaims
}

/** A token whose every check has passed, but for what each request asks anew. */
interface Remembered extends SharedParts, Times {
  /** What `admits` is asked about each time, where a schema left something out: the issuer's own words, the tenant among them. */
  readonly said: Token | undefined
  readonly trusted: TrustedIssuer
  readonly key: VerificationKey
  readonly shared: boolean
  readonly lasting: boolean
  readonly bytes: number
}

/** Makes the function that verifies a token: at once where nothing has to be waited for. It never throws or rejects. */
export function createVerification<C>(parts: VerificationParts<C>): Verify<C> {
  const { issuers, settings, clock, schema, isRevoked, callerOf } = parts
  const plausibility = createPlausibility(settings, clock)
  const signerOf = createSigners(parts.refusals)
  const { refuse, refuseAgain, orUnavailable, broken } = parts.refusals
  const { tokenCache, maxTokenBytes } = settings
  const sharedBytes = tokenCache ? createClaimLayouts() : () => 0
  const known = tokenCache
    ? createTokenCache({ verify: verifyInFull, recheck, refuseAgain, maxTokenBytes }, tokenCache)
    : verifyInFull

  function verify(token: string, header?: string): MaybePromise<Outcome<VerifiedToken<C>>> {
    try {
      const sent = { token, header }
      const remembered = known(sent)
      if (isPromise(remembered)) return verifyLater(remembered, sent)
      const verified = checkRequest(remembered, sent)
      return isPromise(verified) ? verified.then(checkTimesAgain).catch(broken) : verified
    } catch (error) {
      return broken(error)
    }
  }

  /** Apart from what needs no waiting, which so makes no function for each token. */
  function verifyLater(remembered: Promise<Outcome<Remembered>>, sent: SentToken): Promise<Outcome<VerifiedToken<C>>> {
    return remembered
      .then((later) => checkRequest(later, sent))
      .then(checkTimesAgain)
      .catch(broken)
  }

  /** A token may have ended while its keys, the schema or \`isRevoked\` were waited for. */
  function checkTimesAgain(verified: Outcome<VerifiedToken<C>>): Outcome<VerifiedToken<C>> {
    if (verified instanceof AuthError) return verified
    const claims = verified.claims as JsonObject
    const untimely = plausibility.checkTimes(claims as unknown as Times)
    return untimely ? refuse(untimely, { header: verified.header, claims }, true) : verified
  }

  function verifyInFull({ token, header }: SentToken): MaybePromise<Outcome<Remembered>> {
    const parsed = plausibility.parse(token)
    const malformed = header === 'authorization' ? checkCredential(token, parsed) : undefined
    if (malformed) return refuse(malformed)
    if ('code' in parsed) return refuse(parsed)
    const trusted = issuers.find(parsed.claims)
    if (!trusted) return refuse(unknownIssuer(parsed, issuers), parsed)
    const implausible = plausibility.check(parsed, trusted)
    if (implausible) return refuse(implausible, parsed)
    return unlessRefused(admit(parsed, trusted), lookUpKey, { parsed, trusted })
  }

  function lookUpKey(_: undefined, claimed: Claimed): MaybePromise<Outcome<Remembered>> {
    return unlessRefused(findKey(claimed.parsed, claimed.trusted), verifyWith, claimed)
  }

  function verifyWith(key: VerificationKey | undefined, claimed: Claimed): MaybePromise<Outcome<Remembered>> {
    const { parsed, trusted } = claimed
    if (!key) return refuse(keyNotFound(trusted), parsed)
    const foreign = trusted.profile.checkKey?.(key, factsOf(parsed, trusted))
    if (foreign) return refuse(foreign, parsed)
    return unlessRefused(signerOf({ parsed, trusted, key }), complete, claimed)
  }

  /** What is made of a token once its claims are the issuer's words. */
  function complete(key: VerificationKey | undefined, { parsed, trusted }: Claimed): MaybePromise<Outcome<Remembered>> {
    if (!key) return refuse({ code: 'signature_invalid' }, parsed)
    return unlessRefused(typedClaims(parsed, trusted), findCaller, { parsed, trusted, key })
  }

  function findCaller(typed: TypedClaims, { parsed, trusted, key }: WithKey): MaybePromise<Remembered> {
    return after(callerOf(parsed, trusted), remember, { parsed, trusted, key, typed })
  }

  /** What may have changed since a token was verified: the time, its tenant's standing, its issuer's keys. */
  function recheck(remembered: Remembered): MaybePromise<Outcome<boolean>> {
    const { trusted } = remembered
    const untimely = plausibility.checkTimes(remembered)
    if (untimely) return refuse(untimely, remembered, true)
    return unlessRefused(admit(remembered.said ?? remembered, trusted), recheckKey, remembered)
  }

  function recheckKey(_: undefined, remembered: Remembered): MaybePromise<Outcome<boolean>> {
    return unlessRefused(findKey(remembered, remembered.trusted), isKeyOf, remembered)
  }

  /** What each request is asked for itself. */
  function checkRequest(
    remembered: Outcome<Remembered>,
    { token, header }: SentToken,
  ): MaybePromise<Outcome<VerifiedToken<C>>> {
    if (remembered instanceof AuthError) return remembered
    const misplaced = checkTokenHeader(remembered.trusted, header)
    if (misplaced) return refuse(misplaced, remembered, true)
    return checkRevocation(createVerifiedToken(remembered, token))
  }

  function admit(token: Token, trusted: TrustedIssuer): MaybePromise<Outcome<undefined>> {
    if (!trusted.profile.admits) return undefined
    return unlessRefused(orUnavailable(token, askForAdmission, trusted), refuseAdmission, token)
  }

  function refuseAdmission(refusal: Refusal | undefined, token: Token): AuthError | undefined {
    return refusal && refuse(refusal, token)
  }

  function findKey(token: Token, trusted: TrustedIssuer): MaybePromise<Outcome<VerificationKey | undefined>> {
    return orUnavailable(token, askForKey, trusted)
  }

  /** Claims in an object: what a schema puts out may have a `then`, and would be waited for. */
  function typedClaims(parsed: ParsedToken, { profile }: TrustedIssuer): MaybePromise<Outcome<TypedClaims>> {
    const own = profile.claims ?? schema
    if (!own) return { claims: parsed.claims, shared: true, bytes: parsed.bytes }
    return after(applySchema(own, parsed.claims), (applied) =>
      'code' in applied ? refuse(applied, parsed, true) : applied,
    )
  }

  function remember({ principal, failed }: CompletedPrincipal, { parsed, trusted, key, typed }: Typed): Remembered {
    const { header, claims } = parsed
    const { exp, nbf, iat } = claims as unknown as Times
    const principalBytes = freezeAndMeasure(principal, claims)
    return {
      claims: typed.claims as SharedParts['claims'],
      principal,
      header,
      issuer: trusted.issuer,
      proof: 'none',
      exp,
      nbf,
      iat,
      // Where nobody asks, claims that a schema took out do not rest in memory.
      said: trusted.profile.admits && typed.claims !== claims ? { header, claims } : undefined,
      trusted,
      key,
      // A schema may put out what cannot be frozen, such as a Date: then each request gets its own.
      shared: typed.shared && principalBytes !== undefined,
      bytes: bytesOf(parsed, typed) + (principalBytes ?? 0),
      lasting: !failed,
    }
  }

  /** About how much memory header and claims take, besides the token's text. */
  function bytesOf({ header, claims, bytes }: ParsedToken, typed: TypedClaims): number {
    const typedBytes = typed.claims === claims ? 0 : typed.bytes - sharedBytes(typed.claims)
    return bytes - sharedBytes(header) - sharedBytes(claims) + typedBytes
  }

  function checkRevocation(auth: VerifiedToken<C>): MaybePromise<Outcome<VerifiedToken<C>>> {
    if (!isRevoked) return auth
    return after(
      askYesOrNo('isRevoked', () => isRevoked(auth)),
      (answer) => {
        if (answer === false) return auth
        const token = { header: auth.header, claims: auth.claims as JsonObject }
        if (answer === true) return refuse({ code: 'token_revoked' }, token, true)
        // Neither yes nor no: a check that could not be made is not a check that passed.
        return refuse({ code: 'revocation_unavailable', details: { cause: answer.cause } }, token, true)
      },
    )
  }

  return verify
}

function askForAdmission(token: Token, trusted: TrustedIssuer): ReturnType<typeof checkAdmission> {
  return checkAdmission(trusted.profile, factsOf(token, trusted))
}

function askForKey({ header }: Token, { keys }: TrustedIssuer): ReturnType<KeySource['findKey']> {
  return keys.findKey(header)
}

function isKeyOf(found: VerificationKey | undefined, { key }: Remembered): boolean {
  return found === key
}

/** Asked of few: what could be parsed without padding is one token68, and what is remembered was. */
function checkCredential(token: string, parsed: ParsedToken | Refusal): Refusal | undefined {
  return 'code' in parsed || parsed.padded ? checkBearer(token) : undefined
}
