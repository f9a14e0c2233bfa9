// A deadline for policies that ask another system.
import { isPromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkNumber } from '../internal/options.ts'
import { type Combined, compose, type Member } from './combine.ts'
import { type Decision, unavailable } from './decision.ts'
import { askMember, readMember } from './policy.ts'
import { requirementsOf } from './requirements.ts'

/**
 * Gives `member` at most `timeoutMs` milliseconds. Without an answer by then the decision is indeterminate, a 503. The
 * `signal` of its query aborts then, and when the caller of the policy gives up. A policy that answers at once has no deadline.
 *
 * @throws TypeError when `timeoutMs` is not between 1 and 60 000.
 */
export function withTimeout<M extends Member>(timeoutMs: number, member: M): Combined<readonly [M]> {
  checkArgumentCount('withTimeout()', arguments, 2)
  checkNumber('timeoutMs', timeoutMs, 1, 60_000)
  const asked = readMember(member)
  const { policy, mayVeto } = asked
  const { id, requires } = policy
  return compose([asked], {
    id: `withTimeout(${timeoutMs}, ${id})`,
    requires,
    requirements: requirementsOf(policy),
    evaluate: (query) => {
      const ending = new AbortController()
      const decision = askMember(asked, { ...query, signal: ending.signal })
      return isPromise(decision) ? inTime(decision, ending, query.signal) : decision
    },
  })

  function inTime(answer: Promise<Decision>, ending: AbortController, outer?: AbortSignal): Promise<Decision> {
    return new Promise((resolve) => {
      const giveUp = (cause: unknown) => {
        ending.abort(cause)
        settle({ ...unavailable(cause), ...(mayVeto && { mayVeto }) })
      }
      const timer = setTimeout(() => giveUp(new Error(`${id} did not answer within ${timeoutMs} ms`)), timeoutMs)
      // The timer keeps no process alive. On some runtimes it is a number.
      timer.unref?.()
      const abort = () => giveUp(outer?.reason)
      // Both are taken back: the outer signal may live long, and would keep every listener that it ever had.
      const settle = (decision: Decision) => {
        clearTimeout(timer)
        outer?.removeEventListener('abort', abort)
        resolve(decision)
      }
      if (outer?.aborted) return abort()
      outer?.addEventListener('abort', abort)
      void answer.then(settle)
    })
  }
}
