// The keys that an issuer publishes at its jwks_uri (RFC 7517 §5), behind a cache.
import type { Clock } from '../clock.ts'
import type { Emit } from '../events.ts'
import { type Fetch, fetchJson } from '../internal/fetch-json.ts'
import type { Algorithm } from '../token/algorithms.ts'
import { importKeys } from './import-keys.ts'
import { createKeyCache, type LoadedKeys } from './key-cache.ts'
import type { KeySource } from './key-source.ts'

const maxJwksBytes = 512 * 1024

/** What the network side of a verifier shares. */
export interface Network {
  readonly fetch: Fetch
  readonly fetchTimeoutMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly emit: Emit
  readonly signal: AbortSignal
}

export interface RemoteKeysOptions {
  readonly issuer: string
  readonly algorithms: readonly Algorithm[]
  /** Where the keys are now. Rejects when that cannot be found out. */
  readonly jwksUri: () => Promise<string>
  /** Called when the address did not bring keys: it may have moved. */
  readonly onFailure?: () => void
  readonly network: Network
}

/** Fetches the JWK Set when it is first needed, and again as the cache asks for it. */
export function createRemoteKeys(options: RemoteKeysOptions): Required<KeySource> {
  const { issuer, algorithms, jwksUri, onFailure, network } = options
  const { fetch, fetchTimeoutMs: timeoutMs, signal, clock, random, emit } = network

  async function load(): Promise<LoadedKeys> {
    try {
      const answer = await fetchJson(await jwksUri(), { fetch, timeoutMs, maxBytes: maxJwksBytes, signal })
      return { ...(await importKeys(answer.value, algorithms)), maxAgeMs: maxAgeOf(answer.cacheControl) }
    } catch (error) {
      onFailure?.()
      throw error
    }
  }

  return createKeyCache({ issuer, load, clock, random, emit })
}

/** `max-age` in milliseconds (RFC 9111 §5.2.2.1); an answer that must not be stored has age 0. */
function maxAgeOf(cacheControl: string): number | undefined {
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /\bmax-age\s*=\s*"?(\d{1,10})/i.exec(cacheControl)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
