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
export function runGuard<C>(authorize: () => MaybePromise<Authentication<C>>, next: Next<C>): void {
  let result: MaybePromise<Authentication<C>>
  try {
    result = authorize()
  } catch (failure) {
    return fail(next, failure)
  }
  // Nothing catches behind `finish`: an error of `goOn` would be taken for a failed decision, and the framework would go on twice.
  if (isPromise(result))
    void result.then(
      (later) => finish(next, later),
      (failure: unknown) => fail(next, failure),
    )
  else finish(next, result)
}

function finish<C>(next: Next<C>, result: Authentication<C>): void {
  if (result.outcome !== 'refused') return void next.goOn(callerOf(result))
  try {
    next.refuse(result.error)
  } catch (failure) {
    // Such as an answer that other code has sent meanwhile.
    fail(next, failure)
  }
}

/** Frameworks read `undefined`, and some words, as a call to go on. So a failure becomes an error. */
function fail({ fail: pass }: Pick<Next<unknown>, 'fail'>, failure: unknown): void {
  pass(failure instanceof Error ? failure : new Error('The request could not be decided.', { cause: failure }))
}
