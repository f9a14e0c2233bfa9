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
const none: KeySelection = { missing: 'none' }

/** Indexes `keys` by `kid` and algorithm, so that a look-up takes as long among a thousand keys as in a pair, and makes nothing. */
export function indexKeys(keys: readonly VerificationKey[]): KeyIndex {
  const withoutKid = byAlgorithm(keys)
  const byKid = new Map<string, ReadonlyMap<string, KeySelection>>()
  for (const { kid } of keys) {
    if (kid !== undefined && !byKid.has(kid)) byKid.set(kid, byAlgorithm(keys.filter((other) => other.kid === kid)))
  }
  return {
    keys,
    select: ({ kid, alg }) => (kid === undefined ? withoutKid : byKid.get(kid))?.get(alg) ?? unknown,
  }
}

function byAlgorithm(keys: readonly VerificationKey[]): ReadonlyMap<string, KeySelection> {
  const selections = new Map<string, KeySelection>()
  for (const key of keys) {
    // Somebody may have configured an algorithm twice.
    for (const name of new Set(key.algorithms)) selections.set(name, selections.has(name) ? none : { key })
  }
  return selections
}
