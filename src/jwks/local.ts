// Keys from the application's configuration: no network, no refresh.
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { importKeys } from './import.ts'
import { indexKeys, type KeyIndex } from './key-set.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'

export interface LocalKeysOptions {
  readonly issuer: string
  readonly jwks: unknown
  readonly algorithms: readonly Algorithm[]
  /** The `use` of its JWKs. Default `sig`. */
  readonly keyUse?: string | undefined
}

/**
 * Serves the keys of a JWK Set that the configuration holds.
 *
 * @throws TypeError for a set without a usable key. WebCrypto imports asynchronously: there, a set of keys that only cryptography can
 * refuse fails every token with 503 instead.
 */
export function createLocalKeys(options: LocalKeysOptions): KeySource {
  const { issuer } = options
  let index = importIndex(options)
  if (isPromise(index)) {
    // An unhandled rejection would end the process.
    index.then(
      (imported) => (index = imported),
      () => {},
    )
  }
  return {
    findKey: (query) => (isPromise(index) ? index.then((keys) => find(keys, query)) : find(index, query)),
    ready: async () => void (await index),
    health: () => ({ issuer, state: 'static', keys: isPromise(index) ? 0 : index.keys.length }),
  }
}

/**
 * Finds the key for `query`. The one key of a set without a `kid` serves any `kid` that a token names, since the operator configured
 * it. Its algorithm still binds. Fetched and stored sets have no such rule: their issuer may add a key at any time.
 */
function find({ keys, select }: KeyIndex, query: KeyQuery): VerificationKey | undefined {
  const isOnlyKey = keys.length === 1 && keys[0]?.kid === undefined
  return select(isOnlyKey ? { alg: query.alg } : query).key
}

function importIndex({ jwks, algorithms, keyUse }: LocalKeysOptions): MaybePromise<KeyIndex> {
  try {
    const imported = importKeys(jwks, algorithms, { use: keyUse })
    return isPromise(imported) ? imported.then(({ keys }) => indexKeys(keys)) : indexKeys(imported.keys)
  } catch (cause) {
    const wanted = `a public key for ${algorithms.join(', ')}${keyUse === undefined ? '' : ` and use '${keyUse}'`}`
    throw new TypeError(
      `jwks has no usable key: write a JWK Set { keys: [ … ] } with ${wanted}. RSA keys need 2048 to 8192 bits; private and symmetric keys are never used.`,
      { cause },
    )
  }
}
