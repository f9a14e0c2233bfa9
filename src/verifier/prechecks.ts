// The checks of a token that need no key, in their order. Only a token that passes them can cost a fetch or cryptography.
import type { Algorithm } from '../crypto/algorithms.ts'
import type { ValidationError } from '../errors/auth-error.ts'
import { checkBearer, type Credential } from '../http/credentials.ts'
import { type Clock, systemClock } from '../internal/clock.ts'
import { checkAudienceOf, toUnverifiedToken, unknownIssuer } from '../issuer/checks.ts'
import type { Issuer } from '../issuer/issuer.ts'
import type { IssuerRegistry, TrustedIssuer } from '../issuer/registry.ts'
import { checkClaimTypes, checkConfirmation, checkRequired, checkTimes, checkType, type Times } from '../jwt/claims.ts'
import { createTokenParser, isPadded, type ParsedToken, parsePaddedToken } from '../jwt/parse.ts'
import type { VerifierSettings } from './options.ts'

/** A token that has passed the checks that need no key, and the issuer that its `iss` names. */
export interface PlausibleToken {
  readonly parsed: ParsedToken
  readonly trusted: TrustedIssuer
}

/** The answer of a check that failed, and the token where it could be parsed. */
export interface FailedPrecheck {
  readonly refusal: ValidationError
  readonly parsed?: ParsedToken
}

export interface Prechecks {
  check(credential: Credential): PlausibleToken | FailedPrecheck
  /** Checks the times alone: each request with a remembered token is asked this. */
  checkTimes(times: Times): ValidationError | undefined
}

/** @param clock Default: the system's. */
export function createPrechecks(
  issuers: IssuerRegistry,
  settings: VerifierSettings,
  clock: Clock = systemClock,
): Prechecks {
  const { maxTokenBytes } = settings
  const parseToken = createTokenParser(maxTokenBytes)
  const headerClaims = headerClaimsOf(settings.issuers)
  const required = new Map(settings.issuers.map((profile) => [profile as Issuer, requiredOf(profile, settings)]))

  function check({ token, header }: Credential): PlausibleToken | FailedPrecheck {
    const parsed = parse(token)
    if ('reason' in parsed) return { refusal: checkSyntax(token, header) ?? parsed }
    // Without padding, a token that could be parsed is one token68.
    const malformed = parsed.padded ? checkSyntax(token, header) : undefined
    if (malformed) return { refusal: malformed }
    const trusted = issuers.find(parsed.claims)
    if (!trusted) return { refusal: unknownIssuer(parsed, issuers), parsed }
    const refusal = validateToken(parsed, trusted)
    return refusal ? { refusal, parsed } : { parsed, trusted }
  }

  function parse(token: string): ParsedToken | ValidationError {
    if (headerClaims !== undefined && isPadded(token, maxTokenBytes))
      return parsePaddedToken(token, headerClaims, parseToken)
    return parseToken(token)
  }

  function validateToken(token: ParsedToken, trusted: TrustedIssuer): ValidationError | undefined {
    const { profile } = trusted
    const { header, claims } = token
    return (
      checkForm(token, profile) ??
      checkAlgorithm(header.alg, profile.algorithms) ??
      checkType(header.typ, profile.types) ??
      checkClaimTypes(claims, profile.nonStandardClaimTypes) ??
      checkRequired(claims, required.get(profile) ?? requiredOf(profile, settings)) ??
      checkTimes(claims as unknown as Times, readClock(clock), settings) ??
      profile.validateToken(toUnverifiedToken(token, trusted)) ??
      checkAudienceOf(token, profile.audience ?? null, profile.audienceSource) ??
      checkConfirmation(claims)
    )
  }

  return { check, checkTimes: (times) => checkTimes(times, readClock(clock), settings) }
}

/** Text in `Authorization` that is no token68 is a malformed request: 400. */
function checkSyntax(token: string, header: string | undefined): ValidationError | undefined {
  return header === 'authorization' ? checkBearer(token) : undefined
}

function requiredOf(
  { audience, audienceSource, requiredClaims }: Issuer,
  settings: Pick<VerifierSettings, 'requiredClaims'>,
): readonly string[] {
  return ['exp', ...(audience && !audienceSource ? ['aud'] : []), ...settings.requiredClaims, ...requiredClaims]
}

function checkForm({ padded = false }: ParsedToken, { base64Padding }: Issuer): ValidationError | undefined {
  if (padded === (base64Padding !== undefined)) return undefined
  return { reason: 'token_malformed', hint: 'the token is padded where its issuer pads none, or the other way round' }
}

/** The claims that some issuer has in the JOSE header of its padded tokens; `undefined` when none has padded ones. */
function headerClaimsOf(issuers: readonly Issuer[]): readonly string[] | undefined {
  const padded = issuers.filter(({ base64Padding }) => base64Padding !== undefined)
  return padded.length > 0 ? padded.flatMap(({ base64Padding }) => base64Padding?.headerClaims ?? []) : undefined
}

/** A clock that tells no time must not make every token young. */
function readClock(clock: Clock): number {
  const nowMs: unknown = clock.nowMs()
  if (typeof nowMs !== 'number' || !Number.isFinite(nowMs))
    throw new TypeError('clock.nowMs() must give a finite number.')
  return nowMs
}

function checkAlgorithm(alg: string, allowed: readonly Algorithm[]): ValidationError | undefined {
  if ((allowed as readonly string[]).includes(alg)) return undefined
  return { reason: 'algorithm_not_allowed', details: { claim: 'alg', expected: allowed } }
}
