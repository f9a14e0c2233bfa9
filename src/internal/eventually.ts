// A value now or later. What needs no waiting is done at once: a promise where none is needed costs more than many checks.

export type Eventually<T> = T | Promise<T>

/** Goes on with `value` as soon as it is there. What `next` throws at once is thrown, like what it does later is rejected with. */
export function after<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Takes what a function of the application's gave: a promise of any make becomes one of ours. */
export function eventually<T>(value: T | PromiseLike<T>): Eventually<T> {
  const isThenable = typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
  return isThenable ? Promise.resolve(value) : (value as T)
}
