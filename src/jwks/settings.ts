// How long keys are kept, and how many fetches unknown senders can cause. Read once, at creation.
import { checkNumber, checkOptionNames } from '../internal/options.ts'

const second = 1000
const day = 24 * 60 * 60

/** How an issuer's keys are kept. The defaults are for production; a preset sets what its STS needs. */
export interface KeyCacheOptions {
  /**
   * The longest `Cache-Control: max-age` that counts, in seconds: 60 to 86400. Default 3600. A key that the STS withdraws may
   * serve this long, and twice as long in a quiet API.
   */
  readonly maxFreshSeconds?: number
  /** How long keys serve after the last success while the STS fails, in seconds; at most a week. Default 86400. Then: 503. */
  readonly staleSeconds?: number
  /**
   * How long a key serves that the STS no longer lists, in seconds. Default 0. In `entra` 86400: its key documents are not
   * read-consistent.
   */
  readonly graceSeconds?: number
  /** How many unknown `kid`s in a row may cause a fetch at once, and as many bad signatures of known kids: 1 to 10. Default 3. */
  readonly unknownKidBurst?: number
  /** The interval after the burst, in seconds, for a fetch for one more unknown `kid` and one more bad signature: 1 to 600. Default 10. */
  readonly unknownKidRefillSeconds?: number
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
