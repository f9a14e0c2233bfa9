// Tokens that were verified, remembered by their digest: neither a token nor a piece of one rests in memory.
import { digest } from '#engine'
import { LRUCache } from 'lru-cache'
import { type Clock, createSteadyClock, systemClock } from '../internal/clock.ts'
import type { AuthError } from '../errors/auth-error.ts'
import { freezeAndMeasure, layoutBytes } from '../internal/freeze.ts'
import { type MaybePromise, within } from '../internal/maybe-promise.ts'
import type { TrustedIssuer } from '../issuer/registry.ts'
import type { VerificationKey } from '../jwks/key-source.ts'
import type { Times } from '../jwt/claims.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { TypedClaims } from '../jwt/schema.ts'
import type { VerifierSettings } from './options.ts'
import type { PlausibleToken } from './prechecks.ts'
import type { ResolvedPrincipal } from './resolve-principal.ts'
import type { SharedParts } from './verified-token.ts'

/** The members of an entry that the cache reads. */
export interface CachedToken {
  /** Whether requests may share it: every part of it is frozen. */
  readonly isShareable: boolean
  /** Whether it may be remembered: no source of its principal failed. */
  readonly isCacheable: boolean
  /** About how much memory it takes, besides the token's text. */
  readonly bytes: number
}

/** A token whose every check has passed, but for those that each request is asked anew. */
export interface CacheEntry extends SharedParts, Times, CachedToken {
  /** The issuer's own claims, for `isTenantAllowed` and `validateRequest`, where a schema left some out. */
  readonly rawClaims: Pick<ParsedToken, 'header' | 'claims'> | undefined
  readonly trusted: TrustedIssuer
  readonly key: VerificationKey
}

/** Entries of verified tokens, and the verifications under way. Only verified tokens enter: refused ones drive nothing out. */
export interface TokenCache<E extends CachedToken> {
  /** The name of a token: its digest. A token that is too long, or no text, has none, and so has each where nothing is remembered. */
  nameOf(token: unknown): MaybePromise<string | undefined>
  get(name: string | undefined): E | undefined
  /** Removes `entry`, unless another has taken its place. */
  drop(name: string | undefined, entry: E): void
  /** Begins the verification of `token`. */
  begin(name: string, token: string): Flight<E>
  /** Lets others join the verification until it ends, if it has not ended yet. Returns `verified`. */
  share(flight: Flight<E>, verified: Promise<E | AuthError>): Promise<E | AuthError>
  /** The verification of this token that is under way. Resolves to nothing when that takes too long: then another may begin. */
  join(name: string | undefined): Promise<E | AuthError | undefined> | undefined
}

/** So long others wait for the verification of a token that has begun before. */
const maxJoinMs = 1000
/** The memory of an entry besides the text of its token and the counted parts of its header, claims and principal. */
const entryBytes = 250

/** One verification. */
export interface Flight<E> {
  readonly name: string
  readonly begunAtMs: number
  hasEnded: boolean
  verified: Promise<E | AuthError> | undefined
  /** Remembers the entry, where requests may share it. */
  succeed(entry: E): void
  end(): void
}

