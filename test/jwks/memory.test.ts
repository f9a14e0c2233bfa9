// A million unknown kids leave nothing behind in memory.
import { expect, it, onTestFinished } from 'vitest'
import { createKeyCache } from '../../src/jwks/cache.ts'
import { readKeyCacheOptions } from '../../src/jwks/settings.ts'
import type { VerificationKey } from '../../src/jwks/key-source.ts'
import { createTestClock } from '../support/clock.ts'
import { heapUsed } from '../support/heap.ts'

const second = 1000
const key: VerificationKey = { kid: 'a', algorithms: ['ES256'], key: undefined as never }

it('keeps the heap within 5 MB of where it was, after a million made-up kids', { timeout: 60_000 }, async () => {
  // A million stack traces would take longer than everything else.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit))
  const clock = createTestClock()
  const settings = readKeyCacheOptions()
  const load = async () => ({ keys: [key], skipped: 0, jwks: { keys: [] } })
  const issuer = 'https://sts.example.com'
  const cache = createKeyCache({
    ...{ issuer, load, settings },
    network: { fetchTimeoutMs: 5000, clock, random: () => 0, emit: () => {}, keepAlive: () => {} },
  })
  const answers = { absent: 0, unavailable: 0 }
  async function answerFor(kid: string): Promise<unknown> {
    try {
      return await cache.findKey({ alg: 'ES256', kid })
    } catch {
      return 'unavailable'
    }
  }
  async function lookUpKids(from: number, to: number): Promise<void> {
    for (let index = from; index < to; index++) {
      const found = await answerFor(`unknown-${index}`)
      answers[found === undefined ? 'absent' : 'unavailable']++
      // Each tenth one has a budget, so that the memory for absent kids turns over, too.
      if (index % 10 === 0) clock.advanceMs(10 * second)
    }
  }
  await lookUpKids(0, 10_000)
  const before = heapUsed()
  await lookUpKids(10_000, 1_010_000)
  expect(heapUsed() - before).toBeLessThan(5_000_000)
  expect(answers.absent).toBeGreaterThan(100_000)
  expect(answers.absent + answers.unavailable).toBe(1_010_000)
  expect(await cache.findKey({ alg: 'ES256', kid: 'a' })).toBe(key)
})
