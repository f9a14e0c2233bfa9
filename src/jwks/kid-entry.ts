// One key at an address of its own, made of its kid. It is fetched, cached and stored, and dropped when the STS has no such
// key.
import type { Clock } from '../internal/clock.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { fetchText, isHttpStatusError } from '../internal/fetch-json.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { importKeys } from './import.ts'
import type { KeyBudgets } from './budgets.ts'
import { createKeyCache } from './cache.ts'
import type { LoadedKeys } from './key-set.ts'
import type { KeySettings } from './settings.ts'
import type { KeySource } from './key-source.ts'
import { createSnapshots, type KeyStore, type Snapshots } from './snapshot.ts'
import { readPem } from '../crypto/pem.ts'
import { maxAgeOf, type Network } from './remote.ts'

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
