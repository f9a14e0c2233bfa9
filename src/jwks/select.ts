// Selects the key for a token's header. There is no guessing: one key, or no key.
import type { KeyQuery, VerificationKey } from './key-source.ts'

/** `unknown`: the set has no such key, a newer set may. `none`: several keys fit, and nothing tells them apart. */
export type KeySelection =
  | { readonly key: VerificationKey }
  | { readonly key?: undefined; readonly missing: 'unknown' | 'none' }

/** A set of keys, indexed for look-ups. */
export interface KeyIndex {
  readonly keys: readonly VerificationKey[]
  /**
   * Selects the key for `query`. The algorithm tells keys of one `kid` apart. Without a `kid` there must be exactly one key for
   * the algorithm. RFC 7515 §4.1.4 leaves this open, and trying several keys would be guessing.
   */
  select(query: KeyQuery): KeySelection
}

const unknown: KeySelection = { missing: 'unknown' }
const none: KeySelection = { missing: 'none' }

/** Indexes `keys` by `kid` and algorithm. A look-up among a thousand keys takes as long as among two, and allocates nothing. */
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
    // The configuration may name an algorithm twice.
    for (const name of new Set(key.algorithms)) selections.set(name, selections.has(name) ? none : { key })
  }
  return selections
}
