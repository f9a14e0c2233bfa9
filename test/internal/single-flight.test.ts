// One piece of work for all its callers, ended by the clock. Only the test moves the time.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isPromise } from '../../src/internal/maybe-promise.ts'
import { singleFlight } from '../../src/internal/single-flight.ts'
import { createTestClock, type TestClock } from '../support/clock.ts'
import { everyoneGoesOn } from '../support/key-cache.ts'

const timeoutMs = 5000

let clock: TestClock
beforeEach(() => {
  clock = createTestClock(0)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => void vi.useRealTimers())

/** Moves the clock and the timers. */
async function pass(ms: number): Promise<void> {
  clock.advanceMs(ms)
  vi.advanceTimersByTime(ms)
  await everyoneGoesOn()
}

function createWork() {
  const begun: { resolve(value: string): void; reject(error: Error): void }[] = []
  const succeeded: string[] = []
  const failed: unknown[] = []
  const kept: Promise<unknown>[] = []
  const flight = singleFlight<string>({
    work: () => new Promise((resolve, reject) => begun.push({ resolve, reject })),
    timeoutMs,
    clock,
    keepAlive: (promise) => void kept.push(promise),
    succeed: (value) => void succeeded.push(value),
    fail: (error, times) => void failed.push({ message: (error as Error).message, ...times }),
  })
  return { begun, succeeded, failed, kept, flight, join: () => flight.join(clock.nowMs()) }
}

async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, everyoneGoesOn().then(() => 'waiting')])
}

