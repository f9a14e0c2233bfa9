// The keys of one issuer as they are at one moment, and which of them may verify. Pure: no clock, no network.
import { type ImportedKeys, maxKeys } from './import.ts'
import type { KeySettings } from './settings.ts'
import type { VerificationKey } from './key-source.ts'

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
  /** When a load had it last. */
  readonly lastSeenMs: number
}

/** The keys of the last successful load, and those that vanished from it not long ago. */
export interface KeySet {
  readonly keys: readonly KeyEntry[]
  readonly loadedAtMs: number
  /** From here on a refresh is due, in the background. */
  readonly refreshAtMs: number
  /** Fresh until here. */
  readonly freshUntilMs: number
  /** After this, a request first waits for a refresh, if only briefly. */
  readonly overdueAtMs: number
  /** From here on no key serves. */
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

/** The key set after a load: the loaded keys, and for a grace period those of `earlier` that are no longer listed. */
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

/** Keys that may verify, and until when that list holds without another load. */
export interface UsableKeys {
  readonly keys: readonly VerificationKey[]
  readonly untilMs: number
}

/** The keys that may verify at `nowMs`: listed ones until they are stale, vanished ones until their grace ends; never longer. */
export function usableKeys(keySet: KeySet | undefined, nowMs: number, { graceMs }: KeySettings): UsableKeys {
  if (!keySet || nowMs >= keySet.staleAtMs) return { keys: [], untilMs: Number.POSITIVE_INFINITY }
  const usable = keySet.keys.filter((one) => one.listed || nowMs < one.lastSeenMs + graceMs)
  const vanished = usable.filter(({ listed }) => !listed)
  return {
    keys: usable.map(({ key }) => key),
    untilMs: Math.min(keySet.staleAtMs, ...vanished.map(({ lastSeenMs }) => lastSeenMs + graceMs)),
  }
}

/** A listed key takes the place of a vanished one that answers to the same header; a key without `kid` has no grace. */
function replaces(listed: VerificationKey, vanished: VerificationKey): boolean {
  if (vanished.kid === undefined) return true
  return listed.kid === vanished.kid && listed.algorithms.some((name) => vanished.algorithms.includes(name))
}
