// How long keys are kept, and how many fetches unknown senders can cause. Read once, at creation.
import { LRUCache } from 'lru-cache'
import { checkNumber, checkOptionNames } from '../internal/options.ts'

const second = 1000
const day = 24 * 60 * 60

/** How an issuer's keys are kept. The defaults are for production; a preset sets what its STS needs. */
export interface KeyCacheOptions {
  /**
   * The longest `Cache-Control: max-age` that counts, in seconds: 60 to 86400. Default 3600. A key that the STS withdraws may
   * serve this long, and twice as long in a quiet API.
   */
  readonly maxFreshSeconds?: number | undefined
  /** How long keys serve after the last success while the STS fails, in seconds; at most a week. Default 86400. Then: 503. */
  readonly staleSeconds?: number | undefined
  /**
   * How long a key serves that the STS no longer lists, in seconds. Default 0. In `entra` 86400: two reads of its
   * keys may differ.
   */
  readonly graceSeconds?: number | undefined
  /** How many unknown `kid`s in a row cause a fetch at once, and as many bad signatures of known kids. 1 to 10, default 3. */
  readonly unknownKidBurst?: number | undefined
  /** After the burst, the seconds between fetches for unknown `kid`s, and between those for bad signatures. 1 to 600, default 10. */
  readonly unknownKidRefillSeconds?: number | undefined
}

/** The options in milliseconds, complete. */
export interface KeySettings {
  readonly maxFreshMs: number
  readonly staleMs: number
  readonly graceMs: number
  readonly unknownKidBurst: number
  readonly unknownKidRefillMs: number
}

const optionNames = ['maxFreshSeconds', 'staleSeconds', 'graceSeconds', 'unknownKidBurst', 'unknownKidRefillSeconds']

/**
 * Reads `options`.
 *
 * @throws TypeError for values out of range, and for durations that contradict each other.
 */
export function readKeyCacheOptions(options: KeyCacheOptions = {}): KeySettings {
  checkOptionNames('keyCache', options, optionNames)
  const { maxFreshSeconds = 3600, staleSeconds = day, graceSeconds = 0 } = options
  const { unknownKidBurst = 3, unknownKidRefillSeconds = 10 } = options
  checkNumber('keyCache.maxFreshSeconds', maxFreshSeconds, 60, day)
  checkNumber('keyCache.staleSeconds', staleSeconds, 60, 7 * day)
  checkNumber('keyCache.graceSeconds', graceSeconds, 0, 7 * day)
  checkNumber('keyCache.unknownKidBurst', unknownKidBurst, 1, 10)
  checkNumber('keyCache.unknownKidRefillSeconds', unknownKidRefillSeconds, 1, 600)
  if (staleSeconds < maxFreshSeconds) {
    throw new TypeError(
      `keyCache.staleSeconds must be at least maxFreshSeconds (${maxFreshSeconds}): fresh keys would not serve.`,
    )
  }
  if (graceSeconds > staleSeconds) {
    throw new TypeError(
      `keyCache.graceSeconds must be at most staleSeconds (${staleSeconds}): a withdrawn key would outlive the others.`,
    )
  }
  return {
    maxFreshMs: maxFreshSeconds * second,
    staleMs: staleSeconds * second,
    graceMs: graceSeconds * second,
    unknownKidBurst,
    unknownKidRefillMs: unknownKidRefillSeconds * second,
  }
}

// Budgets bound the work that anyone who can send a token can cause at one issuer.

const maxKids = 1000
const absentForMs = 10_000

export interface NegativeCache {
  add(kid: string, nowMs: number): void
  has(kid: string, nowMs: number): boolean
}

/** Remembers the last 1000 absent kids for ten seconds each, so that a repeated made-up kid costs no fetch. */
export function createNegativeCache(): NegativeCache {
  // Created on first use: an LRU cache allocates all its memory at once, and most issuers never need one.
  let addedAtMs: LRUCache<string, number> | undefined
  return {
    add(kid, nowMs) {
      addedAtMs ??= new LRUCache({ max: maxKids })
      addedAtMs.set(kid, nowMs)
    },
    has(kid, nowMs) {
      const sinceMs = addedAtMs?.get(kid)
      return sinceMs !== undefined && nowMs - sinceMs < absentForMs
    },
  }
}

const maxIndeterminatePerMinute = 60

/** Separate budgets: an attack on one leaves the others full. */
export interface KeyBudgets {
  /** Fetches for kids that no key has. */
  readonly unknownKids: TokenBucket
  /** Fetches for signatures that the key of their kid did not make. */
  readonly replacedKeys: TokenBucket
  /** 503 answers for such signatures when no fetch can be made. A 503 for every forgery of a flood would be an outage of our own. */
  readonly indeterminate: RateLimit
}

export function createKeyBudgets({ unknownKidBurst: burst, unknownKidRefillMs: refillMs }: KeySettings): KeyBudgets {
  return {
    unknownKids: createTokenBucket(burst, refillMs),
    replacedKeys: createTokenBucket(burst, refillMs),
    indeterminate: createRateLimit(maxIndeterminatePerMinute, 60_000),
  }
}

export interface RateLimit {
  /** Takes one turn if there is one. */
  take(nowMs: number): boolean
}

/** Allows at most `max` turns within any `windowMs`. A token bucket would allow its burst in addition. */
export function createRateLimit(max: number, windowMs: number): RateLimit {
  /** The last `max` turns as a ring buffer; `oldest` is the index of the first. */
  const takenAtMs: number[] = []
  let oldest = 0
  return {
    take(nowMs) {
      const earlierMs = takenAtMs[oldest]
      if (earlierMs !== undefined && nowMs - earlierMs < windowMs) return false
      takenAtMs[oldest] = nowMs
      oldest = (oldest + 1) % max
      return true
    },
  }
}

export interface TokenBucket {
  /** Takes one token if there is one. */
  take(nowMs: number): boolean
  /** Returns a token whose work failed. */
  refund(): void
  /** Milliseconds until there is a token. */
  waitMs(nowMs: number): number
}

/** Starts with `burst` tokens and gains one each `refillMs`, up to `burst`. */
export function createTokenBucket(burst: number, refillMs: number): TokenBucket {
  let tokens = burst
  let refilledAtMs = Number.NEGATIVE_INFINITY

  function refill(nowMs: number): void {
    if (tokens >= burst) {
      refilledAtMs = nowMs
      return
    }
    const gained = Math.floor((nowMs - refilledAtMs) / refillMs)
    if (gained <= 0) return
    tokens = Math.min(burst, tokens + gained)
    // A full bucket gains nothing, not even a part of the next token.
    refilledAtMs = tokens === burst ? nowMs : refilledAtMs + gained * refillMs
  }

  return {
    take(nowMs) {
      refill(nowMs)
      if (tokens === 0) return false
      tokens--
      return true
    },
    refund() {
      tokens = Math.min(burst, tokens + 1)
    },
    waitMs(nowMs) {
      refill(nowMs)
      return tokens > 0 ? 0 : Math.max(0, refilledAtMs + refillMs - nowMs)
    },
  }
}
