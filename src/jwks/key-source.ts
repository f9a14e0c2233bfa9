// The seam to keys: a key source sees a token's header and never its claims.
import type { Emit } from '../errors/events.ts'
import type { Clock } from '../internal/clock.ts'
import type { EndSignal } from '../internal/end-signal.ts'
import type { Fetch } from '../internal/fetch-json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { KeepAlive } from '../internal/single-flight.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import type { PublicKey } from '../crypto/engine.ts'

/**
 * A public key, bound to the algorithms that it may verify: one, or the two names of Ed25519. One key is one object. A
 * remembered token stays valid only while its source finds the very same object.
 */
export interface VerificationKey {
  readonly kid?: string
  readonly algorithms: readonly Algorithm[]
  readonly key: PublicKey
  /** The JWK's `issuer`, where it has one: the tenant of the key in a set that serves many (Entra). */
  readonly issuer?: string
  /** The key's public members as text. A different text means a different key. */
  readonly material?: string
}

/** The header members that select a key. `kid` is text of an unknown sender: compare it, never fetch, log or compute with it. */
export interface KeyQuery {
  readonly alg: string
  readonly kid?: string
}

/** The source of one issuer's keys. */
export interface KeySource {
  /**
   * Finds the one key for a token's header, synchronously where nothing has to be fetched. Called for every token, remembered
   * or new. `undefined` means that the issuer has no such key, and the token is bad.
   *
   * @throws AuthError `keys_unavailable` when that could not be found out: the token may be good.
   */
  findKey(query: KeyQuery): MaybePromise<VerificationKey | undefined>
  /**
   * Finds the key that has replaced `failed`, a key that did not make a token's signature. Anyone who can send a token can
   * cause this call, so an implementation must bound its work. `since` is the value of `loadsBegun()` before the token's key
   * was looked up. Only a load that began later shows whether the key was replaced.
   *
   * @throws AuthError `keys_unavailable` when that could not be found out: the token may be good.
   */
  findReplacement?(query: KeyQuery, failed: VerificationKey, since?: number): MaybePromise<VerificationKey | undefined>
  /** How many loads of the keys have begun. */
  loadsBegun?(query: KeyQuery): number | undefined
  /** Loads what the first token would wait for. Rejects when that failed. */
  ready?(): Promise<void>
  /** The state of the keys. */
  health?(): KeyHealth
}

/** The state of one issuer's keys, for a health page. */
export interface KeyHealth {
  readonly issuer: string
  /**
   * `static`: given in the options, never fetched. `empty`: not fetched yet. `stale`: the STS is late or failing, and its last
   * keys serve. `expired`: no key serves, and tokens get 503.
   */
  readonly state: 'static' | 'empty' | 'fresh' | 'stale' | 'expired'
  /** How many keys may verify now. */
  readonly keys: number
  /** Milliseconds since the STS published them. */
  readonly ageMs?: number
  /** The reason of the last attempt's failure, if it failed. */
  readonly lastFailure?: string
  /** Milliseconds until the next attempt is due, if a request comes; 0 when it is due. Absent where nothing is fetched. */
  readonly nextRefreshInMs?: number
}

/** The parts that all network access of a verifier shares. */
export interface Network {
  readonly fetch: Fetch
  /** For the whole way to an issuer's keys: its metadata, its JWK Set, and any other request on that way. */
  readonly fetchTimeoutMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  /** Ends every fetch on `close()`. It is no AbortSignal: a fetch makes its own, and aborts that when this one says so. */
  readonly signal: EndSignal
  /** Takes the promise of work that no request waits for: a background fetch, a write to a store. It should not reject. */
  readonly keepAlive: KeepAlive
}
