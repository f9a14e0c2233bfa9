// Keys that an STS gives out one by one, each at an address made of its kid (AWS ALB). The kid is a stranger's text, so it
// must have a strict shape before it gets into a URL, and new ones have a budget.
import { LRUCache } from 'lru-cache'
import { createSteadyClock } from '../clock.ts'
import { AuthError } from '../errors.ts'
import { fetchText, isHttpStatusError } from '../internal/fetch-json.ts'
import { printable } from '../internal/printable.ts'
import type { Algorithm } from '../token/algorithms.ts'
import type { LoadedKeys } from './held-keys.ts'
import { importKeys } from './import-keys.ts'
import { createKeyCache } from './key-cache.ts'
import type { KeySettings } from './key-settings.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { jwkFromPem } from './pem.ts'
import { maxAgeOf, type Network } from './remote-keys.ts'
import { createTokenBucket } from './token-bucket.ts'

const maxPemBytes = 16_384
const maxKids = 100
const maxAbsentKids = 1000
const absentKidMs = 10_000
/** How an STS says that there is no such key; S3 says 403. */
const absentStatuses = [400, 403, 404, 410]

export interface KeysByKidOptions {
  readonly issuer: string
  readonly algorithms: readonly Algorithm[]
  /** Holds `{kid}` once. */
  readonly pemUri: string
  readonly kidPattern: RegExp
  readonly settings: KeySettings
  readonly network: Network
}

/** Fetches a key when a token first names it; every key then has a cache of its own, by the rules of all caches. */
export function createKeysByKid(options: KeysByKidOptions): KeySource {
  const { issuer, algorithms, pemUri, kidPattern, settings, network } = options
  const { fetch, fetchTimeoutMs: timeoutMs, signal, random, emit } = network
  const clock = createSteadyClock(network.clock)
  const caches = new LRUCache<string, Required<KeySource>>({ max: maxKids })
  const absent = new LRUCache<string, number>({ max: maxAbsentKids })
  const newKids = createTokenBucket(settings.unknownKidBurst, settings.unknownKidRefillMs)

  async function load(kid: string): Promise<LoadedKeys> {
    const url = pemUri.replace('{kid}', () => encodeURIComponent(kid))
    try {
      const answer = await fetchText(url, { fetch, timeoutMs, maxBytes: maxPemBytes, signal, retry: true })
      const imported = await importKeys({ keys: [jwkFromPem(kid, answer.text)] }, algorithms)
      return { ...imported, maxAgeMs: maxAgeOf(answer.cacheControl) }
    } catch (error) {
      // The STS has taken it back: what is cached of it must not outlive that.
      if (isAbsent(error)) caches.delete(kid)
      throw error
    }
  }

  async function findKey(query: KeyQuery): Promise<VerificationKey | undefined> {
    const { kid } = query
    kidPattern.lastIndex = 0
    // No encoding keeps "." and ".." from walking through an address.
    if (kid === undefined || kid === '.' || kid === '..' || !kidPattern.test(kid)) return undefined
    const known = caches.get(kid)
    if (known) return findIn(known, kid, query)
    const nowMs = clock.nowMs()
    if (nowMs - (absent.get(kid) ?? Number.NEGATIVE_INFINITY) < absentKidMs) return undefined
    if (!newKids.take(nowMs)) throw outOfBudget(newKids.waitMs(nowMs))
    emit({ type: 'keys.unknown_kid', issuer, kid: printable(kid) })
    const cache = createKeyCache({ issuer, load: () => load(kid), settings, clock, random, emit })
    caches.set(kid, cache)
    return findIn(cache, kid, query)
  }

  async function findIn(
    cache: Required<KeySource>,
    kid: string,
    query: KeyQuery,
  ): Promise<VerificationKey | undefined> {
    try {
      return await cache.findKey(query)
    } catch (error) {
      if (!isAbsent(error instanceof AuthError ? error.details.cause : error)) throw error
      absent.set(kid, clock.nowMs())
      return undefined
    }
  }

  function outOfBudget(waitMs: number): AuthError {
    return new AuthError('keys_unavailable', {
      retryAfterSeconds: waitMs / 1000,
      hint: 'the budget for unknown kids is spent',
      details: { iss: issuer },
    })
  }

  return {
    findKey,
    findReplacement: async (query, failed) => caches.get(query.kid ?? '')?.findReplacement(query, failed),
  }
}

function isAbsent(error: unknown): boolean {
  return isHttpStatusError(error) && absentStatuses.includes(error.httpStatus)
}
