// The keys of one issuer as time goes by: fetched once, refreshed ahead of time, kept through an outage, and let go of
// when they are stale. What is held is in held-keys.ts; this file says when to fetch, and who waits for it.
import type { Clock } from '../clock.ts'
import { AuthError } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Eventually } from '../internal/eventually.ts'
import { printable } from '../internal/printable.ts'
import { singleFlight } from '../internal/single-flight.ts'
import { type HeldKeys, holdKeys, type LoadedKeys, usableKeys } from './held-keys.ts'
import type { KeyHealth } from './key-source.ts'
import type { KeySettings } from './key-settings.ts'
import { indexKeys, type KeyIndex } from './select-key.ts'

const second = 1000
const minute = 60 * second

/** How long a request waits for keys that have aged unused; a hanging STS or store gets no more of anyone's time. */
const patienceMs = second

/** What refreshed keys are made of. */
export interface RefreshedKeysParts {
  readonly issuer: string
  readonly load: () => Promise<LoadedKeys>
  /** What an earlier process left behind. Asked once, before the first load. */
  readonly restore?: (() => Promise<(LoadedKeys & { readonly loadedAtMs: number }) | undefined>) | undefined
  readonly settings: KeySettings
  /** A steady one. */
  readonly clock: Clock
  /** Between 0 and 1. Spreads a fleet's refreshes. */
  readonly random: () => number
  readonly emit: Emit
}

export interface RefreshedKeys {
  /** The keys that may verify at `nowMs`. */
  usable(nowMs: number): KeyIndex
  /**
   * Loads the first keys, and refreshes ageing ones: with usable keys it hardly ever waits and never refuses.
   *
   * @throws AuthError `keys_unavailable`, at once or later, when there are no usable keys to be had.
   */
  ready(nowMs: number): Eventually<unknown>
  /** Joins the load under way or begins one; resolves to whether it succeeded. */
  refresh(): Promise<boolean>
  isLoading(): boolean
  /** Whether it is too soon after a failure for another load. */
  mustWait(nowMs: number): boolean
  /** How many loads had begun before this moment: one that others cause at this very moment begins for all of them. */
  begun(): number
  /** Which of them, counted from 1, was the last to succeed. */
  lastSuccess(): number
  /** The 503, for a retry after `waitMs` or, without it, when the next load may begin. */
  unavailable(waitMs?: number): AuthError
  health(): KeyHealth
}

