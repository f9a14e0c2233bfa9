// Bounds on the work that anyone who can send a token can cause at one issuer.
import type { KeySettings } from './key-settings.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

const maxDoubtsPerMinute = 60

/** Budgets that cannot be spent for one another. */
export interface KeyBudgets {
  /** Fetches for kids that no key has. */
  readonly unknownKids: TokenBucket
  /** Fetches for signatures that the key of their kid did not make. */
  readonly replacedKeys: TokenBucket
  /** Such signatures that get 503 for want of a fetch. Under a flood of forgeries a 503 for each would be an outage of our own. */
  readonly doubts: RateLimit
}

export function createKeyBudgets({ unknownKidBurst: burst, unknownKidRefillMs: refillMs }: KeySettings): KeyBudgets {
  return {
    unknownKids: createTokenBucket(burst, refillMs),
    replacedKeys: createTokenBucket(burst, refillMs),
    doubts: createRateLimit(maxDoubtsPerMinute, 60_000),
  }
}
