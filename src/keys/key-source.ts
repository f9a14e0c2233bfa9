// Whoever supplies keys sees a header and never a claim.
import type { webcrypto } from 'node:crypto'
import type { Algorithm } from '../token/algorithms.ts'

/** A public key, bound to the algorithms it may verify: one, or the two names of Ed25519. */
export interface VerificationKey {
  readonly kid?: string
  readonly algorithms: readonly Algorithm[]
  readonly key: webcrypto.CryptoKey
}

/** What a key is looked up by. `kid` is a stranger's text: compare it, never fetch, log or compute with it. */
export interface KeyQuery {
  readonly alg: string
  readonly kid?: string
}

/** Where the keys of one issuer come from. */
export interface KeySource {
  /**
   * Finds the one key for a token's header. `undefined` means that the issuer has no such key, and the token is bad.
   *
   * @throws AuthError `keys_unavailable` when that could not be found out: the token may be good.
   */
  findKey(query: KeyQuery): Promise<VerificationKey | undefined>
  /** Gets ready for the first token, if there is something to get. Rejects when that failed. */
  ready?(): Promise<void>
}
