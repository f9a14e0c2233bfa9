// The options of createVerifier, checked once at creation.
import type { Clock } from '../internal/clock.ts'
import type { ClaimcheckEvent } from '../errors/events.ts'
import type { Fetch } from '../internal/fetch-json.ts'
import { checkFunction, checkNumber, checkOptionNames, checkStrings } from '../internal/options.ts'
import { type KeyCacheOptions, readKeyCacheOptions } from '../jwks/settings.ts'
import type { KeyStore } from '../jwks/snapshot.ts'
import { oidc } from '../presets/oidc.ts'
import { readAudience } from '../presets/preset-options.ts'
import { tokenBytes } from '../jwt/parse.ts'
import type { StandardSchema } from '../jwt/schema.ts'
import { type ClientDescription, type ClientRegistry, readClients } from '../principal/principal.ts'
import type { ClaimsByIssuer, Issuer, IssuerWithAudience } from '../issuer/issuer.ts'
import { readIssuer } from '../issuer/validate.ts'
import type { TokenByIssuer } from './verified-token.ts'

/** An issuer's identifier, or an issuer made by a preset. */
export type IssuerOption = string | Issuer

/** One issuer, or several. */
export type IssuerOptions = IssuerOption | readonly IssuerOption[]

/** How many verified tokens are remembered. */
export interface TokenCacheOptions {
  /** At most so many. Default 10 000. */
  readonly maxTokens?: number | undefined
  /**
   * At most so many bytes, estimated from the text of each token and from the members and items of its claims. Default 32 MiB. A token
   * with twenty claims counts as 3 kB.
   */
  readonly maxBytes?: number | undefined
}

interface TokenCacheSettings {
  readonly maxTokens: number
  readonly maxBytes: number
}

interface CommonOptions<C, A> {
  /**
   * Validates the application's claims and gives them their type (zod, valibot, arktype, …; may be asynchronous). Runs
   * after all other checks of the token. Its output joins the registered claims and never replaces one. An issuer may have
   * its own: `withClaims()`.
   *
   * Puts out plain objects, lists, primitives, Date, URL, Map and Set: an instance of any other class is a 503.
   */
  readonly claims?: StandardSchema<C> | undefined
  /** How far the STS's clock and ours may differ, in seconds. Default 30, at most 300. */
  readonly clockToleranceSeconds?: number | undefined
  /** Claims that every token must have, besides `iss`, `exp` and `aud`. */
  readonly requiredClaims?: readonly string[] | undefined
  /** Refuses tokens issued (`iat`) longer ago than this, in seconds. Default: only `exp` counts. */
  readonly maxTokenAgeSeconds?: number | undefined
  /**
   * Refuses a token whose text is longer, before anything else is done with it. Default 16 KiB, from 256 bytes to 64 KiB. SECURITY.md has
   * the cost of a token of that length. A server may need an option of its own for headers of that length.
   */
  readonly maxTokenBytes?: number | undefined
  /** Fetches metadata and keys. Default: the platform's `fetch`, read at each call. */
  readonly fetch?: Fetch | undefined
  /** How long the whole way to an issuer's keys may take, in milliseconds: its metadata, and the last byte of its JWK Set. Default 5000. */
  readonly fetchTimeoutMs?: number | undefined
  /**
   * Is given the promise of work that no request waits for, such as a refresh of the keys: the `waitUntil` of platforms that stop a
   * process when its requests are answered. The promise never rejects. Errors that `keepAlive` throws are dropped.
   *
   * @example import { waitUntil } from 'cloudflare:workers' // or '@vercel/functions'
   * createVerifier({ issuer, audience, keepAlive: waitUntil })
   */
  readonly keepAlive?: ((promise: Promise<unknown>) => void) | undefined
  /** How the keys of all issuers are kept. The defaults are for production. */
  readonly keyCache?: KeyCacheOptions | undefined
  /** Keeps the keys beyond this process, such as `fileKeyStore(path)`: a start while the STS is down can then verify. */
  readonly keyStore?: KeyStore | undefined
  /**
   * Verified tokens are remembered until they or their keys end: by a digest, never by their text. `false` verifies every
   * token anew. Asked for each request all the same: the times in the token, its key, `isRevoked`.
   */
  readonly tokenCache?: TokenCacheOptions | false | undefined
  /**
   * Facts about clients, by their ids, that no token has: `{ 'client id': { kind: 'device', form: 'tv' } }`. Makes an
   * application a device; never makes an application a user. Ids count for every issuer.
   */
  readonly clients?: ClientRegistry | undefined
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined
  /** Gets an event for every refusal and for each change of the keys. Errors that it throws are dropped. */
  readonly onEvent?: ((event: ClaimcheckEvent) => unknown) | undefined
  /**
   * Asked last, for every token: `true` refuses it. When it throws, rejects or answers no boolean: 503. Decide by claims
   * (`jti`, `sub`, `iat`), never by the token's text: an ECDSA signature can be written in two ways.
   */
  readonly isRevoked?: ((auth: TokenByIssuer<A>) => boolean | PromiseLike<boolean>) | undefined
}

type BringsAudience<I> = I extends readonly (infer One)[]
  ? [One] extends [IssuerWithAudience]
    ? true
    : false
  : I extends IssuerWithAudience
    ? true
    : false

/** `audience` is for issuers that bring none: required where there is one, and else an option that would do nothing. */
type AudienceOption<I> =
  BringsAudience<I> extends true
    ? { readonly audience?: undefined }
    : {
        /**
         * What `aud` must name: the identifier of this API at the STS. `null` accepts tokens meant for any API. An issuer's own
         * audience replaces it.
         */
        readonly audience: string | readonly string[] | null
      }

