import { expect, it } from 'vitest'
import { createSteadyClock, systemClock } from '../../src/internal/clock.ts'
import { createTestClock } from '../support/clock.ts'

it("reads the machine's clock in milliseconds", () => {
  const before = Date.now()
  expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before)
  expect(systemClock.nowMs()).toBeLessThanOrEqual(Date.now())
})

it('shows the same time as the clock it measures by, as long as that goes forward', () => {
  const clock = createTestClock(1000)
  const steady = createSteadyClock(clock)
  expect(steady.nowMs()).toBe(1000)
  clock.advanceMs(0)
  expect(steady.nowMs()).toBe(1000)
  clock.advanceMs(500)
  expect(steady.nowMs()).toBe(1500)
})

it('goes on from the time it had shown, each time that its clock is set back', () => {
  const clock = createTestClock(10_000)
  const steady = createSteadyClock(clock)
  const shown = [0, -4000, 5, 0, -100, -1, 7].map((step) => {
    clock.advanceMs(step)
    return steady.nowMs()
  })
  expect(shown).toEqual([10_000, 10_000, 10_005, 10_005, 10_005, 10_005, 10_012])
})
