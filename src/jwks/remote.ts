// The keys that an issuer publishes at one address, behind a cache: a JWK Set (RFC 7517 §5), or PEM texts.
import { fetchJson, isHttpStatusError } from '../internal/fetch-json.ts'
import type { JsonObject } from '../internal/json.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { importKeys, type KeysByJwk } from './import.ts'
import { createKeyCache } from './cache.ts'
import type { LoadedKeys } from './key-set.ts'
import type { KeySettings } from './settings.ts'
import type { KeySource, Network } from './key-source.ts'
import { createSnapshots, type KeyStore } from './snapshot.ts'

const maxJwksBytes = 512 * 1024

/** The address of the JWK Set. Both functions end when `deadline` aborts. */
export interface JwksLocation {
  /** Returns the current address, and looks for a new one at long intervals. Rejects when there is none. */
  jwksUri(deadline: AbortSignal): Promise<string>
  /** Looks for a new address, because the keys are gone from `jwksUri`. Resolves to `jwksUri` when there is no other. */
  rediscover(jwksUri: string, deadline: AbortSignal): Promise<string>
  /** Whether the last look-up of the address failed, so that the STS is in trouble. */
  isFailing(): boolean
  /** Removes from a JWK Set the keys that the issuer's metadata does not allow. Default: none. */
  selectJwks?(jwks: JsonObject): JsonObject
}

/** The arguments of a key source. */
export interface KeySourceContext {
  readonly issuer: string
  readonly algorithms: readonly Algorithm[]
  /** `KeyCacheOptions`, complete and in milliseconds. */
  readonly settings: KeySettings
  readonly keyStore?: KeyStore | undefined
  readonly network: Network
}

export interface RemoteKeysOptions extends KeySourceContext {
  readonly location: JwksLocation
  /** The configured addresses. The store's keys from any other address are refused. */
  readonly source?: string | undefined
  /** Makes a JWK Set of another JSON object at the address. */
  readonly toJwks?: (value: JsonObject) => unknown
  /** The `use` of its JWKs. Default `sig`. */
  readonly keyUse?: string | undefined
}

/** Fetches the JWK Set on first use, and again when the cache asks for it. */
export function createRemoteKeys(options: RemoteKeysOptions): Required<KeySource> {
  const { issuer, algorithms, location, toJwks, keyUse, settings, keyStore, network } = options
  const { fetch, fetchTimeoutMs: timeoutMs, signal } = network
  const snapshots = keyStore && createSnapshots({ ...options, keyStore })
  let failing = false
  let earlier: KeysByJwk | undefined

  async function load(): Promise<LoadedKeys> {
    try {
      const loaded = await fetchKeys(AbortSignal.timeout(timeoutMs))
      failing = false
      return loaded
    } catch (error) {
      failing = true
      throw error
    }
  }

  async function fetchKeys(deadline: AbortSignal): Promise<LoadedKeys> {
    const uri = await location.jwksUri(deadline)
    try {
      return await fetchSet(uri, deadline)
    } catch (error) {
      const moved = isGone(error) ? await location.rediscover(uri, deadline) : uri
      if (moved === uri) throw error
      return fetchSet(moved, deadline)
    }
  }

  async function fetchSet(uri: string, deadline: AbortSignal): Promise<LoadedKeys> {
    // One retry covers a short failure. In an outage the back-off decides on the next attempt.
    const retry = !failing && !location.isFailing()
    const answer = await fetchJson(uri, { fetch, timeoutMs, deadline, maxBytes: maxJwksBytes, signal, retry })
    const value = location.selectJwks?.(answer.value) ?? answer.value
    const imported = await importKeys(toJwks ? toJwks(value) : value, algorithms, { use: keyUse, earlier })
    earlier = imported.byJwk
    return { ...imported, maxAgeMs: maxAgeOf(answer.cacheControl) }
  }

  return createKeyCache({ issuer, load, snapshots, settings, network })
}

/** A configured address: no document names it, and it never moves. */
export function fixedLocation(uri: string): JwksLocation {
  return { jwksUri: async () => uri, rediscover: async () => uri, isFailing: () => false }
}

/** Whether the STS answers without keys at the address: they may have moved. An STS in trouble knows no new address either. */
function isGone(error: unknown): boolean {
  if (!isHttpStatusError(error)) return false
  const { httpStatus } = error
  return httpStatus >= 300 && httpStatus < 500 && httpStatus !== 408 && httpStatus !== 429
}

/** `max-age` in milliseconds (RFC 9111 §5.2.2.1). An answer that must not be stored has age 0. */
export function maxAgeOf(cacheControl: string): number | undefined {
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /\bmax-age\s*=\s*"?(\d{1,10})/i.exec(cacheControl)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