describe('a flight', () => {
  it('is joined by its own work, which begins no other: a fetch or a key store may verify a token synchronously', async () => {
    let begun = 0
    const joined: Promise<boolean>[] = []
    const flight = singleFlight<string>({
      work: () => {
        if (begun++ < 10) joined.push(flight.join(0))
        return Promise.resolve('keys')
      },
      timeoutMs,
      clock,
      keepAlive: () => {},
      succeed: () => {},
      fail: () => expect.unreachable(),
    })
    expect(await flight.join(0)).toBe(true)
    expect(await Promise.all(joined)).toEqual([true])
    expect(begun).toBe(1)
  })

  it('is one for all callers during the work', async () => {
    const { begun, succeeded, join } = createWork()
    const callers = Array.from({ length: 100 }, join)
    expect(begun).toHaveLength(1)
    begun[0]?.resolve('once')
    expect(new Set(await Promise.all(callers))).toEqual(new Set([true]))
    expect(succeeded).toEqual(['once'])
  })

  it('is followed by another for callers after its end', async () => {
    const { begun, succeeded, flight, join } = createWork()
    expect(flight.isUnderWay(0)).toBe(false)
    const first = join()
    expect(flight.isUnderWay(0)).toBe(true)
    begun[0]?.resolve('first')
    await first
    expect(flight.isUnderWay(0)).toBe(false)
    const second = join()
    begun[1]?.resolve('second')
    expect(await second).toBe(true)
    expect(succeeded).toEqual(['first', 'second'])
  })

  it('that fails has failed for everyone, once', async () => {
    const { begun, failed, join } = createWork()
    const callers = [join(), join()]
    clock.advanceMs(10)
    begun[0]?.reject(new Error('broken'))
    expect(await Promise.all(callers)).toEqual([false, false])
    expect(failed).toEqual([{ message: 'broken', begunAtMs: 0, endedAtMs: 10, isTimedOut: false }])
  })

  it('can begin without a waiting caller, and is kept alive', async () => {
    const { begun, kept, flight } = createWork()
    flight.begin(0)
    flight.begin(0)
    expect(begun).toHaveLength(1)
    expect(kept).toHaveLength(1)
    begun[0]?.reject(new Error('broken'))
    expect(await kept[0]).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the deadline', () => {
  it('ends the flight for each caller by its own timer, and drops later results', async () => {
    const { begun, succeeded, failed, join } = createWork()
    const first = join()
    await pass(2000)
    const second = join()
    await pass(timeoutMs - 2001)
    expect(await Promise.all([first, second].map(stateOf))).toEqual(['waiting', 'waiting'])
    await pass(1)
    expect(await Promise.all([first, second].map(stateOf))).toEqual([false, false])
    begun[0]?.resolve('late')
    await everyoneGoesOn()
    expect(succeeded).toEqual([])
    expect(failed).toEqual([
      { message: 'no answer within 5000 ms', begunAtMs: 0, endedAtMs: timeoutMs, isTimedOut: true },
    ])
  })

  it('ends a flight whose timers have died, for the next caller, as of the time when it was over', () => {
    const { begun, failed, flight } = createWork()
    flight.begin(0)
    clock.advanceMs(3_600_000)
    expect(flight.isUnderWay(clock.nowMs())).toBe(false)
    expect(failed).toEqual([
      { message: 'no answer within 5000 ms', begunAtMs: 0, endedAtMs: timeoutMs, isTimedOut: true },
    ])
    flight.begin(clock.nowMs())
    expect(begun).toHaveLength(2)
  })

  it('is by the clock, also where an answer comes before any timer and any caller', async () => {
    const { begun, succeeded, failed, flight } = createWork()
    flight.begin(0)
    clock.advanceMs(timeoutMs)
    begun[0]?.resolve('an hour old, perhaps')
    await everyoneGoesOn()
    expect(succeeded).toEqual([])
    expect(failed).toHaveLength(1)
  })

  it('keeps the reason of a late failure', async () => {
    const { begun, failed, flight } = createWork()
    flight.begin(0)
    clock.advanceMs(timeoutMs + 1)
    begun[0]?.reject(new Error('sts.example.com did not answer'))
    await everyoneGoesOn()
    expect(failed).toMatchObject([
      { message: 'sts.example.com did not answer', endedAtMs: timeoutMs, isTimedOut: true },
    ])
  })

  it('of a flight that was given up does not end the next', async () => {
    const { begun, succeeded, join } = createWork()
    void join()
    clock.advanceMs(timeoutMs)
    const next = join()
    begun[0]?.resolve('late')
    vi.advanceTimersByTime(timeoutMs - 1)
    expect(await stateOf(next)).toBe('waiting')
    begun[1]?.resolve('in time')
    expect(await next).toBe(true)
    expect(succeeded).toEqual(['in time'])
  })
})

describe('a brief wait', () => {
  it('is one for all callers, counted from the first, and then none waits', async () => {
    const { flight } = createWork()
    const waitBriefly = () => flight.joinBriefly(clock.nowMs(), 1000) as Promise<unknown>
    const first = waitBriefly()
    await pass(600)
    const second = waitBriefly()
    await pass(399)
    expect(await Promise.all([first, second].map(stateOf))).toEqual(['waiting', 'waiting'])
    await pass(1)
    expect(await Promise.all([first, second].map(stateOf))).toEqual([false, false])
    expect(waitBriefly()).toBeUndefined()
    expect(flight.isUnderWay(clock.nowMs())).toBe(true)
  })

  it('ends with the flight, and leaves no timer behind', async () => {
    const { begun, flight } = createWork()
    const waits = [0, 1].map(() => flight.joinBriefly(0, 1000))
    begun[0]?.resolve('soon')
    expect(await Promise.all(waits)).toEqual([true, true])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends by the timer of each caller, where that of the first has died', async () => {
    const { flight } = createWork()
    void flight.joinBriefly(0, 1000)
    vi.clearAllTimers()
    clock.advanceMs(400)
    const second = flight.joinBriefly(clock.nowMs(), 1000) as Promise<unknown>
    vi.advanceTimersByTime(599)
    expect(await stateOf(second)).toBe('waiting')
    vi.advanceTimersByTime(1)
    expect(await stateOf(second)).toBe(false)
  })

  it('is there again for the next flight', async () => {
    const { begun, flight } = createWork()
    const first = flight.joinBriefly(0, 1000)
    await pass(1000)
    begun[0]?.reject(new Error('broken'))
    await first
    await everyoneGoesOn()
    expect(isPromise(flight.joinBriefly(clock.nowMs(), 1000))).toBe(true)
    expect(begun).toHaveLength(2)
  })
})

it('survives a clock that throws: the next flight may begin', async () => {
  const broken = { nowMs: () => clock.nowMs() }
  const outcomes: string[] = []
  const flight = singleFlight({
    ...{ work: async () => 'done', timeoutMs, clock: broken, keepAlive: () => {} },
    succeed: (value) => void outcomes.push(value),
    fail: () => void outcomes.push('failed'),
  })
  broken.nowMs = () => {
    throw new Error('no time')
  }
  expect(await flight.join(0)).toBe(false)
  broken.nowMs = clock.nowMs
  expect(await flight.join(0)).toBe(true)
  expect(outcomes).toEqual(['done'])
})
