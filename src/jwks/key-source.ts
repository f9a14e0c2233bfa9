// Whoever supplies keys sees a header and never a claim.
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import type { PublicKey } from '../crypto/engine.ts'

/**
 * A public key, bound to the algorithms it may verify: one, or the two names of Ed25519. One key is one object: a token that
 * was verified with it is remembered for as long as its source finds this very object.
 */
export interface VerificationKey {
  readonly kid?: string
  readonly algorithms: readonly Algorithm[]
  readonly key: PublicKey
  /** The JWK's `issuer`, where it has one: whose tokens it is for, within a set that serves many tenants (Entra). */
  readonly issuer?: string
  /** The key's public members as text: whether it is still the same key. */
  readonly material?: string
}

/** What a key is looked up by. `kid` is a stranger's text: compare it, never fetch, log or compute with it. */
export interface KeyQuery {
  readonly alg: string
  readonly kid?: string
}

/** Where the keys of one issuer come from. */
export interface KeySource {
  /**
   * Finds the one key for a token's header, at once where nothing has to be fetched. Asked for every token, remembered or
   * new. `undefined` means that the issuer has no such key, and the token is bad.
   *
   * @throws AuthError `keys_unavailable` when that could not be found out: the token may be good.
   */
  findKey(query: KeyQuery): MaybePromise<VerificationKey | undefined>
  /**
   * Called when a signature did not verify with `failed`: finds the key that has taken its place under the same header,
   * if there is one. Anyone who can send a token can cause this, so it must be bounded. `since` is `loadsBegun()` of before the
   * token's key was looked for: a load that began later shows whether the key was replaced.
   *
   * @throws AuthError `keys_unavailable` when that could not be found out: the token may be good.
   */
  findReplacement?(query: KeyQuery, failed: VerificationKey, since?: number): MaybePromise<VerificationKey | undefined>
  /** How many times the keys have begun to be loaded. */
  loadsBegun?(): number
  /** Gets ready for the first token, if there is something to get. Rejects when that failed. */
  ready?(): Promise<void>
  /** How the keys stand. */
  health?(): KeyHealth
}

/** How the keys of one issuer stand, for a health page. */
export interface KeyHealth {
  readonly issuer: string
  /**
   * `static`: given in the options, never fetched; `empty`: not fetched yet; `stale`: the STS is late or failing, its last keys serve;
   * `expired`: no key serves, tokens get 503.
   */
  readonly state: 'static' | 'empty' | 'fresh' | 'stale' | 'expired'
  /** How many keys may verify now. */
  readonly keys: number
  /** Milliseconds since the STS gave them out. */
  readonly ageMs?: number
  /** Why the last attempt failed, when it did. */
  readonly lastFailure?: string
  /** Milliseconds until the next attempt is due, if a request comes; 0 when it is due. Absent where nothing is fetched. */
  readonly nextRefreshInMs?: number
}
