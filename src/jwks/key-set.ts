// The keys of one issuer at one moment, which of them may verify, and which of these a token's header selects. Pure: no clock, no
// network.
import { type ImportedKeys, maxKeys } from './import.ts'
import type { KeyQuery, VerificationKey } from './key-source.ts'
import type { KeySettings } from './settings.ts'

const minute = 60_000
const minFreshMs = minute
const defaultFreshMs = 10 * minute

/** The result of one load. */
export interface LoadedKeys extends Pick<ImportedKeys, 'keys' | 'skipped' | 'jwks'> {
  /** From `Cache-Control`, if the answer had one. */
  readonly maxAgeMs?: number | undefined
}

interface KeyEntry {
  readonly key: VerificationKey
  /** Whether the last load had it. */
  readonly listed: boolean
  /** The time of the last load that had it. */
  readonly lastSeenMs: number
}

/** The keys of the last successful load, and those that vanished from it within the grace period. */
export interface KeySet {
  readonly keys: readonly KeyEntry[]
  readonly loadedAtMs: number
  /** A background refresh is due from this time on. */
  readonly refreshAtMs: number
  readonly freshUntilMs: number
  /** From this time on, a request first waits for a refresh, for a short time. */
  readonly overdueAtMs: number
  /** From this time on no key serves. */
  readonly staleAtMs: number
}

export interface KeySetUpdate {
  readonly loaded: LoadedKeys
  readonly loadedAtMs: number
  /** Between 0 and 1. Spreads the refreshes of a fleet. */
  readonly random: number
  readonly settings: KeySettings
  readonly earlier?: KeySet | undefined
}

/** The key set after a load: the loaded keys, and within their grace period the vanished keys of `earlier`. */
export function updateKeySet({ loaded, loadedAtMs, random, settings, earlier }: KeySetUpdate): KeySet {
  const freshMs = Math.min(settings.maxFreshMs, Math.max(minFreshMs, loaded.maxAgeMs ?? defaultFreshMs))
  const listed = loaded.keys.map((key) => ({ key, listed: true, lastSeenMs: loadedAtMs }))
  const vanished = (earlier?.keys ?? []).filter(
    ({ key, lastSeenMs }) =>
      loadedAtMs < lastSeenMs + settings.graceMs && !loaded.keys.some((other) => replaces(other, key)),
  )
  return {
    keys: [...listed, ...vanished.map((one) => ({ ...one, listed: false }))].slice(0, maxKeys),
    loadedAtMs,
    refreshAtMs: loadedAtMs + freshMs * (0.5 + 0.4 * random),
    freshUntilMs: loadedAtMs + freshMs,
    overdueAtMs: loadedAtMs + 2 * freshMs,
    staleAtMs: loadedAtMs + settings.staleMs,
  }
}

/** The keys that may verify, and until when this list is right without another load. */
export interface UsableKeys {
  readonly keys: readonly VerificationKey[]
  readonly untilMs: number
}

/** The keys that may verify at `nowMs`: listed keys until they are stale, vanished keys until their grace ends, never longer. */
export function usableKeys(keySet: KeySet | undefined, nowMs: number, { graceMs }: KeySettings): UsableKeys {
  if (!keySet || nowMs >= keySet.staleAtMs) return { keys: [], untilMs: Number.POSITIVE_INFINITY }
  const usable = keySet.keys.filter((one) => one.listed || nowMs < one.lastSeenMs + graceMs)
  const vanished = usable.filter(({ listed }) => !listed)
  return {
    keys: usable.map(({ key }) => key),
    untilMs: Math.min(keySet.staleAtMs, ...vanished.map(({ lastSeenMs }) => lastSeenMs + graceMs)),
  }
}

/** A listed key replaces a vanished key of the same `kid` and algorithm. A key without `kid` has no grace. */
function replaces(listed: VerificationKey, vanished: VerificationKey): boolean {
  if (vanished.kid === undefined) return true
  return listed.kid === vanished.kid && listed.algorithms.some((name) => vanished.algorithms.includes(name))
}

/** `unknown`: the set has no such key, a newer set may. `ambiguous`: several keys fit, and nothing tells them apart. */
export type KeySelection =
  | { readonly key: VerificationKey }
  | { readonly key?: undefined; readonly missing: 'unknown' | 'ambiguous' }

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
const ambiguous: KeySelection = { missing: 'ambiguous' }

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
    for (const name of new Set(key.algorithms)) selections.set(name, selections.has(name) ? ambiguous : { key })
  }
  return selections
}
