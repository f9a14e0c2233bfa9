// The checks of a token that need no key, in their order. Only a token that passes them can cost a fetch or cryptography.
import { type Clock, systemClock } from '../internal/clock.ts'
import type { Refusal } from '../errors/auth-error.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { checkClaimTypes, checkConfirmation, checkRequired, checkTimes, checkType, type Times } from '../jwt/claims.ts'
import { createTokenParser, isPadded, type ParsedToken, parsePaddedToken } from '../jwt/parse.ts'
import type { Issuer, UnverifiedToken } from '../issuer/issuer.ts'
import type { TrustedIssuer } from '../issuer/registry.ts'
import { checkAudienceOf } from '../issuer/checks.ts'
import type { VerifierSettings } from './options.ts'

/** What is checked of a token before its key is looked for. Each function answers with a refusal, or nothing. */
export interface Plausibility {
  parse(token: string): ParsedToken | Refusal
  check(token: ParsedToken, trusted: TrustedIssuer): Refusal | undefined
  /** Of a verified token, too, each time that it comes. */
  checkTimes(times: Times): Refusal | undefined
}

/** @param clock Default: the system's. */
export function createPlausibility(settings: VerifierSettings, clock: Clock = systemClock): Plausibility {
  const { maxTokenBytes } = settings
  const parseToken = createTokenParser(maxTokenBytes)
  const headerClaims = headerClaimsOf(settings.issuers)
  const required = new Map(settings.issuers.map((profile) => [profile as Issuer, requiredOf(profile, settings)]))

  function parse(token: string): ParsedToken | Refusal {
    if (headerClaims !== undefined && isPadded(token, maxTokenBytes))
      return parsePaddedToken(token, headerClaims, parseToken)
    return parseToken(token)
  }

  function check(token: ParsedToken, trusted: TrustedIssuer): Refusal | undefined {
    const { profile } = trusted
    const { header, claims } = token
    return (
      checkForm(token, profile) ??
      checkAlgorithm(header.alg, profile.algorithms) ??
      checkType(header.typ, profile.types) ??
      checkClaimTypes(claims, profile.looseClaims) ??
      checkRequired(claims, required.get(profile) ?? requiredOf(profile, settings)) ??
      checkTimes(claims as unknown as Times, readClock(clock), settings) ??
      profile.checkToken(factsOf(token, trusted)) ??
      checkAudienceOf(token, profile.audience ?? null, profile.audienceFrom) ??
      checkConfirmation(claims)
    )
  }

  return { parse, check, checkTimes: (times) => checkTimes(times, readClock(clock), settings) }
}

/** What a profile's functions see of a token: what was sent, and whose it claims to be, in our own words. */
export function factsOf(
  { header, claims }: Pick<ParsedToken, 'header' | 'claims'>,
  { issuer, tenant }: TrustedIssuer,
): UnverifiedToken {
  return tenant === undefined ? { header, claims, issuer } : { header, claims, issuer, tenant }
}

/** An issuer's tokens come in the request header that is theirs, and in no other. Without `received` nobody knows where one came from. */
export function checkTokenHeader({ profile }: TrustedIssuer, received: string | undefined): Refusal | undefined {
  const expected = profile.tokenHeader ?? 'authorization'
  if (received === undefined || received === expected) return undefined
  return {
    code: 'token_in_wrong_header',
    hint: `the tokens of this issuer come in the header ${expected}, and in no other`,
    details: { expected, received },
  }
}

function requiredOf(
  { audience, audienceFrom, requiredClaims }: Issuer,
  settings: Pick<VerifierSettings, 'requiredClaims'>,
): readonly string[] {
  return ['exp', ...(audience && !audienceFrom ? ['aud'] : []), ...settings.requiredClaims, ...requiredClaims]
}

function checkForm({ padded = false }: ParsedToken, { paddedTokens }: Issuer): Refusal | undefined {
  if (padded === (paddedTokens !== undefined)) return undefined
  return { code: 'token_malformed', hint: 'the token is padded where its issuer pads none, or the other way round' }
}

/** The claims that some issuer has in the JOSE header of its padded tokens; `undefined` when none has padded ones. */
function headerClaimsOf(issuers: readonly Issuer[]): readonly string[] | undefined {
  const padded = issuers.filter(({ paddedTokens }) => paddedTokens !== undefined)
  return padded.length > 0 ? padded.flatMap(({ paddedTokens }) => paddedTokens?.headerClaims ?? []) : undefined
}

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
