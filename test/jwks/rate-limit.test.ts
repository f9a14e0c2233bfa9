import { expect, it } from 'vitest'
import { createRateLimit } from '../../src/jwks/settings.ts'

it('allows no more than its number within any stretch of its length, whatever the pace', () => {
  for (const everyMs of [0, 1, 7, 199, 200, 250, 999]) {
    const limit = createRateLimit(5, 1000)
    const taken: number[] = []
    for (let turn = 0, ms = 0; turn < 300; turn++, ms += everyMs) if (limit.take(ms)) taken.push(ms)
    const most = Math.max(...taken.map((fromMs) => taken.filter((ms) => ms >= fromMs && ms < fromMs + 1000).length))
    expect(most).toBe(Math.min(5, everyMs === 0 ? 5 : Math.ceil(1000 / everyMs)))
  }
})

it('allows the next when the first of them is as old as the window, and not a millisecond earlier', () => {
  const limit = createRateLimit(2, 1000)
  expect([0, 400, 401, 999].map(limit.take)).toEqual([true, true, false, false])
  expect([1000, 1001, 1399, 1400].map(limit.take)).toEqual([true, false, false, true])
})
