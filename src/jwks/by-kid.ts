// Keys that an STS publishes one by one, each at an address made of its kid (AWS ALB). Anyone can make up a kid. It must
// therefore match a strict pattern before it enters a URL, and unknown kids queue for a bounded number of fetches.
import { LRUCache } from 'lru-cache'
import { type Clock, createSteadyClock } from '../internal/clock.ts'
import { AuthError } from '../errors/auth-error.ts'
import { fetchText, isHttpStatusError } from '../internal/fetch-json.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { printable } from '../internal/printable.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { readPem } from '../crypto/pem.ts'
import { createKeyCache } from './cache.ts'
import { importKeys } from './import.ts'
import type { LoadedKeys } from './key-set.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { maxAgeOf, type Network } from './remote.ts'
import {
  createKeyBudgets,
  createNegativeCache,
  createRateLimit,
  type KeyBudgets,
  type KeySettings,
} from './settings.ts'
import { createSnapshots, type KeyStore, type Snapshots } from './snapshot.ts'

const maxKids = 100

export interface KeysByKidOptions extends Omit<KidEntryParts, 'clock' | 'budgets'> {
  readonly kidPattern: RegExp
}

/**
 * Fetches a key when a token first names it. Each key has a cache of its own, by the rules of all caches. Unknown kids are kept
 * apart, so that made-up kids never evict a key in use.
 */
export function createKeysByKid({ kidPattern, ...options }: KeysByKidOptions): KeySource {
  const { issuer, settings, network } = options
  const clock = createSteadyClock(network.clock)
  const parts = { ...options, clock, budgets: createKeyBudgets(settings) }
  const known = new LRUCache<string, KidEntry>({ max: maxKids })
  const beingFetched = new LRUCache<string, KidEntry>({ max: maxKids })
  const absentKids = createNegativeCache()
  const queue = createKidQueue()

  function findKey(query: KeyQuery): MaybePromise<VerificationKey | undefined> {
    const { kid } = query
    kidPattern.lastIndex = 0
    // No encoding keeps "." and ".." from changing the path of an address.
    if (kid === undefined || kid === '.' || kid === '..' || !kidPattern.test(kid)) return undefined
    return (known.get(kid) ?? findEntry(kid, clock.nowMs()))?.findKey(query)
  }

  /** The entry of an unknown kid, or `undefined` when the STS recently had no such key. */
  function findEntry(kid: string, nowMs: number): KidEntry | undefined {
    if (absentKids.has(kid, nowMs)) return undefined
    const entry = beingFetched.get(kid) ?? fetchInTurn(kid, nowMs)
    if (entry) return entry
    throw new AuthError('keys_unavailable', {
      hint: 'too many unknown kids at once; one that comes again goes first',
      details: { iss: issuer },
    })
  }

  function fetchInTurn(kid: string, nowMs: number): KidEntry | undefined {
    for (const next of queue.ask(kid, nowMs)) void fetchFirst(next)
    return beingFetched.get(kid)
  }

  async function fetchFirst(kid: string): Promise<void> {
    network.emit({ type: 'keys.unknown_kid', issuer, kid: printable(kid) })
    const entry = createKidEntry(kid, parts, () => {
      known.delete(kid)
      absentKids.add(kid, clock.nowMs())
    })
    beingFetched.set(kid, entry)
    const isReady = await entry.ready().then(
      () => true,
      () => false,
    )
    beingFetched.delete(kid)
    if (isReady && !entry.isAbsent()) known.set(kid, entry)
  }

  return {
    findKey,
    findReplacement: (query, failed) => known.get(query.kid ?? '')?.findReplacement(query, failed),
  }
}

// One key at an address of its own, made of its kid. It is fetched, cached and stored, and dropped when the STS has no such
// key.

const maxPemBytes = 16_384
/** The statuses of an STS for a missing key; S3 answers 403. */
const absentStatuses = [400, 403, 404, 410]

/** A source of one key, or of none. */
export interface KidEntry extends Required<KeySource> {
  /** Whether the last fetch found that the STS has no such key. */
  isAbsent(): boolean
}

export interface KidEntryParts {
  readonly issuer: string
  readonly algorithms: readonly Algorithm[]
  /** Holds `{kid}` once. */
  readonly pemUri: string
  readonly settings: KeySettings
  readonly store?: KeyStore | undefined
  readonly network: Network
  /** A steady clock. */
  readonly clock: Clock
  /** Shared by all kids of the issuer. */
  readonly budgets: KeyBudgets
}

