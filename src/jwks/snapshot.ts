// Keys that outlive the process: a start during an outage of the STS can still verify.
import { isJsonObject, type JsonObject, printable } from '../internal/json.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { importKeys } from './import.ts'
import type { LoadedKeys } from './key-set.ts'
import type { Network } from './key-source.ts'
import type { KeySettings } from './settings.ts'

const maxClockStepMs = 60_000

/** A stored copy of an issuer's keys. It holds public keys only, but write access to it is enough to forge tokens. */
export interface KeySnapshot {
  readonly version: 1
  readonly issuer: string
  /** The time when the STS published these keys; milliseconds since 1970. */
  readonly loadedAtMs: number
  readonly jwks: { readonly keys: readonly JsonObject[] }
  /** The configured addresses of the keys. Issuers of one name may have different keys (WorkOS, Entra's clouds). */
  readonly source?: string
}

/** A place for snapshots: a file, Redis, … Protect it like the keys themselves: its content is trusted. */
export interface KeyStore {
  /** Returns the last snapshot of `issuer`, or `undefined`. The result is checked, and imported like an answer of the STS. */
  load(issuer: string): Promise<unknown>
  /** Called after every refresh. A failure is reported as an event and has no other effect. */
  save(issuer: string, snapshot: KeySnapshot): Promise<void>
}

export interface SnapshotsOptions {
  readonly issuer: string
  /** The configured addresses of its keys. A snapshot of keys from elsewhere is refused. */
  readonly source?: string | undefined
  readonly keyStore: KeyStore
  readonly algorithms: readonly Algorithm[]
  readonly settings: Pick<KeySettings, 'staleMs'>
  /** With the system clock, not a steady one: another process compares it with its own. */
  readonly network: Pick<Network, 'clock' | 'emit'>
}

/** The snapshots of one issuer. No function rejects. */
export interface Snapshots {
  restore(): Promise<(LoadedKeys & { readonly loadedAtMs: number }) | undefined>
  /** Called as soon as `loaded` is. */
  save(loaded: Pick<LoadedKeys, 'jwks'>): Promise<void>
  /** Overwrites stored keys, so that no later process restores withdrawn ones. Writes nothing where none are stored. */
  withdraw(): Promise<void> | undefined
}

/**
 * Reads and writes the snapshots of one issuer. Refuses a snapshot that is damaged, of another issuer, or too old to serve.
 */
export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { issuer, source, keyStore, algorithms } = options
  const { clock, emit } = options.network
  let isStored = false

  async function restore(): ReturnType<Snapshots['restore']> {
    try {
      const value = await keyStore.load(issuer)
      if (value === undefined || value === null) return undefined
      const { jwks, loadedAtMs } = checkSnapshot(value, options)
      const imported = await importKeys(jwks, algorithms)
      isStored = true
      emit({ type: 'keys.restored', issuer, keys: imported.keys.length, ageMs: clock.nowMs() - loadedAtMs })
      return { ...imported, loadedAtMs: Math.min(loadedAtMs, clock.nowMs()) }
    } catch (error) {
      emit({ type: 'keys.snapshot_refused', issuer, reason: textOf(error) })
      return undefined
    }
  }

  async function save({ jwks }: Pick<LoadedKeys, 'jwks'>): Promise<void> {
    isStored = true
    try {
      const loadedAtMs = clock.nowMs()
      await keyStore.save(issuer, { version: 1, issuer, loadedAtMs, jwks, ...(source !== undefined && { source }) })
    } catch (error) {
      emit({ type: 'keys.snapshot_failed', issuer, reason: textOf(error) })
    }
  }

  function withdraw(): Promise<void> | undefined {
    if (!isStored) return undefined
    const saved = save({ jwks: { keys: [] } })
    isStored = false
    return saved
  }

  return { restore, save, withdraw }
}

function checkSnapshot(value: unknown, { issuer, source, settings, network }: SnapshotsOptions): KeySnapshot {
  const nowMs = network.clock.nowMs()
  if (!isJsonObject(value) || value.version !== 1 || !isJsonObject(value.jwks))
    throw new Error('the snapshot is damaged')
  if (value.issuer !== issuer) throw new Error('the snapshot is for another issuer')
  if (value.source !== source) throw new Error('the snapshot is of keys from another address')
  const { loadedAtMs } = value
  if (typeof loadedAtMs !== 'number' || !Number.isFinite(loadedAtMs)) throw new Error('the snapshot is damaged')
  // A time in the future would keep old keys young.
  if (loadedAtMs > nowMs + maxClockStepMs) throw new Error('the snapshot is from the future')
  if (nowMs >= loadedAtMs + settings.staleMs) throw new Error('the snapshot is too old')
  return value as unknown as KeySnapshot
}

/** The text of an error of the application's store. */
function textOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : error)
}
