// A value now or later. What needs no waiting is done at once: a promise where none is needed costs more than many checks.

export type Eventually<T> = T | Promise<T>

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
export function after<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U>
export function after<T, S, U>(
  value: Eventually<T>,
  next: (value: T, state: S) => Eventually<U>,
  state: S,
): Eventually<U>
export function after<T, U>(
  value: Eventually<T>,
  next: (value: T, state: unknown) => Eventually<U>,
  state?: unknown,
): Eventually<U> {
  return isPromise(value) ? afterWaiting(value, next, state) : next(value, state)
}

/** Apart, so that nothing is made for a function that is not needed where nothing has to be waited for. */
function afterWaiting<T, S, U>(value: Promise<T>, next: (value: T, state: S) => Eventually<U>, state: S): Promise<U> {
  return value.then((later) => next(later, state))
}

/** Takes what a function of the application's gave: a promise of any make becomes one of ours. */
export function eventually<T>(value: T | PromiseLike<T>): Eventually<T> {
  return isPromise(value) ? Promise.resolve(value) : (value as T)
}
