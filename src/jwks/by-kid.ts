// Keys that an STS publishes one by one, each at an address made of its kid (AWS ALB). Anyone can make up a kid. It must match a strict
// pattern before it enters a URL, and unknown kids queue for a bounded number of fetches.
import { LRUCache } from 'lru-cache'
import { type Clock, createSteadyClock } from '../internal/clock.ts'
import { AuthError } from '../errors/auth-error.ts'
import { fetchText, isHttpStatusError } from '../internal/fetch-json.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { printable } from '../internal/json.ts'
import { readPem } from '../crypto/pem.ts'
import { createKeyCache } from './cache.ts'
import { importKeys } from './import.ts'
import type { LoadedKeys } from './key-set.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { type KeySourceContext, maxAgeOf } from './remote.ts'
import { createKeyBudgets, createNegativeCache, createRateLimit, type KeyBudgets } from './settings.ts'
import { createSnapshots } from './snapshot.ts'

const maxKids = 100

export interface KeysByKidOptions extends KeySourceContext {
  /** Holds `{kid}` once. */
  readonly pemUri: string
  readonly kidPattern: RegExp
}

/**
 * Fetches a key when a token first names it. Each key has a cache of its own, by the rules of all caches. Unknown kids are kept
 * apart, so that made-up kids never evict a key in use.
 */
export function createKeysByKid(options: KeysByKidOptions): KeySource {
  const { issuer, kidPattern, settings, network } = options
  const clock = createSteadyClock(network.clock)
  const parts = { ...options, clock, budgets: createKeyBudgets(settings) }
  const entries = new LRUCache<string, KidEntry>({ max: maxKids })
  const pendingEntries = new LRUCache<string, KidEntry>({ max: maxKids })
  const absentKids = createNegativeCache()
  const queue = createKidQueue()

  function findKey(query: KeyQuery): MaybePromise<VerificationKey | undefined> {
    const { kid } = query
    // No encoding keeps "." and ".." from changing the path of an address.
    if (kid === undefined || kid === '.' || kid === '..' || !kidPattern.test(kid)) return undefined
    return (entries.get(kid) ?? findPending(kid, clock.nowMs()))?.findKey(query)
  }

  /** The entry of an unknown kid, or `undefined` when the STS recently had no such key. */
  function findPending(kid: string, nowMs: number): KidEntry | undefined {
    if (absentKids.has(kid, nowMs)) return undefined
    if (!pendingEntries.has(kid)) for (const next of queue.request(kid, nowMs)) void fetchFirst(next)
    const entry = pendingEntries.get(kid)
    if (entry) return entry
    throw new AuthError('keys_unavailable', {
      hint: 'too many unknown kids at once; one that comes again goes first',
      details: { iss: issuer },
    })
  }

  async function fetchFirst(kid: string): Promise<void> {
    network.emit({ type: 'keys.unknown_kid', issuer, kid: printable(kid) })
    const entry = createKidEntry(kid, parts, () => {
      entries.delete(kid)
      absentKids.add(kid, clock.nowMs())
    })
    pendingEntries.set(kid, entry)
    // The waiting requests report a failure; the next request for this kid queues again.
    const [{ status }] = await Promise.allSettled([entry.ready()])
    pendingEntries.delete(kid)
    if (status === 'fulfilled' && !entry.isAbsent()) entries.set(kid, entry)
  }

  return {
    findKey,
    findReplacement: (query, failed, since) => entries.get(query.kid ?? '')?.findReplacement(query, failed, since),
    loadsBegun: (query) => entries.get(query.kid ?? '')?.loadsBegun(query),
  }
}

// One key at an address of its own. It is fetched, cached and stored, and dropped when the STS has no such key.

const maxPemBytes = 16_384
/** The statuses of an STS for a missing key; S3 answers 403. */
const absentStatuses = [400, 403, 404, 410]

/** A source of one key, or of none. */
interface KidEntry extends Pick<Required<KeySource>, 'findKey' | 'findReplacement' | 'loadsBegun' | 'ready'> {
  /** Whether the last fetch found that the STS has no such key. */
  isAbsent(): boolean
}

interface KidEntryParts extends KeysByKidOptions {
  /** A steady clock. */
  readonly clock: Clock
  /** Shared by all kids of the issuer. */
  readonly budgets: KeyBudgets
}

