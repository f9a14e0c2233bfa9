// What a cache holds of an issuer's keys at one moment, and which of them may verify. Pure: no clock, no network.
import { maxKeys } from './import-keys.ts'
import type { KeySettings } from './key-settings.ts'
import type { VerificationKey } from './key-source.ts'

const minute = 60_000
const minFreshMs = minute
const defaultFreshMs = 10 * minute

/** What one load brought. */
export interface LoadedKeys {
  readonly keys: readonly VerificationKey[]
  readonly skipped: number
  /** From `Cache-Control`, if the answer had one. */
  readonly maxAgeMs?: number | undefined
}

interface HeldKey {
  readonly key: VerificationKey
  /** Whether the last good set has it. */
  readonly listed: boolean
  /** When a good set had it last. */
  readonly lastSeenMs: number
}

/** The keys of the last good set, and those that vanished from it not long ago. */
export interface HeldKeys {
  readonly keys: readonly HeldKey[]
  readonly loadedAtMs: number
  /** From here on a refresh is due, in the background. */
  readonly refreshAtMs: number
  /** Fresh until here. */
  readonly freshUntilMs: number
  /** From here on keys that nobody refreshed meanwhile are too old to be served unasked. */
  readonly idleAtMs: number
  /** From here on nothing serves. */
  readonly staleAtMs: number
}

/** What to hold when `loaded` arrives: its keys, and for a grace those that it no longer lists. `random` spreads a fleet. */
export function holdKeys(
  loaded: LoadedKeys,
  loadedAtMs: number,
  random: number,
  settings: KeySettings,
  earlier?: HeldKeys,
): HeldKeys {
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
    idleAtMs: loadedAtMs + 2 * freshMs,
    staleAtMs: loadedAtMs + settings.staleMs,
  }
}

/** Keys that may verify, and until when that list holds if nothing is loaded. */
export interface UsableKeys {
  readonly keys: readonly VerificationKey[]
  readonly untilMs: number
}

/** The keys that may verify at `nowMs`: listed ones until they are stale, vanished ones until their grace ends; never longer. */
export function usableKeys(held: HeldKeys | undefined, nowMs: number, { graceMs }: KeySettings): UsableKeys {
  if (!held || nowMs >= held.staleAtMs) return { keys: [], untilMs: Number.POSITIVE_INFINITY }
  const usable = held.keys.filter((one) => one.listed || nowMs < one.lastSeenMs + graceMs)
  const vanished = usable.filter(({ listed }) => !listed)
  return {
    keys: usable.map(({ key }) => key),
    untilMs: Math.min(held.staleAtMs, ...vanished.map(({ lastSeenMs }) => lastSeenMs + graceMs)),
  }
}

/** A listed key takes the place of a vanished one that answers to the same header; a key without `kid` has no grace. */
function replaces(listed: VerificationKey, vanished: VerificationKey): boolean {
  if (vanished.kid === undefined) return true
  return listed.kid === vanished.kid && listed.algorithms.some((name) => vanished.algorithms.includes(name))
}
