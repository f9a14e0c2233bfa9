// Bounds the time that one caller waits for work that goes on for others.

/** Settles with `work`, or with `late()` after `ms`. Its timer keeps no process alive, and ends with `work`. */
export function within<T, L>(work: Promise<T>, ms: number, late: () => L): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(late()), ms)
    timer.unref?.()
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
