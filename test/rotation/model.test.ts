// Any interleaving of requests, clock steps and answers of the STS, against a plain history of what it published.
import fc from 'fast-check'
import { AuthError } from 'claimcheck'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createKeyCache } from '../../src/jwks/cache.ts'
import type { LoadedKeys } from '../../src/jwks/key-set.ts'
import { readKeyCacheOptions } from '../../src/jwks/settings.ts'
import type { VerificationKey } from '../../src/jwks/key-source.ts'
import { createTestClock } from '../support/clock.ts'
import { everyoneGoesOn } from '../support/key-cache.ts'

const second = 1000
const kids = ['a', 'b', 'c', 'd']

type Step =
  | { readonly do: 'find'; readonly kid: string }
  | { readonly do: 'forge'; readonly kid: string }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'succeed'; readonly kids: readonly string[]; readonly maxAgeMs: number | undefined }
  | { readonly do: 'fail' }

const kid = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...kids) }, fc.string({ minLength: 1, maxLength: 3 }))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('find' as const), kid }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forge' as const), kid: fc.constantFrom(...kids) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(2 * second), fc.nat(120 * second), fc.nat(7200 * second), fc.constant(86_400 * second)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('succeed' as const),
      kids: fc.uniqueArray(fc.constantFrom(...kids), { minLength: 1 }),
      maxAgeMs: fc.option(fc.nat(7200 * second), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'fail' as const }) },
)

const timeoutMs = 5 * second
const graceMs = 600 * second
const staleMs = 7200 * second
const settings = readKeyCacheOptions({ graceSeconds: 600, staleSeconds: 7200 })

function createModel(random: () => number) {
  const clock = createTestClock()
  const pending: { begunMs: number; resolve(loaded: LoadedKeys): void; reject(error: Error): void }[] = []
  const begunAtMs: number[] = []
  const goodBegunAtMs: number[] = []
  const publishedAtMs = new Map<string, number>()
  const unsettled = new Set<Promise<unknown>>()
  let publishedLastMs = Number.NEGATIVE_INFINITY
  const load = (): Promise<LoadedKeys> => {
    begunAtMs.push(clock.nowMs())
    return new Promise((resolve, reject) => pending.push({ begunMs: clock.nowMs(), resolve, reject }))
  }
  const cache = createKeyCache({
    ...{ issuer: 'https://sts.example.com', load, settings },
    network: { fetchTimeoutMs: timeoutMs, clock, random, emit: () => {}, keepAlive: () => {} },
  })

  /** A key may be used while it is listed and not stale, or for its grace; what was never published, never. */
  function checkKey(found: VerificationKey): void {
    const seenMs = publishedAtMs.get(found.kid ?? '')
    expect(seenMs).toBeDefined()
    const untilMs = seenMs === publishedLastMs ? publishedLastMs + staleMs : Number(seenMs) + graceMs
    expect(clock.nowMs()).toBeLessThan(Math.min(untilMs, publishedLastMs + staleMs))
  }

  function watch(lookUp: () => Promise<VerificationKey | undefined>): void {
    const checked = lookUp()
      .then(
        (found) => found && checkKey(found),
        (error: unknown) => expect(error).toBeInstanceOf(AuthError),
      )
      .finally(() => unsettled.delete(checked))
    checked.catch((error: unknown) => problems.push(error))
    unsettled.add(checked)
  }
  const problems: unknown[] = []

  const isLate = ({ begunMs }: { readonly begunMs: number }): boolean => clock.nowMs() >= begunMs + timeoutMs

  async function run(one: Step): Promise<void> {
    if (one.do === 'pass') {
      clock.advanceMs(one.ms)
      vi.advanceTimersByTime(one.ms)
    }
    if (one.do === 'find') watch(async () => cache.findKey({ alg: 'ES256', kid: one.kid }))
    if (one.do === 'forge') watch(async () => cache.findReplacement({ alg: 'ES256', kid: one.kid }, keyNamed(one.kid)))
    const loading = one.do === 'succeed' || one.do === 'fail' ? pending.shift() : undefined
    if (one.do === 'fail') loading?.reject(new Error('no answer'))
    if (one.do === 'succeed' && loading) {
      // Nothing of an answer that comes after its time may be used.
      if (!isLate(loading)) {
        publishedLastMs = clock.nowMs()
        goodBegunAtMs.push(loading.begunMs)
        for (const name of one.kids) publishedAtMs.set(name, publishedLastMs)
      }
      const jwks = { keys: [] }
      loading.resolve({ keys: one.kids.map(keyNamed), skipped: 0, jwks, maxAgeMs: one.maxAgeMs })
    }
    await everyoneGoesOn()
    expect(pending.filter((load) => !isLate(load)).length).toBeLessThanOrEqual(1)
    if (problems.length > 0) throw problems[0]
  }

  async function endAllLoads(): Promise<void> {
    while (pending.length > 0) await run({ do: 'fail' })
    await run({ do: 'pass', ms: timeoutMs })
  }
  return { run, begunAtMs, goodBegunAtMs, unsettled, endAllLoads }
}

function keyNamed(name: string): VerificationKey {
  return { kid: name, algorithms: ['ES256'], key: undefined as never, material: name }
}

/** The most loads that began within any `windowMs`. */
function mostWithin(timesMs: readonly number[], windowMs: number): number {
  return Math.max(0, ...timesMs.map((fromMs) => timesMs.filter((ms) => ms >= fromMs && ms < fromMs + windowMs).length))
}

it('uses only published keys in their time, stays in its budget, and leaves no look-up waiting, whatever happens', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const steps = fc.array(step, { minLength: 20, maxLength: 80 })
  await fc.assert(
    fc.asyncProperty(steps, fc.double({ min: 0, max: 0.99, noNaN: true }), async (all, random) => {
      const model = createModel(() => random)
      for (const one of all) await model.run(one)
      await model.endAllLoads()
      expect(model.unsettled.size).toBe(0)
      // Ten seconds: three unknown kids and one more, as many forgeries, one routine refresh; and one a second that fails.
      expect(mostWithin(model.goodBegunAtMs, 10 * second)).toBeLessThanOrEqual(9)
      expect(mostWithin(model.begunAtMs, 10 * second)).toBeLessThanOrEqual(9 + 10)
      expect(mostWithin(model.begunAtMs, 1)).toBeLessThanOrEqual(7)
    }),
    { numRuns: 150, interruptAfterTimeLimit: 1500 },
  )
})
