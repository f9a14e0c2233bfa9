// Keys from the application's configuration: no network, no refresh.
import { after, type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { importKeys } from './import.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { indexKeys, type KeyIndex } from './key-set.ts'

export interface LocalKeys extends KeySource {
  /** How many keys may verify; 0 until they are imported. */
  count(): number
}

/**
 * Serves the keys of a JWK Set that the configuration holds.
 *
 * @throws TypeError for a set without a usable key. WebCrypto imports asynchronously: there, a set of keys that only
 * cryptography can refuse fails every token with 503 instead.
 */
export function createLocalKeys(jwks: unknown, algorithms: readonly Algorithm[], keyUse?: string): LocalKeys {
  let index: MaybePromise<KeyIndex> = after(importOwn(jwks, algorithms, keyUse), ({ keys }) => indexKeys(keys))
  // An unhandled rejection would end the process.
  if (isPromise(index))
    index.then(
      (imported) => (index = imported),
      () => {},
    )
  return {
    findKey: (query) => after(index, (all) => all.select(query).key ?? loneKey(all, query)),
    ready: async () => void (await index),
    count: () => (isPromise(index) ? 0 : index.keys.length),
  }
}

/**
 * The one key of a set, where it has no `kid`. The operator configured it, so it serves any `kid` that a token names; its
 * algorithm still binds. Never used for fetched or stored sets: their issuer may add a key at any time.
 */
function loneKey({ keys, select }: KeyIndex, { alg }: KeyQuery): VerificationKey | undefined {
  return keys.length === 1 && keys[0]?.kid === undefined ? select({ alg }).key : undefined
}

function importOwn(jwks: unknown, algorithms: readonly Algorithm[], use?: string): ReturnType<typeof importKeys> {
  try {
    return importKeys(jwks, algorithms, { use })
  } catch (cause) {
    const wanted = `a public key for ${algorithms.join(', ')}${use === undefined ? '' : ` and use '${use}'`}`
    throw new TypeError(
      `jwks has no usable key: write a JWK Set { keys: [ … ] } with ${wanted}. RSA keys need 2048 to 8192 bits; private and symmetric keys are never used.`,
      { cause },
    )
  }
}