/** Options of `createVerifier`. */
export type VerifierOptions<I extends IssuerOptions = IssuerOptions, C = Record<string, unknown>> = CommonOptions<
  C,
  ClaimsByIssuer<I, C>
> & {
  /** Whose tokens are accepted: an identifier (short for `oidc({ issuer })`), a preset, or a list of these. */
  readonly issuer: I
} & AudienceOption<I>

export const verifierOptionNames: readonly string[] = [
  'issuer',
  'audience',
  'claims',
  'clockToleranceSeconds',
  'requiredClaims',
  'maxTokenAgeSeconds',
  'maxTokenBytes',
  'fetch',
  'fetchTimeoutMs',
  'keepAlive',
  'keyCache',
  'keyStore',
  'tokenCache',
  'clients',
  'clock',
  'onEvent',
  'isRevoked',
]

/** The options as the verifier uses them: issuers as objects, each with its audience. */
export interface VerifierSettings {
  readonly issuers: readonly (Issuer & { readonly audience: readonly string[] | null })[]
  readonly clockToleranceSeconds: number
  readonly maxTokenAgeSeconds: number | undefined
  readonly maxTokenBytes: number
  readonly requiredClaims: readonly string[]
  readonly tokenCache: TokenCacheSettings | undefined
  readonly clients: ReadonlyMap<string, ClientDescription>
}

/** @throws TypeError for anything that is misspelt, of the wrong type, or can never work. */
export function readVerifierOptions(options: VerifierOptions<IssuerOptions, never>): VerifierSettings {
  checkOptionNames('createVerifier()', options, verifierOptionNames)
  const { clockToleranceSeconds = 30, maxTokenAgeSeconds, requiredClaims = [], fetchTimeoutMs = 5000 } = options
  const { maxTokenBytes = tokenBytes.default } = options
  // "usually no more than a few minutes", RFC 9068 §4.
  checkNumber('clockToleranceSeconds', clockToleranceSeconds, 0, 300)
  if (maxTokenAgeSeconds !== undefined)
    checkNumber('maxTokenAgeSeconds', maxTokenAgeSeconds, 1, Number.MAX_SAFE_INTEGER)
  checkNumber('maxTokenBytes', maxTokenBytes, tokenBytes.min, tokenBytes.max)
  checkNumber('fetchTimeoutMs', fetchTimeoutMs, 1, 60_000)
  checkStrings('requiredClaims', requiredClaims, 0)
  for (const name of ['fetch', 'keepAlive', 'onEvent', 'isRevoked'] as const) {
    if (options[name] !== undefined) checkFunction(name, options[name])
  }
  if (options.clock !== undefined) checkFunction('clock.nowMs', options.clock?.nowMs)
  if (options.keyCache !== undefined) readKeyCacheOptions(options.keyCache)
  if (options.keyStore !== undefined) {
    checkFunction('keyStore.load', options.keyStore?.load)
    checkFunction('keyStore.save', options.keyStore?.save)
  }
  if (options.claims !== undefined) {
    checkFunction("claims['~standard'].validate", (options.claims as StandardSchema)?.['~standard']?.validate)
  }
  return {
    issuers: readIssuers(options),
    clockToleranceSeconds,
    maxTokenAgeSeconds,
    maxTokenBytes,
    requiredClaims: [...requiredClaims],
    tokenCache: options.tokenCache === false ? undefined : readTokenCacheOptions(options.tokenCache),
    clients: readClients(options.clients === undefined ? {} : options.clients),
  }
}

/** Reads the option. @throws TypeError for values that make no cache. */
function readTokenCacheOptions(options: TokenCacheOptions = {}): TokenCacheSettings {
  checkOptionNames('tokenCache', options, ['maxTokens', 'maxBytes'])
  const { maxTokens = 10_000, maxBytes = 32 * 1024 ** 2 } = options
  checkNumber('tokenCache.maxTokens', maxTokens, 1, 1_000_000)
  checkNumber('tokenCache.maxBytes', maxBytes, 64 * 1024, 4 * 1024 ** 3)
  return { maxTokens, maxBytes }
}

/** The headers that the tokens of these issuers come in, besides `Authorization`; each once. */
export function tokenHeadersOf(issuer: IssuerOptions): readonly string[] {
  const list = [issuer].flat() as readonly IssuerOption[]
  const headers = list.map((one) => (typeof one === 'string' ? undefined : one.tokenHeader))
  return [...new Set(headers.filter((name) => name !== undefined && name !== 'authorization'))] as readonly string[]
}

function readIssuers({ issuer, audience }: VerifierOptions<IssuerOptions, never>): VerifierSettings['issuers'] {
  const list = Array.isArray(issuer) ? (issuer as readonly IssuerOption[]) : [issuer as IssuerOption]
  if (list.length === 0) throw new TypeError('issuer must name at least one issuer.')
  const shared = audience === undefined ? undefined : readAudience(audience)
  const issuers = list.map((one) =>
    typeof one === 'object' && one !== null && 'endpoints' in one ? one : oidc({ issuer: one }),
  )
  if (shared !== undefined && issuers.every((one) => one.audience !== undefined)) {
    throw new TypeError(
      'audience is of no use, since every issuer brings its own: leave it out, or write it as an option of the issuer.',
    )
  }
  return issuers.map((one) => ({ ...readIssuer(one), audience: audienceOf(one, shared) }))
}

function audienceOf(issuer: Issuer, shared: readonly string[] | null | undefined): readonly string[] | null {
  const audience = issuer.audience === undefined ? shared : readAudience(issuer.audience)
  if (audience !== undefined) return audience
  throw new TypeError(
    "audience is missing: write the identifier of this API at the STS, as its tokens' aud has it (null accepts tokens meant for any API).",
  )
}