/** Creates the entry of `kid`, which must be safe in a URL. Calls `onAbsent` when the STS has no such key. */
function createKidEntry(kid: string, parts: KidEntryParts, onAbsent: () => void): KidEntry {
  const { issuer, pemUri, settings, keyStore, network, clock, budgets } = parts
  const stored = { ...parts, issuer: `${issuer}#kid=${kid}`, source: pemUri }
  const snapshots = keyStore && createSnapshots({ ...stored, keyStore })
  let state: 'new' | 'found' | 'absent' | 'failed' = 'new'

  async function load(): Promise<LoadedKeys> {
    try {
      // One retry covers a short failure. A kid that was never found gets none: it may be made up.
      const loaded = await fetchKey(kid, state === 'found', parts)
      state = 'found'
      return loaded
    } catch (error) {
      const isAbsent = isHttpStatusError(error) && absentStatuses.includes(error.httpStatus)
      state = isAbsent ? 'absent' : 'failed'
      if (isAbsent) {
        const withdrawn = snapshots?.withdraw()
        if (withdrawn) network.keepAlive(withdrawn)
        onAbsent()
      }
      throw error
    }
  }

  /** The STS has answered. An absent key must not serve on as in an outage, and its token is bad: no 503. */
  async function unlessAbsent<T>(pending: Promise<T>): Promise<T | undefined> {
    const [found] = await Promise.allSettled([pending])
    if (state === 'absent') return undefined
    if (found.status === 'rejected') throw found.reason
    return found.value
  }

  const cacheParts = { issuer, load, snapshots, settings, budgets, network: { ...network, clock } }
  const { findKey, findReplacement, loadsBegun, ready } = createKeyCache(cacheParts)
  return {
    findKey(query) {
      const found = findKey(query)
      return isPromise(found) ? unlessAbsent(found) : found
    },
    findReplacement(query, failed, since) {
      const found = findReplacement(query, failed, since)
      return isPromise(found) ? unlessAbsent(found) : found
    },
    loadsBegun,
    ready,
    isAbsent: () => state === 'absent',
  }
}

async function fetchKey(kid: string, retry: boolean, parts: KidEntryParts): Promise<LoadedKeys> {
  const { pemUri, algorithms, network } = parts
  const { fetch, fetchTimeoutMs: timeoutMs, signal } = network
  const url = pemUri.replace('{kid}', () => encodeURIComponent(kid))
  const answer = await fetchText(url, { fetch, timeoutMs, maxBytes: maxPemBytes, signal, retry })
  const imported = await importKeys({ keys: [{ ...readPem(answer.text), kid }] }, algorithms)
  return { ...imported, maxAgeMs: maxAgeOf(answer.cacheControl) }
}

// The order of unknown kids that cost a fetch each. Kids with more requests go first. A client with a good token tries again, and a
// flood of made-up kids would have to repeat each one. Requests beyond five do not count: then the kid that has waited longest goes
// first. Otherwise a flood that repeats each kid a hundred times would keep all others out.

const second = 1000
const fetchesPerSecond = 5
const maxWaitingKids = 1000
const maxCounted = 5
/** A kid without a request for this long is as new as any other. */
const forgottenAfterMs = 10 * second

export interface KidQueue {
  /** Notes a request for `kid`. Returns the kids to fetch now: any that go before it, and `kid` itself when it has its turn. */
  request(kid: string, nowMs: number): readonly string[]
}

interface WaitingKid {
  readonly requests: number
  readonly sinceMs: number
  readonly lastMs: number
}

/** Grants five turns in any second. */
export function createKidQueue(): KidQueue {
  const waiting = new LRUCache<string, WaitingKid>({ max: maxWaitingKids })
  const turns = createRateLimit(fetchesPerSecond, second)

  function note(kid: string, nowMs: number): void {
    const earlier = waiting.get(kid)
    const isForgotten = !earlier || nowMs - earlier.lastMs >= forgottenAfterMs
    const { requests, sinceMs } = isForgotten ? { requests: 0, sinceMs: nowMs } : earlier
    waiting.set(kid, { requests: requests + 1, sinceMs, lastMs: nowMs })
  }

  /** Returns `kid` unless another goes before it. */
  function next(kid: string, nowMs: number): string {
    let first = kid
    let highest = 0
    // Iterates from the latest request to the earliest, and `kid` is the latest.
    for (const [other, { requests, sinceMs, lastMs }] of waiting.entries()) {
      const rank = requests < maxCounted ? requests : maxCounted + nowMs - sinceMs
      if (rank <= highest || nowMs - lastMs >= forgottenAfterMs) continue
      first = other
      highest = rank
    }
    return first
  }

  return {
    request(kid, nowMs) {
      note(kid, nowMs)
      const granted: string[] = []
      while (waiting.has(kid) && turns.take(nowMs)) {
        const first = next(kid, nowMs)
        waiting.delete(first)
        granted.push(first)
      }
      return granted
    },
  }
}
