// createVerifier: the order of checks for a token, from top to bottom.
import { type Clock, systemClock } from './clock.ts'
import { AuthError, type Refusal } from './errors.ts'
import { createEmit } from './events.ts'
import { deepFreeze } from './internal/deep-freeze.ts'
import type { JsonObject } from './internal/json.ts'
import type { Network } from './keys/remote-keys.ts'
import type { KeyHealth, VerificationKey } from './keys/key-source.ts'
import type { Algorithm } from './token/algorithms.ts'
import type { Principal } from './principal/principal.ts'
import { applyClients, type ClientDescription, readClients } from './principal/client-registry.ts'
import { checkClaimTypes, checkConfirmation, checkRequired, checkTimes, checkType } from './token/claims.ts'
import { applySchema } from './token/claims-schema.ts'
import { describeToken } from './token/describe-token.ts'
import { isPadded, parsePaddedToken } from './token/padded-token.ts'
import { type ParsedToken, parseToken } from './token/parse-token.ts'
import { verifySignature } from './token/signature.ts'
import { completePrincipal } from './trust/complete-principal.ts'
import type { Issuer, UnverifiedToken } from './trust/issuer.ts'
import { createIssuerRegistry, type TrustedIssuer } from './trust/issuer-registry.ts'
import { checkAdmission, checkAudienceOf, hintOf } from './trust/profile-checks.ts'
import type { ClaimsByIssuer } from './trust/typed-issuer.ts'
import { createVerifiedToken, type VerifiedToken } from './verified-token.ts'
import {
  type IssuerOptions,
  readVerifierOptions,
  type VerifierOptions,
  type VerifierSettings,
} from './verifier-options.ts'

/** Verifies access tokens. Its functions may be taken off it. */
export interface Verifier<C = Record<string, unknown>> {
  /**
   * Verifies a compact JWS access token (RFC 9068 and its many relatives): who issued it, for whom, when, and that
   * nobody changed it. Does not decide what the caller may do. `header` names the request header that the token came in,
   * in small letters: then an issuer's tokens are taken from no header but its own. Without it, that is not looked at.
   *
   * @throws AuthError with `status` 401 when the token is not acceptable, 503 when that could not be found out.
   */
  verifyToken(token: string, from?: { readonly header: string }): Promise<VerifiedToken<C>>
  /** Fetches what the first token of each issuer would wait for. Never rejects. */
  ready(): Promise<readonly IssuerReadiness[]>
  /** How the fetched keys of each issuer stand, for a health page. Asks nobody. */
  keys(): readonly KeyHealth[]
  /** Ends the fetches under way. A verifier that is dropped without it keeps no process alive. */
  close(): void
}

export interface IssuerReadiness {
  readonly issuer: string
  readonly ok: boolean
  readonly error?: unknown
}

/**
 * Makes a verifier for the tokens of the given issuers.
 *
 * @example const { verifyToken } = createVerifier({ issuer: 'https://sts.example.com', audience: 'https://api.example.com' })
 * @throws TypeError for options that are misspelt or can never work, with the value to write instead.
 */
export function createVerifier<const I extends IssuerOptions, C = Record<string, unknown>>(
  options: VerifierOptions<I, C>,
): Verifier<ClaimsByIssuer<I, C>> {
  return createAnyVerifier<ClaimsByIssuer<I, C>>(options as unknown as VerifierOptions)
}

