// A value now or later. What needs no waiting is done at once: a promise where none is needed costs more than many checks.
export type MaybePromise<T> = T | Promise<T>

/**
 * Whether `value` has to be waited for. Not `instanceof`: where the global Promise was replaced (zone.js, bluebird), what an
 * async function gives is no instance of it, and a promise that passes for an answer is truthy.
 */
export function isPromise(value: unknown): value is Promise<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/** The same of what a function of the application's gave: a promise of any make, or a proxy, whose every trap may throw. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && isPromise(value)
}

/**
 * Goes on with `value` as soon as it is there. What `next` throws at once is thrown, like what it does later is rejected with. What
 * `next` has to know besides can be its `state`: so a step of every request is no function made for each.
 */
export function after<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U>
export function after<T, S, U>(
  value: MaybePromise<T>,
  next: (value: T, state: S) => MaybePromise<U>,
  state: S,
): MaybePromise<U>
export function after<T, U>(
  value: MaybePromise<T>,
  next: (value: T, state: unknown) => MaybePromise<U>,
  state?: unknown,
): MaybePromise<U> {
  return isPromise(value) ? afterWaiting(value, next, state) : next(value, state)
}

/** Apart, so that nothing is made for a function that is not needed where nothing has to be waited for. */
function afterWaiting<T, S, U>(value: Promise<T>, next: (value: T, state: S) => MaybePromise<U>, state: S): Promise<U> {
  return value.then((later) => next(later, state))
}

/** Takes what a function of the application's gave: a promise of any make becomes one of ours. */
function eventually<T>(value: T | PromiseLike<T>): MaybePromise<T> {
  return isPromise(value) ? Promise.resolve(value) : (value as T)
}

// Asks a function of the application's a question that only true and false answer.

/** `true`, `false`, or why it was neither. */
export type Answer = boolean | { readonly cause: unknown }

/** Asks `ask`, which `name` names. A throw, a rejection, and anything but a boolean is no answer. */
export function askYesOrNo(name: string, ask: () => unknown): MaybePromise<Answer> {
  const failed = (cause: unknown): Answer => ({ cause })
  const read = (answer: unknown): Answer =>
    typeof answer === 'boolean' ? answer : failed(new TypeError(`${name} did not answer true or false.`))
  try {
    const answer = eventually(ask())
    return isPromise(answer) ? answer.then(read, failed) : read(answer)
  } catch (cause) {
    return failed(cause)
  }
}

// Bounds the time that one caller waits for work that goes on for others.

/** Settles with `work`, or with `late()` after `ms`. Its timer keeps no process alive, and ends with `work`. */
export function within<T, L>(work: Promise<T>, ms: number, late: () => L): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(late()), ms)
    timer.unref?.()
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

// Calls of the application's that report something: no door may open or jam because of a log.

/** Drops what `call` throws or rejects with. */
export function dropErrors<T>(call: (value: T) => unknown): (value: T) => void {
  return (value) => {
    try {
      // Not only for a Promise of our own realm: a rejection that nothing handles ends the process.
      Promise.resolve(call(value)).catch(() => {})
    } catch {
      // There is nowhere to report the reporter.
    }
  }
}
