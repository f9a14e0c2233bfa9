// The only place that reads the machine's clock, so that every rule about time can be tested without waiting.

/** Tells the time. Give your own to `createVerifier` in tests; it must not run backwards by more than it is wrong. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now() }

/**
 * Measures durations by `clock`. When that is set back, time stands still for one reading and goes on from there, so that
 * no wait and no lifetime grows by the step. Not for comparing with the times in a token.
 */
export function createSteadyClock(clock: Clock): Clock {
  let lastMs = Number.NEGATIVE_INFINITY
  let setBackMs = 0
  return {
    nowMs() {
      const readMs = clock.nowMs()
      // A clock that tells no time once must not stop this one for ever.
      if (!Number.isFinite(readMs)) return lastMs
      const nowMs = readMs + setBackMs
      if (nowMs < lastMs) setBackMs += lastMs - nowMs
      lastMs = Math.max(lastMs, nowMs)
      return lastMs
    },
  }
}
