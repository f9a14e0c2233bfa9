// The only place that reads the machine's clock, so that every rule about time can be tested without waiting.

/** Tells the time. Give your own to `createVerifier` in tests; it must not run backwards by more than it is wrong. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now() }
