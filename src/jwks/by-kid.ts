// Keys that an STS publishes one by one, each at an address made of its kid (AWS ALB). Anyone can make up a kid. It must
// therefore match a strict pattern before it enters a URL, and unknown kids queue for a bounded number of fetches.
import { LRUCache } from 'lru-cache'
import { createSteadyClock } from '../internal/clock.ts'
import { AuthError } from '../errors/auth-error.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { printable } from '../internal/printable.ts'
import { createKeyBudgets, createNegativeCache } from './budgets.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { createKidEntry, type KidEntry, type KidEntryParts } from './kid-entry.ts'
import { createKidQueue } from './kid-queue.ts'

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
