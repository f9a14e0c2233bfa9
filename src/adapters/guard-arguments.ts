// What users may give to createGuard() and to the functions of a guard.
import { checkArgumentCount, checkOptions } from '../internal/options.ts'

/** Options of `createGuard` besides those of the resource server. */
export interface GuardOptions {
  /**
   * `answer`: the guard answers refused requests itself. `pass-on`: it hands each refusal to the error handling of the framework, where
   * `guard.errors()` gives the same answer. Default `answer`.
   */
  readonly refusals?: 'answer' | 'pass-on' | undefined
}

/**
 * Whether the guard answers refusals itself.
 *
 * @param args Those of `createGuard()`, of which `options` is the last.
 * @throws TypeError for an unknown option or value.
 */
export function readGuardOptions(args: ArrayLike<unknown>, options: GuardOptions = {}): boolean {
  checkOptions('createGuard()', args, ['refusals'], 1)
  const { refusals = 'answer' } = options
  if (refusals !== 'answer' && refusals !== 'pass-on')
    throw new TypeError(`refusals must be 'answer' or 'pass-on', not '${String(refusals)}'.`)
  return refusals === 'answer'
}

/** @throws TypeError when a framework calls the guard as if it were middleware, and for a second policy. */
export function checkGuardCall(args: readonly unknown[]): void {
  const [request] = args
  if (args.length > 1 && 'headers' in Object(request))
    throw new TypeError('The guard is no middleware itself: write guard() in place of guard.')
  checkArgumentCount('guard()', args, 1)
}

/** @throws TypeError when `guard.optional()` was given anything: a policy would be ignored, and the route open. */
export function checkOptionalGuard(args: ArrayLike<unknown>): void {
  if (args.length > 0)
    throw new TypeError('guard.optional() takes no policy: ask it by guard.require(), where there is a caller.')
}

/**
 * Reads the handler of `guard.handler()`, its last argument, behind a policy or none.
 *
 * @throws TypeError when there are more, and when the last is a policy: the handler was forgotten.
 */
export function readHandler<H>(args: readonly unknown[], isNoHandler: (handle: H) => boolean): H {
  checkArgumentCount('guard.handler()', args, 2)
  const handle = args.at(-1)
  if (typeof handle === 'function' && !isNoHandler(handle as H)) return handle as H
  const name = (Object(handle) as { readonly name?: string }).name || 'policy'
  throw new TypeError(
    `guard.handler() needs a handler that answers, not ${name}: write guard.handler(${name}, handler).`,
  )
}
