// One piece of work for many callers. The clock ends it at its deadline, since timers may never fire. A process may be frozen
// meanwhile. Some platforms end a fetch and its timers together with the request that began them.
import type { Clock } from './clock.ts'
import { dropErrors, type MaybePromise, within } from './maybe-promise.ts'

/** The times of a flight that failed. */
export interface FlightTimes {
  readonly begunAtMs: number
  /** At the latest its deadline, also where the end was noticed later. */
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
  /** Each flight calls one of these two, once. */
  readonly succeed: (value: T) => void
  readonly fail: (error: unknown, times: FlightTimes) => void
}

/** Work that is done once for all callers while it is under way. */
export interface SingleFlight {
  /** Begins the work unless it is under way. Does not wait for it. */
  begin(nowMs: number): void
  /** Joins or begins the work. Resolves to whether it succeeded, at its deadline at the latest: each caller has a timer of its own. */
  join(nowMs: number): Promise<boolean>
  /** The same for callers that need no result. They share one wait of `maxWaitMs` for each flight. After that, none waits. */
  joinBriefly(nowMs: number, maxWaitMs: number): MaybePromise<unknown>
  isUnderWay(nowMs: number): boolean
}

interface Flight {
  readonly begunAtMs: number
  readonly deadlineMs: number
  /** Never rejects. */
  readonly landed: Promise<boolean>
  sharedWait?: { readonly untilMs: number; readonly over: Promise<boolean> }
}

/** Makes single flights of `work`. */
export function singleFlight<T>(parts: SingleFlightParts<T>): SingleFlight {
  const { work, timeoutMs, clock, keepAlive, succeed, fail } = parts
  let current: Flight | undefined

  function underWay(nowMs: number): Flight | undefined {
    if (current && nowMs >= current.deadlineMs) giveUp(current)
    return current
  }

  function joinOrBegin(nowMs: number): Flight {
    return underWay(nowMs) ?? begin(nowMs)
  }

  function begin(nowMs: number): Flight {
    let start = (): void => {}
    const landed = new Promise<boolean>((resolve) => (start = () => resolve(land(flight))))
    const flight: Flight = { begunAtMs: nowMs, deadlineMs: nowMs + timeoutMs, landed }
    // Under way before it starts: work that synchronously asks for itself must join itself.
    current = flight
    start()
    keepAlive(landed)
    return flight
  }

  async function land(flight: Flight): Promise<boolean> {
    const [result] = await Promise.allSettled([work()])
    if (current !== flight) return false
    current = undefined
    try {
      return settle(flight, result, clock.nowMs())
    } catch {
      // The clock threw: this flight has no result, and the next may begin.
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
    if (current !== flight) return false
    current = undefined
    return settle(flight, { status: 'rejected', reason: timeoutError() }, flight.deadlineMs)
  }

  function timeoutError(): Error {
    return new Error(`no answer within ${timeoutMs} ms`)
  }

  return {
    begin: (nowMs) => void joinOrBegin(nowMs),
    join(nowMs) {
      const flight = joinOrBegin(nowMs)
      return within(flight.landed, flight.deadlineMs - nowMs, () => giveUp(flight))
    },
    joinBriefly(nowMs, maxWaitMs) {
      const flight = joinOrBegin(nowMs)
      if (!flight.sharedWait) {
        const over = within(flight.landed, maxWaitMs, () => false)
        flight.sharedWait = { untilMs: nowMs + maxWaitMs, over }
        return over
      }
      const { untilMs, over } = flight.sharedWait
      return nowMs < untilMs ? within(over, untilMs - nowMs, () => false) : undefined
    },
    isUnderWay: (nowMs) => underWay(nowMs) !== undefined,
  }
}

/**
 * Takes the promise of work that no request waits for. The platform then keeps the process running until it settles. Some platforms
 * stop a process, or end its fetches, as soon as no request is under way.
 */
export type KeepAlive = (work: Promise<unknown>) => void

/** Wraps the application's function. Drops its errors: outside a request some platforms refuse the promise, and the work goes on. */
export function createKeepAlive(keepAlive: KeepAlive | undefined): KeepAlive {
  return keepAlive ? dropErrors(keepAlive) : () => {}
}
