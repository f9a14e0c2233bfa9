// How a framework with callbacks goes on after a guard.
import type { AuthError } from '../errors/auth-error.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import type { Authentication } from '../server/request-guard.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { callerOf } from './request-state.ts'

/** What comes next. */
interface Next<C> {
  goOn(caller: TokenByIssuer<C> | undefined): unknown
  refuse(error: AuthError): unknown
  fail(error: Error): unknown
}

/**
 * Calls `goOn` or `refuse` as `authorize` decides: in place for a remembered token. Errors on the way to a decision or to a refusal go to
 * `fail`. Errors that `goOn` throws are the application's: they go where each error goes that a callback throws.
 */
export function runGuard<C>(authorize: () => MaybePromise<Authentication<C>>, { goOn, refuse, fail }: Next<C>): void {
  // Frameworks read `undefined`, and some words, as a call to go on. So a failure becomes an error.
  const failWith = (failure: unknown): void =>
    void fail(failure instanceof Error ? failure : new Error('The request could not be decided.', { cause: failure }))
  const finish = (result: Authentication<C>): void => {
    if (result.outcome !== 'refused') return void goOn(callerOf(result))
    try {
      refuse(result.error)
    } catch (failure) {
      // Such as an answer that other code has sent meanwhile.
      failWith(failure)
    }
  }
  let result: MaybePromise<Authentication<C>>
  try {
    result = authorize()
  } catch (failure) {
    return failWith(failure)
  }
  // Nothing catches behind `finish`: an error of `goOn` would be taken for a failed decision, and the framework would go on twice.
  if (isPromise(result)) void result.then(finish, failWith)
  else finish(result)
}
