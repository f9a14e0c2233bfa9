// How a framework with callbacks goes on after a guard.
import type { AuthError } from '../errors/auth-error.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'

/** How a framework goes on after a guard. */
export interface GuardAnswers {
  letIn(): unknown
  refuse(error: AuthError): unknown
  fail(error: Error): unknown
}

/**
 * Goes on as `authorize` decides: in place for a remembered token. Errors on the way to a decision or to a refusal go to `fail`. Errors
 * that `letIn` throws are the application's: they go where each error goes that a callback throws.
 */
export function runGuard(authorize: () => MaybePromise<AuthError | undefined>, answers: GuardAnswers): void {
  const fail = (failure: unknown): void => void answers.fail(asError(failure))
  const finish = (error: AuthError | undefined): void => {
    if (!error) return void answers.letIn()
    try {
      answers.refuse(error)
    } catch (failure) {
      // Such as an answer that other code has sent meanwhile.
      fail(failure)
    }
  }
  let result: MaybePromise<AuthError | undefined>
  try {
    result = authorize()
  } catch (failure) {
    return fail(failure)
  }
  // Nothing catches behind `finish`: an error of `letIn` would be taken for a failed decision, and the framework would go on twice.
  if (isPromise(result)) void result.then(finish, fail)
  else finish(result)
}

/** Frameworks read `undefined`, and some words, as a call to go on. So a failure becomes an error. */
function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error('The request could not be decided.', { cause: failure })
}