/** Makes the cache, or one that remembers nothing where `tokenCache` is off. */
export function createTokenCache<E extends CachedToken>(
  { tokenCache, maxTokenBytes }: Pick<VerifierSettings, 'tokenCache' | 'maxTokenBytes'>,
  clock: Clock = systemClock,
): TokenCache<E> {
  const { maxTokens, maxBytes } = tokenCache ?? { maxTokens: 1, maxBytes: 1 }
  // Not its `max`, for which it would lay out all of its room at once: a millisecond and 300 kB of each verifier.
  const entries = new LRUCache<string, E>({ maxSize: maxBytes })
  const flights = new Map<string, Flight<E>>()
  const steady = createSteadyClock(clock)

  function leave(flight: Flight<E>): undefined {
    if (flights.get(flight.name) === flight) flights.delete(flight.name)
  }

  function begin(name: string, token: string): Flight<E> {
    const size = entryBytes + token.length
    const flight: Flight<E> = {
      name,
      begunAtMs: steady.nowMs(),
      hasEnded: false,
      verified: undefined,
      succeed(entry) {
        if (!entry.isShareable || !entry.isCacheable) return
        entries.set(name, entry, { size: size + entry.bytes })
        if (entries.size > maxTokens) entries.pop()
      },
      end() {
        flight.hasEnded = true
        leave(flight)
      },
    }
    return flight
  }

  function share(flight: Flight<E>, verified: Promise<E | AuthError>): Promise<E | AuthError> {
    if (flight.hasEnded) return verified
    forgetOld(flight.begunAtMs)
    flight.verified = verified
    flights.delete(flight.name)
    flights.set(flight.name, flight)
    return verified
  }

  /** A verification that never ends must not stay for ever. The oldest is the first of the map. */
  function forgetOld(nowMs: number): void {
    for (const [name, flight] of flights) {
      if (nowMs - flight.begunAtMs < maxJoinMs) return
      flights.delete(name)
    }
  }

  // The application's own function may never answer. It then costs the requests that wait for it, and not the token for ever. Each request
  // that joins has a timer of its own: on some platforms a verification ends, timers included, with the request that began it.
  function join(name: string | undefined): Promise<E | AuthError | undefined> | undefined {
    const flight = name === undefined ? undefined : flights.get(name)
    if (!flight?.verified) return undefined
    const leftMs = maxJoinMs - (steady.nowMs() - flight.begunAtMs)
    if (leftMs > 0) return within(flight.verified, leftMs, () => leave(flight))
    leave(flight)
    return undefined
  }

  return {
    nameOf: (token) =>
      tokenCache && typeof token === 'string' && token.length <= maxTokenBytes ? digest(token) : undefined,
    get: (name) => (name === undefined ? undefined : entries.get(name)),
    drop: (name, entry) => void (name !== undefined && entries.get(name) === entry && entries.delete(name)),
    begin,
    share,
    join,
  }
}

/** The results of the last steps of a verification. */
interface Found {
  readonly typed: TypedClaims
  readonly resolved: ResolvedPrincipal
}

/** Makes the function that makes an entry of a verified token, and measures it where it can be remembered. */
export function createEntries({ tokenCache }: Pick<VerifierSettings, 'tokenCache'>) {
  const sharedBytes = tokenCache ? createClaimLayouts() : () => 0

  return function createEntry(
    { parsed, trusted }: PlausibleToken,
    key: VerificationKey,
    { typed, resolved }: Found,
  ): CacheEntry {
    const { header, claims } = parsed
    const { exp, nbf, iat } = claims as unknown as Times
    const principalBytes = freezeAndMeasure(resolved.principal, claims)
    return {
      claims: typed.claims as SharedParts['claims'],
      principal: resolved.principal,
      header,
      issuer: trusted.issuer,
      exp,
      nbf,
      iat,
      rawClaims: readsRaw(trusted) && typed.claims !== claims ? { header, claims } : undefined,
      trusted,
      key,
      // A schema may put out what cannot be frozen, such as a Date. Each request then gets its own.
      isShareable: typed.shared && principalBytes !== undefined,
      isCacheable: !resolved.failed,
      bytes: bytesOf(parsed, typed) + (principalBytes ?? 0),
    }
  }

  /** About how much memory header and claims take, besides the token's text. */
  function bytesOf({ header, claims, bytes }: ParsedToken, typed: TypedClaims): number {
    const typedBytes = typed.claims === claims ? 0 : typed.bytes - sharedBytes(typed.claims)
    return bytes - sharedBytes(header) - sharedBytes(claims) + typedBytes
  }
}

function readsRaw({ profile }: TrustedIssuer): boolean {
  return profile.isTenantAllowed !== undefined || profile.validateRequest !== undefined
}

// Which names earlier claims had. However many objects have the same names in the same order, V8 keeps one layout for all of them.

const maxLayouts = 32
const maxNames = 64

/** Makes a function that gives the bytes of `claims` that an earlier token has paid for: those of their layout. */
export function createClaimLayouts(): (claims: object) => number {
  const layouts: (readonly string[])[] = []
  let next = 0

  return function sharedBytes(claims) {
    for (const names of layouts) if (hasNames(claims, names)) return names.length * layoutBytes
    const names = Object.keys(claims)
    if (names.length > maxNames) return 0
    layouts[next] = names
    next = (next + 1) % maxLayouts
    return 0
  }
}

/** Without a list of the names that `claims` has: this is done for every token. */
function hasNames(claims: object, names: readonly string[]): boolean {
  let index = 0
  for (const name in claims) if (name !== names[index++]) return false
  return index === names.length
}
