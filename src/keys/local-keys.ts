// Keys that the application itself holds: no network, no refresh.
import { after, type Eventually } from '../internal/eventually.ts'
import type { Algorithm } from '../token/algorithms.ts'
import { importKeys } from './import-keys.ts'
import type { KeySource } from './key-source.ts'
import { indexKeys, type KeyIndex } from './select-key.ts'

/** Serves the keys of a JWK Set given in the configuration. A set without one usable key fails every token with 503. */
export function createLocalKeys(jwks: unknown, algorithms: readonly Algorithm[], keyUse?: string): KeySource {
  let index: Eventually<KeyIndex> | undefined

  function keys(): Eventually<KeyIndex> {
    index ??= load()
    return index
  }

  async function load(): Promise<KeyIndex> {
    index = indexKeys((await importKeys(jwks, algorithms, { use: keyUse })).keys)
    return index
  }

  return {
    findKey: (query) => after(keys(), (all) => all.select(query).key),
    ready: async () => void (await keys()),
  }
}
