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
