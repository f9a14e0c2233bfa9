// Keys that the application itself holds: no network, no refresh.
import type { Algorithm } from '../token/algorithms.ts'
import { importKeys } from './import-keys.ts'
import type { KeySource } from './key-source.ts'
import { selectKey } from './select-key.ts'

/** Serves the keys of a JWK Set given in the configuration. A set without one usable key fails every token with 503. */
export function createLocalKeys(jwks: unknown, algorithms: readonly Algorithm[], keyUse?: string): KeySource {
  let imported: ReturnType<typeof importKeys> | undefined
  const keys = (): ReturnType<typeof importKeys> => {
    imported ??= importKeys(jwks, algorithms, keyUse)
    return imported
  }
  return {
    findKey: async (query) => selectKey((await keys()).keys, query).key,
    ready: async () => void (await keys()),
  }
}
