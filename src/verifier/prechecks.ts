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
import type { Watch } from './watch.ts'

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

export interface PrecheckParts {
  readonly issuers: IssuerRegistry
  readonly settings: VerifierSettings
  /** Default: the system's. */
  readonly clock?: Clock | undefined
}

export function createPrechecks({ issuers, settings, clock = systemClock }: PrecheckParts, watch: Watch): Prechecks {
  const { maxTokenBytes } = settings
  const parseToken = createTokenParser(maxTokenBytes)
  const headerClaims = headerClaimsOf(settings.issuers)
  const required = new Map(settings.issuers.map((profile) => [profile as Issuer, requiredOf(profile, settings)]))
  const checks = watch({
    syntax: parse,
    issuer: issuers.find,
    padding: checkForm,
    algorithm: checkAlgorithm,
    type: checkType,
    claimTypes: checkClaimTypes,
    required: checkRequired,
    times: checkTimes,
    tokenKind: checkTokenKind,
    audience: checkAudienceOf,
    confirmation: checkConfirmation,
  })

  function check({ token, header }: Credential): PlausibleToken | FailedPrecheck {
    const parsed = checks.syntax(token)
    if ('reason' in parsed) return { refusal: checkSyntax(token, header) ?? parsed }
    // Without padding, a token that could be parsed is one token68.
    const malformed = parsed.padded ? checkSyntax(token, header) : undefined
    if (malformed) return { refusal: malformed }
    const trusted = checks.issuer(parsed.claims)
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
      checks.padding(token, profile) ??
      checks.algorithm(header.alg, profile.algorithms) ??
      checks.type(header.typ, profile.types) ??
      checks.claimTypes(claims, profile.nonStandardClaimTypes) ??
      checks.required(claims, required.get(profile) ?? requiredOf(profile, settings)) ??
      checks.times(claims as unknown as Times, readClock(clock), settings) ??
      checks.tokenKind(token, trusted) ??
      checks.audience(token, profile.audience ?? null, profile.audienceSource) ??
      checks.confirmation(claims)
    )
  }

  return { check, checkTimes: (times) => checks.times(times, readClock(clock), settings) }
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

/** The rules of the STS itself, such as what marks its ID tokens. */
function checkTokenKind(token: ParsedToken, trusted: TrustedIssuer): ValidationError | undefined {
  return trusted.profile.validateToken(toUnverifiedToken(token, trusted))
}

function checkAlgorithm(alg: string, allowed: readonly Algorithm[]): ValidationError | undefined {
  if ((allowed as readonly string[]).includes(alg)) return undefined
  return { reason: 'algorithm_not_allowed', details: { claim: 'alg', expected: allowed } }
}
