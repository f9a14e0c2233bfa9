// Keeps the keys of one issuer fresh. Loads them on first use, refreshes them ahead of time, and keeps them through an outage until
// they are stale. This file decides when to load and which requests wait; key-set.ts decides which keys may verify.
import { AuthError } from '../errors/auth-error.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { type FlightTimes, singleFlight } from '../internal/single-flight.ts'
import type { KeyHealth, Network } from './key-source.ts'
import { indexKeys, type KeyIndex, type KeySet, type LoadedKeys, updateKeySet, usableKeys } from './key-set.ts'
import type { KeySettings } from './settings.ts'
import { reasonOf } from '../internal/json.ts'
import type { Snapshots } from './snapshot.ts'

const second = 1000
const minute = 60 * second

/** The longest wait of a request for the refresh of overdue keys, or for the key store. An STS or store that hangs costs no more. */
const maxWaitMs = second

const unavailableHint =
  'the keys of the issuer could not be fetched: the cause says why. The token may be good, and the next attempt comes by itself'

export interface RefresherParts {
  readonly issuer: string
  readonly load: () => Promise<LoadedKeys>
  /** Restored once, before the first load, and saved after each load. */
  readonly snapshots?: Snapshots | undefined
  readonly settings: KeySettings
  /** With a steady clock. `fetchTimeoutMs` bounds a load, and `random` spreads the refreshes of a fleet. */
  readonly network: Pick<Network, 'fetchTimeoutMs' | 'clock' | 'random' | 'emit' | 'keepAlive'>
}

export interface Refresher {
  /** The keys that may verify at `nowMs`. */
  usable(nowMs: number): KeyIndex
  /**
   * Loads the first keys and refreshes ageing ones. A request with usable keys waits 1 s at most and is never refused.
   *
   * @throws AuthError `keys_unavailable`, synchronously or later, when there are no usable keys.
   */
  ready(nowMs: number): MaybePromise<unknown>
  /** Joins the load under way or begins one. Resolves to whether it succeeded. */
  refresh(): Promise<boolean>
  isLoading(nowMs: number): boolean
  /** Whether another load must wait because the last one failed. */
  mustWait(nowMs: number): boolean
  /**
   * The number of loads that had begun before this synchronous run. A load that begins within the run counts as later for all
   * tokens seen in it.
   */
  loadsBegun(): number
  /** The number of the last load that succeeded, counted from 1. */
  lastSuccess(): number
  /** Returns the 503, with a retry after `waitMs`. Default: when the next load may begin. */
  unavailable(waitMs?: number, hint?: string): AuthError
  health(): KeyHealth
}

