// How long a gateway waits for one decision: its policy and the signature of its assertion share the time.
import { isPromise, type MaybePromise, within } from '../internal/maybe-promise.ts'

export interface Deadline {
  /** The result of `start`, or that of `late`, where its signal aborts. In place where nothing is waited for. */
  decide<T>(start: (signal: AbortSignal) => MaybePromise<T>, late: (cause: Error) => T): MaybePromise<T>
  /** Rejects where the threads of the pool have other work. */
  sign(signed: Promise<string>): Promise<string>
}

export function startDeadline(waitMs: number): Deadline {
  const endMs = performance.now() + waitMs
  return {
    decide(start, late) {
      const controller = new AbortController()
      const work = start(controller.signal)
      if (!isPromise(work)) return work
      return within(work, waitMs, () => {
        const cause = new Error(`no decision within deadlineMs (${waitMs})`)
        controller.abort(cause)
        return late(cause)
      })
    },
    async sign(signed) {
      const text = await within(signed, endMs - performance.now(), () => undefined)
      if (text === undefined) throw new Error(`no signature within deadlineMs (${waitMs})`)
      return text
    },
  }
}
