// The only reader of the machine's clock, so that tests of times need not wait.

/** A source of the time. Tests give their own to `createVerifier`; it must not run backwards by more than its error. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now() }

/**
 * Measures durations by `clock`. When `clock` is set back, time stands still for one reading and goes on from there. No wait and no
 * lifetime grows by the step. Its times must not be compared with those of a token.
 */
export function createSteadyClock(clock: Clock): Clock {
  let lastMs = Number.NEGATIVE_INFINITY
  let setBackMs = 0
  return {
    nowMs() {
      const readMs = clock.nowMs()
      // One reading that is no number must not stop this clock forever.
      if (!Number.isFinite(readMs)) return lastMs
      const nowMs = readMs + setBackMs
      if (nowMs < lastMs) setBackMs += lastMs - nowMs
      lastMs = Math.max(lastMs, nowMs)
      return lastMs
    },
  }
}