/** Keeps the keys that `load` returns, for the times of `settings`. */
export function createRefresher(parts: RefresherParts): Refresher {
  const { issuer, load, snapshots, settings, network } = parts
  const { fetchTimeoutMs: timeoutMs, clock, random, emit, keepAlive } = network
  let keySet: KeySet | undefined
  let index: { readonly of: KeySet | undefined; readonly untilMs: number; readonly keys: KeyIndex } | undefined
  let isRestored = snapshots === undefined
  let failures = 0
  let lastFailure: unknown
  let retryAtMs = Number.NEGATIVE_INFINITY
  let lastLoad = 0
  let loadsBegun = 0
  let lastLoadThatSucceeded = 0

  const loads = singleFlight({ work: beginLoad, timeoutMs, clock, keepAlive, succeed, fail })
  // No deadline: requests wait only briefly, but late keys are better than none.
  const restoring = singleFlight({
    work: async () => snapshots?.restore(),
    timeoutMs: Number.POSITIVE_INFINITY,
    clock,
    keepAlive,
    succeed: restore,
    fail: () => restore(undefined),
  })

  function beginLoad(): Promise<LoadedKeys> {
    const thisLoad = ++lastLoad
    // Counted after the current synchronous run: see `begun`.
    queueMicrotask(() => (loadsBegun = thisLoad))
    return load()
  }

  function restore(earlier: Awaited<ReturnType<Snapshots['restore']>>): void {
    isRestored = true
    // A finished load is newer than any snapshot.
    if (!earlier || keySet) return
    keySet = updateKeySet({ loaded: earlier, loadedAtMs: earlier.loadedAtMs, random: random(), settings })
  }

  function succeed(loaded: LoadedKeys): void {
    const loadedAtMs = clock.nowMs()
    keySet = updateKeySet({ loaded, loadedAtMs, random: random(), settings, earlier: keySet })
    failures = 0
    lastFailure = undefined
    retryAtMs = Number.NEGATIVE_INFINITY
    lastLoadThatSucceeded = lastLoad
    emit({ type: 'keys.refreshed', issuer, keys: loaded.keys.length, skipped: loaded.skipped })
    // No request waits for a slow store.
    if (snapshots) keepAlive(snapshots.save(loaded))
  }

  function fail(error: unknown, times: FlightTimes): void {
    failures++
    lastFailure = error
    retryAtMs = nextAttemptMs(times)
    const nowMs = clock.nowMs()
    const retryInMs = Math.max(0, retryAtMs - nowMs)
    emit({ type: 'keys.refresh_failed', issuer, reason: reasonOf(error), retryInMs, serving: isServing(nowMs) })
  }

  function nextAttemptMs({ begunAtMs, endedAtMs, isTimedOut }: FlightTimes): number {
    // Without keys every request is refused, so the next attempt is at most a second away.
    if (!keySet || !isServing(endedAtMs)) return endedAtMs + second
    const backedOffMs = Math.min(endedAtMs + backoffMs(failures, random()), keySet.staleAtMs)
    // In a frozen process every background load times out. The first load that requests wait for must not wait for its
    // back-off.
    return isTimedOut && begunAtMs < keySet.overdueAtMs ? Math.min(backedOffMs, keySet.overdueAtMs) : backedOffMs
  }

  function isServing(nowMs: number): boolean {
    return keySet !== undefined && nowMs < keySet.staleAtMs
  }

  function ready(nowMs: number): MaybePromise<unknown> {
    const restored = isRestored ? undefined : restoring.joinBriefly(nowMs, maxWaitMs)
    return isPromise(restored) ? restored.then(() => keepFresh(clock.nowMs())) : keepFresh(nowMs)
  }

  /** Refreshes ageing keys in the background. Requests wait for the refresh of overdue keys, and for the first keys. */
  function keepFresh(nowMs: number): MaybePromise<unknown> {
    if (!keySet || nowMs >= keySet.staleAtMs) return loadFirst(nowMs)
    if (nowMs < keySet.refreshAtMs || mustWait(nowMs)) return undefined
    if (nowMs >= keySet.overdueAtMs) return loads.joinBriefly(nowMs, maxWaitMs)
    loads.begin(nowMs)
    return undefined
  }

  function loadFirst(nowMs: number): Promise<void> {
    if (mustWait(nowMs)) throw unavailable()
    return loads.join(nowMs).then((loaded) => {
      if (!loaded) throw unavailable()
    })
  }

  function mustWait(nowMs: number): boolean {
    return !loads.isUnderWay(nowMs) && nowMs < retryAtMs
  }

  /** Builds the index again only after a load and at the end of a grace period: this runs for every token. */
  function usable(nowMs: number): KeyIndex {
    if (!index || index.of !== keySet || nowMs >= index.untilMs) {
      const { keys, untilMs } = usableKeys(keySet, nowMs, settings)
      index = { of: keySet, untilMs, keys: indexKeys(keys) }
    }
    return index.keys
  }

  function unavailable(waitMs = retryAtMs - clock.nowMs(), hint = unavailableHint): AuthError {
    return new AuthError('keys_unavailable', {
      retryAfterSeconds: waitMs / second,
      hint,
      details: { iss: issuer, cause: lastFailure },
    })
  }

  function health(): KeyHealth {
    const nowMs = clock.nowMs()
    return {
      issuer,
      state: stateOf(keySet, nowMs),
      keys: usable(nowMs).keys.length,
      ...(keySet && { ageMs: nowMs - keySet.loadedAtMs }),
      ...(lastFailure !== undefined && { lastFailure: reasonOf(lastFailure) }),
      nextRefreshInMs: Math.max(0, retryAtMs - nowMs, keySet ? keySet.refreshAtMs - nowMs : 0),
    }
  }

  return {
    usable,
    ready,
    refresh: () => loads.join(clock.nowMs()),
    isLoading: loads.isUnderWay,
    mustWait,
    loadsBegun: () => loadsBegun,
    lastSuccess: () => lastLoadThatSucceeded,
    unavailable,
    health,
  }
}

/** The back-off after so many consecutive failures: 1 s, 2 s, 4 s … 60 s. Up to a quarter of random time spreads a fleet. */
function backoffMs(failures: number, random: number): number {
  return Math.min(minute, second * 2 ** Math.min(failures - 1, 6)) * (1 + random / 4)
}

function stateOf(keySet: KeySet | undefined, nowMs: number): KeyHealth['state'] {
  if (!keySet) return 'empty'
  if (nowMs >= keySet.staleAtMs) return 'expired'
  return nowMs < keySet.freshUntilMs ? 'fresh' : 'stale'
}
