// How a framework with callbacks goes on after a guard.
import type { AuthError } from '../errors/auth-error.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'

/**
 * Calls `next` or `refuse` as `authorize` decides: in place for a remembered token. Errors on the way to a decision or to a refusal go to
 * `next`. Errors that `next` throws are the application's: they go where each error goes that a callback throws.
 */
export function runGuard(
  authorize: () => MaybePromise<AuthError | undefined>,
  next: (error?: Error) => unknown,
  refuse: (error: AuthError) => unknown,
): void {
  // Frameworks read `undefined`, and some words, as a call to go on. So a failure becomes an error.
  const fail = (failure: unknown): void =>
    void next(failure instanceof Error ? failure : new Error('The request could not be decided.', { cause: failure }))
  const finish = (error: AuthError | undefined): void => {
    if (!error) return void next()
    try {
      refuse(error)
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
  // Nothing catches behind `finish`: an error of `next` would be taken for a failed decision, and the framework would go on twice.
  if (isPromise(result)) void result.then(finish, fail)
  else finish(result)
}
