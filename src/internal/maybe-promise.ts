// Values that may be promises. A remembered token is answered synchronously: a needless promise costs more than many checks.

/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>

/**
 * True when `value` is a promise. Not `instanceof`: zone.js and bluebird replace the global Promise, and then the promise of an async
 * function is no instance of it. A promise that passes for an answer is truthy.
 */
export function isPromise(value: unknown): value is Promise<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/** The same for the answer of an application's function: a promise of any library, or a proxy, whose every trap may throw. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && isPromise(value)
}

/** The answer of an application's function: `true`, `false`, or the cause of neither. */
export type Answer = boolean | { readonly cause: unknown }

/** Asks `ask`, called `name` in messages. A throw, a rejection, and any other value than a boolean become a cause. */
export function askYesOrNo(name: string, ask: () => unknown): MaybePromise<Answer> {
  const failed = (cause: unknown): Answer => ({ cause })
  const read = (answer: unknown): Answer =>
    typeof answer === 'boolean' ? answer : failed(new TypeError(`${name} did not answer true or false.`))
  try {
    const answer = ask()
    // A promise of any library becomes one of the platform's.
    return isPromise(answer) ? Promise.resolve(answer).then(read, failed) : read(answer)
  } catch (cause) {
    return failed(cause)
  }
}

/**
 * Settles with `work`, or with `late()` after `ms`: bounds the wait of one caller for work that goes on for others. Its timer keeps no
 * process alive, and ends with `work`.
 */
export function within<T, L>(work: Promise<T>, ms: number, late: () => L): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(late()), ms)
    timer.unref?.()
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Wraps a function of the application that reports. Drops its errors, since no log may change the outcome of a request. */
export function dropErrors<T>(call: (value: T) => unknown): (value: T) => void {
  return (value) => {
    try {
      // Also for promises of other realms: an unhandled rejection ends the process.
      Promise.resolve(call(value)).catch(() => {})
    } catch {
      // An error of the reporter has no other place to go.
    }
  }
}