/** Keeps what `load` brings, for the times that `settings` give. */
export function createRefreshedKeys(parts: RefreshedKeysParts): RefreshedKeys {
  const { issuer, load, restore, settings, clock, random, emit } = parts
  let held: HeldKeys | undefined
  let index: { readonly of: HeldKeys | undefined; readonly untilMs: number; readonly keys: KeyIndex } | undefined
  let restored = restore === undefined
  let failures = 0
  let lastFailure: unknown
  let retryAtMs = Number.NEGATIVE_INFINITY
  let loadsBegun = 0
  let loadsBegunEarlier = 0
  let lastLoadThatSucceeded = 0
  let patience: Promise<unknown> | undefined

  const loads = singleFlight(async (): Promise<boolean> => {
    const thisLoad = ++loadsBegun
    queueMicrotask(() => (loadsBegunEarlier = thisLoad))
    try {
      succeed(await load())
      lastLoadThatSucceeded = thisLoad
      return true
    } catch (error) {
      fail(error)
      return false
    }
  })

  const restoring = singleFlight(async (): Promise<void> => {
    await withPatience(
      restore?.().then((earlier) => {
        if (earlier && !held) held = holdKeys(earlier, earlier.loadedAtMs, random(), settings)
      }),
    )
    restored = true
  })

  function succeed(loaded: LoadedKeys): void {
    held = holdKeys(loaded, clock.nowMs(), random(), settings, held)
    failures = 0
    lastFailure = undefined
    retryAtMs = Number.NEGATIVE_INFINITY
    emit({ type: 'keys.refreshed', issuer, keys: loaded.keys.length, skipped: loaded.skipped })
  }

  function fail(error: unknown): void {
    const nowMs = clock.nowMs()
    const usableMs = usableForMs(nowMs)
    const serving = usableMs > 0
    failures++
    lastFailure = error
    // Without keys every request is refused, so the next try is never more than a second away, nor after the keys' end.
    const retryInMs = serving ? Math.min(usableMs, backoffMs(failures, random())) : second
    retryAtMs = nowMs + retryInMs
    emit({ type: 'keys.refresh_failed', issuer, reason: reasonOf(error), retryInMs, serving })
  }

  function usableForMs(nowMs: number): number {
    return held ? held.staleAtMs - nowMs : 0
  }

  function ready(nowMs: number): Eventually<unknown> {
    if (!restored) return restoring.run().then(() => ready(clock.nowMs()))
    if (usableForMs(nowMs) > 0) return keepFresh(nowMs)
    if (mustWait(nowMs)) throw unavailable()
    return loads.run().then((loaded) => {
      if (!loaded) throw unavailable()
    })
  }

  function mustWait(nowMs: number): boolean {
    return nowMs < retryAtMs
  }

  /** Refreshes keys that are getting old in the background; only the first requests after an idle time wait for it. */
  function keepFresh(nowMs: number): Eventually<unknown> {
    if (!held || nowMs < held.refreshAtMs || mustWait(nowMs)) return undefined
    const idle = nowMs >= held.idleAtMs && failures === 0
    if (!loads.isUnderWay()) patience = withPatience(loads.run())
    return idle ? patience : undefined
  }

  function usable(nowMs: number): KeyIndex {
    if (!index || index.of !== held || nowMs >= index.untilMs) {
      const { keys, untilMs } = usableKeys(held, nowMs, settings)
      index = { of: held, untilMs, keys: indexKeys(keys) }
    }
    return index.keys
  }

  function unavailable(waitMs = retryAtMs - clock.nowMs()): AuthError {
    return new AuthError('keys_unavailable', {
      retryAfterSeconds: waitMs / second,
      hint: 'the keys of the issuer cannot be fetched right now, or its budget for unknown kids is spent',
      details: { iss: issuer, cause: lastFailure },
    })
  }

  function health(): KeyHealth {
    const nowMs = clock.nowMs()
    return {
      issuer,
      state: stateOf(held, nowMs),
      keys: usable(nowMs).keys.length,
      ...(held && { ageMs: nowMs - held.loadedAtMs }),
      ...(lastFailure !== undefined && { lastFailure: reasonOf(lastFailure) }),
      nextRefreshInMs: Math.max(0, retryAtMs - nowMs, held ? held.refreshAtMs - nowMs : 0),
    }
  }

  return {
    usable,
    ready,
    refresh: loads.run,
    isLoading: loads.isUnderWay,
    mustWait,
    begun: () => loadsBegunEarlier,
    lastSuccess: () => lastLoadThatSucceeded,
    unavailable,
    health,
  }
}

/** 1 s, 2 s, 4 s … 60 s after so many failures in a row, each up to a quarter longer, so that a fleet does not return as one. */
function backoffMs(failures: number, random: number): number {
  return Math.min(minute, second * 2 ** Math.min(failures - 1, 6)) * (1 + random / 4)
}

function stateOf(held: HeldKeys | undefined, nowMs: number): KeyHealth['state'] {
  if (!held) return 'empty'
  if (nowMs >= held.staleAtMs) return 'expired'
  return nowMs < held.freshUntilMs ? 'fresh' : 'stale'
}

function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : error)
}

/** Settles with `work`, or after a second, whichever is first; its timer keeps no process alive. */
function withPatience(work: Promise<unknown> | undefined): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs)
    timer.unref()
    const settled = (): void => {
      clearTimeout(timer)
      resolve(undefined)
    }
    // Whatever comes of it: a rejection that nobody waits for would end the process.
    Promise.resolve(work).then(settled, settled)
  })
}
