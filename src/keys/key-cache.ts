// The keys of one issuer, kept so that a rotation is not noticed, an outage is not felt, and a flood is not paid for.
import { LRUCache } from 'lru-cache'
import { type Clock, createSteadyClock } from '../clock.ts'
import { AuthError } from '../errors.ts'
import type { Emit } from '../events.ts'
import { printable } from '../internal/printable.ts'
import { singleFlight } from '../internal/single-flight.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { selectKey } from './select-key.ts'
import { createTokenBucket } from './token-bucket.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

const defaultFreshMs = 10 * minute
const minFreshMs = minute
const maxFreshMs = hour
/** Keys outlive failing refreshes by this much, so that an outage of the STS is not ours. */
const staleMs = 24 * hour
/** How long a request waits for a refresh when the keys have aged unused; a hanging STS gets no more of anyone's time. */
const patienceMs = second
const maxBackoffMs = minute
const unknownKidBurst = 3
const unknownKidRefillMs = 10 * second
const absentKidMs = 10 * second
const maxAbsentKids = 1000

/** What one load brought. */
export interface LoadedKeys {
  readonly keys: readonly VerificationKey[]
  readonly skipped: number
  /** From `Cache-Control`, if the answer had one. */
  readonly maxAgeMs?: number | undefined
}

export interface KeyCacheOptions {
  readonly issuer: string
  readonly load: () => Promise<LoadedKeys>
  readonly clock: Clock
  /** Between 0 and 1. Spreads a fleet's refreshes. */
  readonly random: () => number
  readonly emit: Emit
}

interface Held {
  readonly keys: readonly VerificationKey[]
  readonly loadedAtMs: number
  readonly freshMs: number
  readonly refreshAtMs: number
}

/**
 * Keeps what `load` brings. Serves from memory, refreshes ahead of time in the background, and looks once more for a
 * `kid` that it does not know, within a budget. Only a load that began after an unknown `kid` was seen can call it
 * absent; whatever else goes wrong is `keys_unavailable`.
 */
export function createKeyCache(options: KeyCacheOptions): Required<KeySource> {
  const { issuer, load, random, emit } = options
  const clock = createSteadyClock(options.clock)
  let held: Held | undefined
  let failures = 0
  let lastFailure: unknown
  let retryAtMs = Number.NEGATIVE_INFINITY
  let loadsBegun = 0
  let lastLoadThatSucceeded = 0
  let loading = false
  let patience: Promise<unknown> | undefined
  const budget = createTokenBucket(unknownKidBurst, unknownKidRefillMs)
  const absentSinceMs = new LRUCache<string, number>({ max: maxAbsentKids })

  const refresh = singleFlight(async (): Promise<boolean> => {
    loading = true
    const thisLoad = ++loadsBegun
    try {
      succeed(await load())
      lastLoadThatSucceeded = thisLoad
      return true
    } catch (error) {
      fail(error)
      return false
    } finally {
      loading = false
    }
  })

  function succeed(loaded: LoadedKeys): void {
    const loadedAtMs = clock.nowMs()
    const freshMs = Math.min(maxFreshMs, Math.max(minFreshMs, loaded.maxAgeMs ?? defaultFreshMs))
    held = { keys: loaded.keys, loadedAtMs, freshMs, refreshAtMs: loadedAtMs + freshMs * (0.5 + 0.4 * random()) }
    failures = 0
    lastFailure = undefined
    retryAtMs = Number.NEGATIVE_INFINITY
    emit({ type: 'keys.refreshed', issuer, keys: loaded.keys.length, skipped: loaded.skipped })
  }

  function fail(error: unknown): void {
    const nowMs = clock.nowMs()
    const usableMs = usableForMs(nowMs)
    const serving = usableMs > 0
    const backoffMs = Math.min(maxBackoffMs, second * 2 ** Math.min(failures, 6))
    // Without keys every request is refused, so the next try is never more than a second away, nor after the keys' end.
    const retryInMs = serving ? Math.min(usableMs, backoffMs * (0.5 + 0.5 * random())) : second
    failures++
    lastFailure = error
    retryAtMs = nowMs + retryInMs
    const reason = printable(error instanceof Error ? error.message : error)
    emit({ type: 'keys.refresh_failed', issuer, reason, retryInMs, serving })
  }

  function usableForMs(nowMs: number): number {
    return held ? held.loadedAtMs + Math.max(staleMs, held.freshMs) - nowMs : 0
  }

  /** Without usable keys, loads them or refuses. With them it hardly ever waits, and never refuses. */
  function ready(): Promise<void> {
    return usableForMs(clock.nowMs()) > 0 ? keepFresh() : loadOrRefuse()
  }

  async function findKey(query: KeyQuery): Promise<VerificationKey | undefined> {
    const begunBefore = loadsBegun
    await ready()
    for (;;) {
      const selection = select(query)
      if (selection.key) return selection.key
      if (selection.missing === 'none' || isAbsent(query.kid, begunBefore)) return undefined
      if (!(await (loading ? refresh() : refreshForUnknown(query.kid)))) throw unavailable(retryAtMs)
    }
  }

  function select(query: KeyQuery): ReturnType<typeof selectKey> {
    return selectKey(held?.keys ?? [], query)
  }

  async function loadOrRefuse(): Promise<void> {
    if (clock.nowMs() < retryAtMs) throw unavailable(retryAtMs)
    if (!(await refresh())) throw unavailable(retryAtMs)
  }

  /** Refreshes keys that are getting old in the background; only the first requests after an idle time wait for it. */
  async function keepFresh(): Promise<void> {
    const nowMs = clock.nowMs()
    if (!held || nowMs < held.refreshAtMs || nowMs < retryAtMs) return
    const idle = nowMs >= held.loadedAtMs + 2 * held.freshMs && failures === 0
    if (!loading) patience = withPatience(refresh())
    if (idle) await patience
  }

  /** Whether a load that began after the `kid` was first seen has ended without it, now or less than 10 s ago. */
  function isAbsent(kid = '', begunBefore: number): boolean {
    const nowMs = clock.nowMs()
    if (lastLoadThatSucceeded > begunBefore) absentSinceMs.set(kid, nowMs)
    const sinceMs = absentSinceMs.get(kid)
    return sinceMs !== undefined && nowMs - sinceMs < absentKidMs
  }

  async function refreshForUnknown(kid = ''): Promise<boolean> {
    const nowMs = clock.nowMs()
    if (nowMs < retryAtMs) throw unavailable(retryAtMs)
    if (!budget.take(nowMs)) throw unavailable(nowMs + budget.waitMs(nowMs))
    emit({ type: 'keys.unknown_kid', issuer, kid: printable(kid) })
    const succeeded = await refresh()
    if (!succeeded) budget.giveBack()
    return succeeded
  }

  function unavailable(untilMs: number): AuthError {
    return new AuthError('keys_unavailable', {
      retryAfterSeconds: (untilMs - clock.nowMs()) / second,
      hint: 'the keys of the issuer cannot be fetched right now, or its budget for unknown kids is spent',
      details: { iss: issuer, cause: lastFailure },
    })
  }

  return { findKey, ready }
}

/** Settles with `work`, or after a second, whichever is first; its timer keeps no process alive. */
function withPatience(work: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs)
    timer.unref()
    const settled = (): void => {
      clearTimeout(timer)
      resolve(undefined)
    }
    // Whatever comes of it: a rejection that nobody waits for would end the process.
    work.then(settled, settled)
  })
}
