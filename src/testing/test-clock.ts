// Time that moves only when a test says so. For tests only.
import { type Clock, systemClock } from '../internal/clock.ts'
import { checkArgumentCount, checkOptionNames } from '../internal/options.ts'

/** A length of time; the parts are added up. */
export interface TestDuration {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

/** A clock that stands still until a test moves it. Give it to a verifier or guard as `clock`. */
export interface TestClock extends Clock {
  /** Goes on by `duration`, or back where it is negative. */
  advance(duration: TestDuration): void
  /** Goes to a moment. */
  setTo(moment: Date): void
}

const unitsMs = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 }

/**
 * Makes a clock that stands still at `start`. Default: the present second, so that its tokens are also good for code that
 * reads the machine's clock.
 */
export function createTestClock(start?: Date): TestClock {
  checkArgumentCount('createTestClock()', arguments, 1)
  let nowMs = start === undefined ? Math.floor(systemClock.nowMs() / 1000) * 1000 : readMoment(start)
  return {
    nowMs: () => nowMs,
    advance(duration) {
      nowMs += milliseconds('advance()', duration)
    },
    setTo(moment) {
      nowMs = readMoment(moment)
    },
  }
}

/** @throws TypeError when `duration` is a bare number or has an unknown unit: either is a mistake. */
export function milliseconds(where: string, duration: TestDuration): number {
  checkOptionNames(where, duration, Object.keys(unitsMs))
  return Object.entries(unitsMs).reduce((sum, [unit, ms]) => {
    const count = duration[unit as keyof TestDuration] ?? 0
    if (!Number.isFinite(count)) throw new TypeError(`${unit} must be a number, not ${String(count)}.`)
    return sum + count * ms
  }, 0)
}

function readMoment(moment: Date): number {
  const ms = moment instanceof Date ? moment.getTime() : Number.NaN
  if (Number.isNaN(ms)) throw new TypeError("A moment must be a valid Date, such as new Date('2030-01-01T00:00:00Z').")
  return ms
}
