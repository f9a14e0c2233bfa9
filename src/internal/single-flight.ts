// Many callers, one piece of work.

/** Returns a function that starts `work` unless it is under way, and gives every caller that same promise. */
export function singleFlight<T>(work: () => Promise<T>): () => Promise<T> {
  let inFlight: Promise<T> | undefined
  return () => {
    inFlight ??= work().finally(() => {
      inFlight = undefined
    })
    return inFlight
  }
}