/** Creates the entry of `kid`, which must be safe in a URL. Calls `onAbsent` when the STS has no such key. */
export function createKidEntry(kid: string, parts: KidEntryParts, onAbsent: () => void): KidEntry {
  const { issuer, settings, network, clock, budgets } = parts
  const { fetchTimeoutMs: timeoutMs, random, emit, keepAlive } = network
  const snapshots = createKidSnapshots(kid, parts)
  let state: 'new' | 'found' | 'absent' | 'failed' = 'new'

  async function load(): Promise<LoadedKeys> {
    try {
      // One retry covers a short failure. A kid that was never found gets none: it may be made up.
      const loaded = await fetchKey(kid, state === 'found', parts)
      state = 'found'
      return loaded
    } catch (error) {
      state = isAbsence(error) ? 'absent' : 'failed'
      if (state === 'absent') {
        snapshots?.withdraw()
        onAbsent()
      }
      throw error
    }
  }

  /** The STS has answered. An absent key must not serve on as in an outage, and its token is bad: no 503. */
  function unlessAbsent<T>(found: MaybePromise<T>): MaybePromise<T | undefined> {
    if (!isPromise(found)) return found
    return found.then(
      (key) => (state === 'absent' ? undefined : key),
      (error: unknown) => {
        if (state === 'absent') return undefined
        throw error
      },
    )
  }

  const shared = { issuer, timeoutMs, settings, clock, random, emit, keepAlive, budgets }
  const cache = createKeyCache({ ...shared, load, snapshots })
  return {
    ...cache,
    findKey: (query) => unlessAbsent(cache.findKey(query)),
    findReplacement: (query, failed, since) => unlessAbsent(cache.findReplacement(query, failed, since)),
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

function isAbsence(error: unknown): boolean {
  return isHttpStatusError(error) && absentStatuses.includes(error.httpStatus)
}

interface KidSnapshots extends Snapshots {
  /** Overwrites the stored key, so that no later process restores a withdrawn one. Writes nothing for a kid that was never found. */
  withdraw(): void
}

function createKidSnapshots(kid: string, parts: KidEntryParts): KidSnapshots | undefined {
  const { issuer, algorithms, pemUri: source, settings, store, network } = parts
  if (!store) return undefined
  const { clock, emit, keepAlive } = network
  const name = `${issuer}#kid=${kid}`
  const kept = createSnapshots({ issuer: name, source, store, algorithms, staleMs: settings.staleMs, clock, emit })
  let isStored = false
  return {
    async restore() {
      const earlier = await kept.restore()
      isStored ||= earlier !== undefined
      return earlier
    },
    save(loaded) {
      isStored = true
      return kept.save(loaded)
    },
    withdraw() {
      if (isStored) keepAlive(kept.save({ jwks: { keys: [] } }))
      isStored = false
    },
  }
}

// The order of unknown kids that cost a fetch each. Kids with more requests go first: a client with a good token tries again, a
// flood of made-up kids would have to repeat each one. Requests beyond five do not count. Then the kid that has waited longest
// goes first, or a flood that repeats each kid a hundred times would keep all others out.

const second = 1000

const fetchesPerSecond = 5
const maxWaitingKids = 1000
const maxCounted = 5
/** A kid without a request for this long is as new as any other. */
const forgottenAfterMs = 10 * second

export interface KidQueue {
  /** Notes a request for `kid`. Returns the kids to fetch now: any that go before it, and `kid` itself when it has its turn. */
  ask(kid: string, nowMs: number): readonly string[]
}

interface WaitingKid {
  readonly asked: number
  readonly sinceMs: number
  readonly lastMs: number
}

function rankOf({ asked, sinceMs }: WaitingKid, nowMs: number): number {
  return asked < maxCounted ? asked : maxCounted + nowMs - sinceMs
}

/** Grants five turns in any second. */
export function createKidQueue(): KidQueue {
  const waiting = new LRUCache<string, WaitingKid>({ max: maxWaitingKids })
  const turns = createRateLimit(fetchesPerSecond, second)

  function note(kid: string, nowMs: number): void {
    const earlier = waiting.get(kid)
    const isForgotten = !earlier || nowMs - earlier.lastMs >= forgottenAfterMs
    const { asked, sinceMs } = isForgotten ? { asked: 0, sinceMs: nowMs } : earlier
    waiting.set(kid, { asked: asked + 1, sinceMs, lastMs: nowMs })
  }

  /** Returns `kid` unless another goes before it. */
  function next(kid: string, nowMs: number): string {
    let first = kid
    let highest = 0
    // Iterates from the latest request to the earliest, and `kid` is the latest.
    for (const [other, waits] of waiting.entries()) {
      const rank = rankOf(waits, nowMs)
      if (rank <= highest || nowMs - waits.lastMs >= forgottenAfterMs) continue
      first = other
      highest = rank
    }
    return first
  }

  return {
    ask(kid, nowMs) {
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
