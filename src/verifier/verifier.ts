// createVerifier: the public face of verification. The order of checks is in verify-token.ts.
import { createReport, type Outcome } from './report.ts'
import { createResolvePrincipal } from './resolve-principal.ts'
import { systemClock } from '../internal/clock.ts'
import { AuthError, isAuthError } from '../errors/auth-error.ts'
import type { ChallengeParams } from '../errors/challenge.ts'
import { createEmit } from '../errors/events.ts'
import type { RequestView } from '../http/request-view.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { createEndSignal } from '../internal/end-signal.ts'
import { platformFetch } from '../internal/fetch-json.ts'
import { createKeepAlive } from '../internal/single-flight.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { KeyHealth, Network } from '../jwks/key-source.ts'
import { createIssuerRegistry } from '../issuer/registry.ts'
import { createPrechecks } from './prechecks.ts'
import { createVerifyToken, type IsRevoked, type VerificationParts, type Verify } from './verify-token.ts'
import { unwatched, type Watch } from './watch.ts'
import type { TokenByIssuer, VerifiedToken } from './verified-token.ts'
import { type IssuerOptions, readVerifierOptions, type VerifierOptions } from './options.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'

/** Verifies access tokens. Its functions may be taken off it. */
export interface Verifier<C = Record<string, unknown>> {
  /**
   * Verifies a compact JWS access token (RFC 9068 and its many relatives): its issuer, audience, times and signature.
   * Does not decide what the caller may do. A token that was verified is remembered, see `tokenCache`.
   *
   * `header` names the request header that the token came in, in small letters: then an issuer's tokens are taken from no
   * header but its own, and the text after `Bearer` in `authorization` must be one credential. Without it, neither is checked.
   *
   * Always gives a promise. It rejects with an AuthError: `status` 401 when the token is not acceptable (400 when it is no
   * credential), 503 when that could not be found out. Further arguments are ignored.
   */
  verifyToken(token: string, from?: { readonly header: string }): Promise<TokenByIssuer<C>>
  /** Fetches the metadata and keys that the first token of each issuer would wait for. Never rejects. */
  ready(): Promise<readonly IssuerReadiness[]>
  /** How the keys of each issuer stand, for a health page. Fetches nothing. */
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
  checkArgumentCount('createVerifier()', arguments, 1)
  return createVerifierParts<ClaimsByIssuer<I, C>>(options as unknown as VerifierOptions).verifier
}

/** A verifier, and ways in that no application has. */
export interface VerifierParts<C> {
  readonly verifier: Verifier<C>
  /** The reported refusal of a verified token whose times are over by now. Knows the clock tolerance, and no revocation. */
  endOf(auth: TokenByIssuer<C>, request?: RequestView): AuthError | undefined
  /** Answers at once where nothing has to be waited for. */
  readonly verify: Verify<C>
  /** Another way in, whose checks are watched. It shares the keys, and remembers no token of the others. */
  watched(watch: Watch): Verify<C>
}

/**
 * Makes a verifier and its parts.
 *
 * @param challengeParams The auth-params that a resource server puts into each challenge.
 */
export function createVerifierParts<C>(
  options: VerifierOptions,
  challengeParams?: (request: RequestView | undefined) => ChallengeParams,
): VerifierParts<C> {
  const settings = readVerifierOptions(options as unknown as VerifierOptions<IssuerOptions, never>)
  const { clock = systemClock, fetch = platformFetch, fetchTimeoutMs = 5000, claims: schema } = options
  const isRevoked = options.isRevoked as IsRevoked<C> | undefined
  const emit = createEmit(options.onEvent)
  const { signal, end } = createEndSignal()
  const keepAlive = createKeepAlive(options.keepAlive)
  const network: Network = {
    fetch,
    fetchTimeoutMs,
    clock,
    random: Math.random,
    emit,
    signal,
    keepAlive,
  }
  const { keyCache, keyStore } = options
  const issuers = createIssuerRegistry(settings.issuers, { network, keyCache, keyStore })
  const report = createReport(settings.issuers, options.onEvent && emit, challengeParams)
  const resolvePrincipal = createResolvePrincipal(settings, { emit, timeoutMs: fetchTimeoutMs })
  const parts: VerificationParts<C> = { issuers, settings, clock, schema, isRevoked, resolvePrincipal, report }
  const verify = createVerifyToken(parts)
  const { checkTimes } = createPrechecks(parts, unwatched)

  async function ready(): Promise<readonly IssuerReadiness[]> {
    return Promise.all(
      issuers.all.map(async ({ issuer, keys }) => {
        try {
          await keys.ready?.()
          return { issuer, ok: true }
        } catch (error) {
          // The reason itself, which a printed AuthError would hide.
          return { issuer, ok: false, error: error instanceof AuthError ? (error.details.cause ?? error) : error }
        }
      }),
    )
  }

  function keys(): readonly KeyHealth[] {
    return issuers.all.flatMap((trusted) => trusted.keys.health?.() ?? [])
  }

  // Always a promise, like that of an async function, which would take half as long again for a refusal.
  function verifyToken(token: string, from?: { readonly header: string }): Promise<TokenByIssuer<C>> {
    return from === undefined ? promiseOf(verify({ token })) : verifyReceived(token, from)
  }

  async function verifyReceived(token: string, from: { readonly header: string } | null): Promise<TokenByIssuer<C>> {
    return promiseOf(verify({ token, header: from?.header }))
  }

  function endOf(auth: TokenByIssuer<C>, request?: RequestView): AuthError | undefined {
    const untimely = checkTimes(auth.claims)
    return untimely && report.report(report.refuse(untimely, auth as VerifiedToken, true), request)
  }

  const close = (): void => end(new Error('the verifier was closed'))
  return {
    verifier: { verifyToken, ready, keys, close },
    endOf,
    verify,
    watched: (watch) => createVerifyToken(parts, watch),
  }
}

function promiseOf<T>(verified: MaybePromise<Outcome<T>>): Promise<T> {
  if (isPromise(verified)) return verified.then(orThrow)
  return isAuthError(verified) ? rejectSoon(verified) : Promise.resolve(verified)
}

function orThrow<T>(outcome: Outcome<T>): T {
  if (isAuthError(outcome)) throw outcome
  return outcome
}

const soon = Promise.resolve()

/** A microtask later, when the caller has had time to listen: runtimes keep books of rejections that are not handled yet. */
function rejectSoon(error: AuthError): Promise<never> {
  return new Promise((_, reject) => void soon.then(() => reject(error)))
}