function createAnyVerifier<C>(options: VerifierOptions): Verifier<C> {
  const settings = readVerifierOptions(options as unknown as VerifierOptions<IssuerOptions, never>)
  const { clock = systemClock, fetch = globalThis.fetch, fetchTimeoutMs = 5000, claims: schema } = options
  const isRevoked = options.isRevoked as IsRevoked<C> | undefined
  const emit = createEmit(options.onEvent)
  const closing = new AbortController()
  const network: Network = { fetch, fetchTimeoutMs, clock, random: Math.random, emit, signal: closing.signal }
  const { keyCache, keyStore } = options
  const issuers = createIssuerRegistry(settings.issuers, { network, keyCache, keyStore })
  const headerClaims = headerClaimsOf(settings.issuers)
  const clientsOf = clientRegistries(settings)

  async function verifyToken(token: string, from?: { readonly header: string }): Promise<VerifiedToken<C>> {
    try {
      return await verify(token, from?.header)
    } catch (error) {
      // A preset or a clock that throws is our fault, not the token's; and no door opens because of it.
      if (error instanceof AuthError) throw error
      throw report(new AuthError('verification_unavailable', { details: { cause: error } }))
    }
  }

  async function verify(token: string, header?: string): Promise<VerifiedToken<C>> {
    const isOfGateway = headerClaims !== undefined && isPadded(token)
    const parsed = isOfGateway ? parsePaddedToken(token, headerClaims) : parseToken(token)
    if ('code' in parsed) throw refuse(parsed)
    const trusted = issuers.find(parsed.claims)
    if (!trusted) throw refuse(unknownIssuer(parsed), parsed)
    // No key is needed for these, so only a token that passes them can cost a fetch or cryptography.
    const implausible = checkForm(trusted, isOfGateway, header) ?? checkWithoutKey(parsed, trusted)
    if (implausible) throw refuse(implausible, parsed)
    const facts = factsOf(parsed, trusted)
    const unwelcome = await admission(parsed, trusted, facts)
    if (unwelcome) throw refuse(unwelcome, parsed)
    const key = await findKey(parsed, trusted)
    if (!key) throw refuse(keyNotFound(trusted), parsed)
    const foreign = trusted.profile.checkKey?.(key, facts)
    if (foreign) throw refuse(foreign, parsed)
    if (!(await isSigned(parsed, key, trusted))) throw refuse({ code: 'signature_invalid' }, parsed)
    // From here on the claims are the issuer's words.
    const claims = await typedClaims(parsed, trusted)
    const auth = createVerifiedToken<C>({
      claims: claims as VerifiedToken['claims'],
      principal: await principalOf(parsed, trusted),
      header: parsed.header,
      issuer: trusted.issuer,
      expiresAt: parsed.claims.exp as number,
      proof: 'none',
      token,
    })
    await checkRevocation(auth, parsed)
    return auth
  }

  async function admission(
    parsed: ParsedToken,
    { profile }: TrustedIssuer,
    facts: UnverifiedToken,
  ): Promise<Refusal | undefined> {
    try {
      return await checkAdmission(profile, facts)
    } catch (error) {
      throw report(error as AuthError, describeToken(parsed, false))
    }
  }

  async function principalOf({ header, claims }: ParsedToken, { profile, issuer }: TrustedIssuer): Promise<Principal> {
    const said = profile.principal(claims, issuer, header)
    const { principal } = await completePrincipal(profile, said, claims, { emit, timeoutMs: fetchTimeoutMs })
    return applyClients(principal, clientsOf(profile))
  }

  function checkWithoutKey(parsed: ParsedToken, trusted: TrustedIssuer): Refusal | undefined {
    const { profile } = trusted
    const { header, claims } = parsed
    const audience = profile.audience ?? null
    return (
      checkAlgorithm(header.alg, profile.algorithms) ??
      checkType(header.typ, profile.types) ??
      checkClaimTypes(claims, profile.looseClaims) ??
      checkRequired(claims, [
        'exp',
        ...(audience && !profile.audienceFrom ? ['aud'] : []),
        ...settings.requiredClaims,
        ...profile.requiredClaims,
      ]) ??
      checkTimes(claims, readClock(clock), settings) ??
      profile.checkToken(factsOf(parsed, trusted)) ??
      checkAudienceOf(parsed, audience, profile.audienceFrom) ??
      checkConfirmation(claims)
    )
  }

  async function findKey(
    { header, claims }: ParsedToken,
    { keys }: TrustedIssuer,
  ): Promise<VerificationKey | undefined> {
    try {
      return await keys.findKey(header)
    } catch (error) {
      const unavailable =
        error instanceof AuthError ? error : new AuthError('keys_unavailable', { details: { cause: error } })
      throw report(unavailable, describeToken({ header, claims }, false))
    }
  }

  async function isSigned(parsed: ParsedToken, key: VerificationKey, trusted: TrustedIssuer): Promise<boolean> {
    const { keys, profile } = trusted
    const { header, signingInput, signature } = parsed
    const alg = header.alg as Algorithm
    if (await verifySignature(alg, key.key, signingInput, signature)) return true
    // The STS may have put a new key under the old kid.
    const replacement = await keys.findReplacement?.(header, key)
    if (replacement === undefined || profile.checkKey?.(replacement, factsOf(parsed, trusted))) return false
    return verifySignature(alg, replacement.key, signingInput, signature)
  }

  async function typedClaims(parsed: ParsedToken, { profile }: TrustedIssuer): Promise<JsonObject> {
    const claims = deepFreeze(parsed.claims)
    const ownSchema = profile.claims ?? schema
    if (!ownSchema) return claims
    const applied = await applySchema(ownSchema, claims)
    if ('code' in applied) throw refuse(applied, parsed, true)
    return applied.claims
  }

  async function checkRevocation(auth: VerifiedToken<C>, parsed: ParsedToken): Promise<void> {
    if (!isRevoked) return
    const answer = await askRevocation(isRevoked, auth)
    if (answer === true) throw refuse({ code: 'token_revoked' }, parsed, true)
    // Neither yes nor no: a check that could not be made is not a check that passed.
    if (answer !== false)
      throw refuse({ code: 'revocation_unavailable', details: { cause: answer.cause } }, parsed, true)
  }

  function refuse({ code, hint, details }: Refusal, parsed?: ParsedToken, verified = false): AuthError {
    const facts = parsed ? describeToken(parsed, verified) : { verified }
    const better = parsed && hintOf(settings.issuers, code, parsed)
    return report(new AuthError(code, { hint: better ?? hint, details: { ...facts, ...details } }))
  }

  function report(error: AuthError, facts = {}): AuthError {
    const { code, status, hint, details } = error
    emit({ type: 'refusal', code, status, hint, details: { ...facts, ...details } })
    return error
  }

  async function ready(): Promise<readonly IssuerReadiness[]> {
    return Promise.all(
      issuers.all.map(async ({ issuer, keys }) => {
        try {
          await keys.ready?.()
          return { issuer, ok: true }
        } catch (error) {
          return { issuer, ok: false, error }
        }
      }),
    )
  }

  function keys(): readonly KeyHealth[] {
    return issuers.all.flatMap((trusted) => trusted.keys.health?.() ?? [])
  }

  return { verifyToken, ready, keys, close: () => closing.abort(new Error('the verifier was closed')) }
}

