// What users may give to createGuard() and to the functions of a guard.
import { checkArgumentCount, checkOptionNames } from '../internal/options.ts'
import { isBareRule } from '../policy/rules.ts'

/** Options of `createGuard` besides those of the resource server. */
export interface GuardOptions {
  /**
   * `answer`: the guard answers refused requests itself. `pass-on`: it hands each refusal to the error handling of the framework, where
   * `guard.errors()` gives the same answer. Default `answer`.
   */
  readonly refusals?: 'answer' | 'pass-on' | undefined
}

/** Whether the guard answers refusals itself. @throws TypeError for an unknown option or value. */
export function readGuardOptions(options: GuardOptions = {}): boolean {
  checkOptionNames('createGuard()', options, ['refusals'])
  const { refusals = 'answer' } = options
  if (refusals !== 'answer' && refusals !== 'pass-on')
    throw new TypeError(`refusals must be 'answer' or 'pass-on', not '${String(refusals)}'.`)
  return refusals === 'answer'
}

/** @throws TypeError when a framework calls the guard as if it were middleware, and for a second policy. */
export function checkGuardCall(args: readonly unknown[]): void {
  const [request] = args
  if (args.length > 1 && typeof request === 'object' && request !== null && 'headers' in request)
    throw new TypeError('The guard itself was given to the framework as middleware: write guard() in place of guard.')
  checkArgumentCount('guard()', args, 1)
}

/** @throws TypeError when `guard.optional()` was given anything: a policy would be ignored, and the route open. */
export function checkOptionalGuard(args: ArrayLike<unknown>): void {
  if (args.length > 0)
    throw new TypeError(
      'guard.optional() takes no policy: ask one in the handler, by guard.require(), where guard.maybeAuth() gives a caller.',
    )
}

/**
 * Reads the arguments of `guard.handler()`: a policy or none, and a handler of at least `leastParameters`, or of none that it counts.
 *
 * @throws TypeError when there are more, and when the last is a policy: the handler was forgotten.
 */
export function handlerArguments(
  args: readonly unknown[],
  leastParameters = 0,
): {
  readonly policy: readonly unknown[]
  readonly handle: unknown
} {
  checkArgumentCount('guard.handler()', args, 2)
  const handle = args.at(-1)
  if (typeof handle !== 'function') throw new TypeError('guard.handler() needs a handler function.')
  if (isBareRule(handle) || (handle.length > 0 && handle.length < leastParameters)) {
    const name = handle.name || 'policy'
    throw new TypeError(
      `guard.handler() needs a handler that answers, which ${name} is not: write guard.handler(${name}, handler).`,
    )
  }
  return { policy: args.slice(0, -1), handle }
}
