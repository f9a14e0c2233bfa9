// Time that only moves when a test says so.
import type { Clock } from 'claimcheck'

export interface TestClock extends Clock {
  advanceMs(ms: number): void
}

/** 2026-11-23T12:00:00Z, in seconds: the default moment of all tests. */
export const now = 1_795_435_200

export function createTestClock(startMs = now * 1000): TestClock {
  let nowMs = startMs
  return {
    nowMs: () => nowMs,
    advanceMs(ms) {
      nowMs += ms
    },
  }
}