/** What a profile's functions see of a token: what was sent, and whose it claims to be, in our own words. */
function factsOf({ header, claims }: ParsedToken, { issuer, tenant }: TrustedIssuer): UnverifiedToken {
  return { header, claims, issuer, ...(tenant !== undefined && { tenant }) }
}

/** Tokens of a gateway come in its own form and header; others in neither. Without `header` nobody knows where one came from. */
function checkForm({ profile }: TrustedIssuer, isOfGateway: boolean, header: string | undefined): Refusal | undefined {
  if (isOfGateway !== (profile.paddedTokens !== undefined))
    return { code: 'token_malformed', hint: 'the token is padded where its issuer pads none, or the other way round' }
  const expected = profile.tokenHeader ?? 'authorization'
  if (header === undefined || header === expected) return undefined
  return {
    code: 'token_in_wrong_header',
    hint: `the tokens of this issuer come in the header ${expected}, and in no other`,
    details: { expected, received: header },
  }
}

/** The claims that some issuer has in the JOSE header of its padded tokens; `undefined` when none has padded ones. */
function headerClaimsOf(issuers: readonly Issuer[]): readonly string[] | undefined {
  const padded = issuers.filter(({ paddedTokens }) => paddedTokens !== undefined)
  return padded.length > 0 ? padded.flatMap(({ paddedTokens }) => paddedTokens?.headerClaims ?? []) : undefined
}

function clientRegistries({
  issuers,
  clients,
}: VerifierSettings): (profile: Issuer) => ReadonlyMap<string, ClientDescription> {
  const own = new Map(issuers.map((profile) => [profile as Issuer, profile.clients && readClients(profile.clients)]))
  return (profile) => own.get(profile) ?? clients
}

function keyNotFound({ keys }: TrustedIssuer): Refusal {
  const health = keys.health?.()
  return {
    code: 'key_not_found',
    hint: 'the issuer publishes no key with this kid and algorithm: is this its production STS, and its own signing key?',
    details: { ...(health && { keys: health.keys, keysAgeMs: health.ageMs ?? 0 }) },
  }
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

function unknownIssuer({ claims }: ParsedToken): Refusal {
  if (!Object.hasOwn(claims, 'iss')) return { code: 'claim_missing', details: { claim: 'iss' } }
  return {
    code: 'issuer_unknown',
    hint: 'no configured issuer equals the iss of the token; they are compared byte for byte, slashes included',
    details: { claim: 'iss' },
  }
}

type IsRevoked<C> = (auth: VerifiedToken<C>) => boolean | PromiseLike<boolean>

async function askRevocation<C>(
  isRevoked: IsRevoked<C>,
  auth: VerifiedToken<C>,
): Promise<boolean | { readonly cause: unknown }> {
  try {
    const answer: unknown = await isRevoked(auth)
    return typeof answer === 'boolean' ? answer : { cause: new TypeError('isRevoked did not answer true or false.') }
  } catch (cause) {
    return { cause }
  }
}
