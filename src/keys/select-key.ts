// Which key of a set belongs to a token's header. No guessing: one key, or none.
import type { KeyQuery, VerificationKey } from './key-source.ts'

/** `unknown`: the set has no such key, a newer set may. `none`: it has several, and nothing tells them apart. */
export type KeySelection =
  | { readonly key: VerificationKey }
  | { readonly key?: undefined; readonly missing: 'unknown' | 'none' }

/** A set of keys, ready to be looked into. */
export interface KeyIndex {
  readonly keys: readonly VerificationKey[]
  /**
   * Selects the key for `query`. Keys that share a `kid` are told apart by their algorithm; without a `kid` there must be
   * exactly one key for the algorithm (RFC 7515 §4.1.4 leaves it open; trying several would be guessing).
   */
  select(query: KeyQuery): KeySelection
}

const unknown: KeySelection = { missing: 'unknown' }

/** Indexes `keys` by `kid`, so that a look-up takes as long among a thousand keys as in a pair. */
export function indexKeys(keys: readonly VerificationKey[]): KeyIndex {
  const byKid = new Map<string | undefined, VerificationKey[]>()
  for (const key of keys) byKid.set(key.kid, [...(byKid.get(key.kid) ?? []), key])
  return {
    keys,
    select({ kid, alg }) {
      const named = kid === undefined ? keys : byKid.get(kid)
      if (!named) return unknown
      const [key, another] = named.filter(({ algorithms }) => (algorithms as readonly string[]).includes(alg))
      if (key && !another) return { key }
      return { missing: another ? 'none' : 'unknown' }
    },
  }
}
