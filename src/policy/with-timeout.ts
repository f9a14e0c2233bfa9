// A deadline for policies that ask somebody else.
import { isPromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkNumber } from '../internal/options.ts'
import { type Decision, unavailable } from './decision.ts'
import type { Combined, Member } from './combine.ts'
import { requirementsOf, withRequirements } from './requirements.ts'
import { ask, composed, type Policy, type PolicyQuery, toPolicy } from './policy.ts'

/**
 * Gives `member` at most `timeoutMs` milliseconds: without an answer by then it could not decide, which is a 503. Its
 * `query.signal` aborts then, and when whoever asks gives up. A policy that answers at once has no deadline.
 *
 * @throws TypeError when `timeoutMs` is not between 1 and 60 000.
 */
export function withTimeout<M extends Member>(timeoutMs: number, member: M): Combined<readonly [M]> {
  checkArgumentCount('withTimeout()', arguments, 2)
  checkNumber('timeoutMs', timeoutMs, 1, 60_000)
  const policy = toPolicy(member) as Policy
  const { requires, mayVeto } = policy
  const timed: Combined<readonly [M]> = composed({
    id: `withTimeout(${timeoutMs}, ${policy.id})`,
    ...(requires && { requires }),
    ...(mayVeto && { mayVeto }),
    evaluate: (query: PolicyQuery) => {
      const ending = new AbortController()
      const decision = ask(policy, { ...query, signal: ending.signal })
      return isPromise(decision) ? inTime(decision, ending, query.signal) : decision
    },
  })
  return withRequirements(timed, requirementsOf(policy))

  function inTime(answer: Promise<Decision>, ending: AbortController, outer?: AbortSignal): Promise<Decision> {
    return new Promise((resolve) => {
      const giveUp = (cause: unknown) => {
        ending.abort(cause)
        settle({ ...unavailable(cause), ...(mayVeto && { mayVeto }) })
      }
      const timer = setTimeout(() => giveUp(new Error(`${policy.id} did not answer within ${timeoutMs} ms`)), timeoutMs)
      // It keeps no process alive, and is a number on other runtimes.
      timer.unref?.()
      const abort = () => giveUp(outer?.reason)
      // Both are taken back: the outer signal may live long, and would remember everybody who ever listened.
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
