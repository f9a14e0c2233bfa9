// Many callers, one piece of work. It is given up at its deadline by the clock: a process may be frozen while the work is under way,
// and some platforms end a fetch and its timers together with the request that began them.
import type { Clock } from './clock.ts'
import { dropErrors, type MaybePromise, within } from './maybe-promise.ts'

/** The times of a flight that failed. */
export interface FlightTimes {
  readonly begunAtMs: number
  /** At its deadline, where it was seen to be over only later. */
  readonly endedAtMs: number
  /** Whether its deadline had passed: the work hung, or the process was frozen meanwhile. */
  readonly isTimedOut: boolean
}

export interface SingleFlightParts<T> {
  readonly work: () => Promise<T>
  /** How long the work may take. A result that comes later is dropped. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly keepAlive: KeepAlive
  /** One of these two is called once for each flight. */
  readonly succeed: (value: T) => void
  readonly fail: (error: unknown, times: FlightTimes) => void
}

/** Work that is done once for all who ask while it is under way. */
export interface SingleFlight {
  /** Begins the work unless it is under way. Does not wait for it. */
  begin(nowMs: number): void
  /** Joins or begins the work. Resolves to whether it succeeded, by its deadline at the latest: each caller has a timer of its own. */
  join(nowMs: number): Promise<boolean>
  /** The same for callers who can go on without it. They share one wait of `maxWaitMs` for each flight; when it is over, none waits. */
  joinBriefly(nowMs: number, maxWaitMs: number): MaybePromise<unknown>
  isUnderWay(nowMs: number): boolean
}

interface Flight {
  readonly begunAtMs: number
  readonly deadlineMs: number
}

interface BegunFlight {
  readonly flight: Flight
  /** Never rejects. */
  readonly landed: Promise<boolean>
  sharedWait?: { readonly untilMs: number; readonly over: Promise<boolean> }
}

/** Makes single flights of `work`. */
export function singleFlight<T>(parts: SingleFlightParts<T>): SingleFlight {
  const { work, timeoutMs, clock, keepAlive, succeed, fail } = parts
  let current: BegunFlight | undefined

  function underWay(nowMs: number): BegunFlight | undefined {
    if (current && nowMs >= current.flight.deadlineMs) giveUp(current.flight)
    return current
  }

  function begin(nowMs: number): BegunFlight {
    const flight = { begunAtMs: nowMs, deadlineMs: nowMs + timeoutMs }
    let start = (): void => {}
    const landed = new Promise<boolean>((resolve) => (start = () => resolve(land(flight))))
    const begun: BegunFlight = { flight, landed }
    // Under way before it starts: work that asks again in place must join itself.
    current = begun
    start()
    keepAlive(landed)
    return begun
  }

  async function land(flight: Flight): Promise<boolean> {
    const [result] = await Promise.allSettled([work()])
    if (current?.flight !== flight) return false
    current = undefined
    try {
      return settle(flight, result, clock.nowMs())
    } catch {
      // A clock that throws: nothing has come of this flight, and the next may begin.
      return false
    }
  }

  function settle(flight: Flight, result: PromiseSettledResult<T>, nowMs: number): boolean {
    const { begunAtMs, deadlineMs } = flight
    const isTimedOut = nowMs >= deadlineMs
    if (result.status === 'fulfilled' && !isTimedOut) {
      succeed(result.value)
      return true
    }
    const error: unknown = result.status === 'rejected' ? result.reason : timeoutError()
    fail(error, { begunAtMs, endedAtMs: Math.min(nowMs, deadlineMs), isTimedOut })
    return false
  }

  function giveUp(flight: Flight): boolean {
    if (current?.flight !== flight) return false
    current = undefined
    return settle(flight, { status: 'rejected', reason: timeoutError() }, flight.deadlineMs)
  }

  function timeoutError(): Error {
    return new Error(`no answer within ${timeoutMs} ms`)
  }

  function join(nowMs: number): Promise<boolean> {
    const { flight, landed } = underWay(nowMs) ?? begin(nowMs)
    return within(landed, flight.deadlineMs - nowMs, () => giveUp(flight))
  }

  function joinBriefly(nowMs: number, maxWaitMs: number): MaybePromise<unknown> {
    const begun = underWay(nowMs) ?? begin(nowMs)
    if (!begun.sharedWait) {
      const over = within(begun.landed, maxWaitMs, () => false)
      begun.sharedWait = { untilMs: nowMs + maxWaitMs, over }
      return over
    }
    const { untilMs, over } = begun.sharedWait
    return nowMs < untilMs ? within(over, untilMs - nowMs, () => false) : undefined
  }

  return {
    begin: (nowMs) => void (underWay(nowMs) ?? begin(nowMs)),
    join,
    joinBriefly,
    isUnderWay: (nowMs) => underWay(nowMs) !== undefined,
  }
}

// The seam to platforms that stop a process, or end its fetches, as soon as no request is under way.

/** Is given the promise of work that no request waits for; the platform keeps the process running until it settles. */
export type KeepAlive = (work: Promise<unknown>) => void

/** Wraps the application's function. Outside a request some platforms refuse the promise: the work goes on without them. */
export function createKeepAlive(keepAlive: KeepAlive | undefined): KeepAlive {
  return keepAlive ? dropErrors(keepAlive) : () => {}
}
