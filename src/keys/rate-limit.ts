// A bound that holds for any stretch of time of its length, unlike that of a bucket, which lends its burst.

export interface RateLimit {
  /** Takes one turn if there is one. */
  take(nowMs: number): boolean
}

/** Allows at most `max` turns within any `windowMs`. */
export function createRateLimit(max: number, windowMs: number): RateLimit {
  /** The last `max` turns, as a ring: `oldest` is the place of the first of them. */
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
