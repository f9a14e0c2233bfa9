// Which key of a set belongs to a token's header. No guessing: one key, or none.
import type { KeyQuery, VerificationKey } from './key-source.ts'

/** `unknown`: the set has no such key, a newer set may. `none`: it has several, and nothing tells them apart. */
export type KeySelection =
  | { readonly key: VerificationKey }
  | { readonly key?: undefined; readonly missing: 'unknown' | 'none' }

/**
 * Selects the key for `query`. Keys that share a `kid` are told apart by their algorithm; without a `kid` there must be
 * exactly one key for the algorithm (RFC 7515 §4.1.4 leaves it open; trying several would be guessing).
 */
export function selectKey(keys: readonly VerificationKey[], query: KeyQuery): KeySelection {
  const named = query.kid === undefined ? keys : keys.filter((key) => key.kid === query.kid)
  const fitting = named.filter((key) => (key.algorithms as readonly string[]).includes(query.alg))
  const [key, another] = fitting
  if (key && !another) return { key }
  return { missing: another ? 'none' : 'unknown' }
}
