// Many callers, one piece of work.

/** Work that is done once for all who ask while it is under way. */
export interface SingleFlight<T> {
  /** Starts the work unless it is under way, and gives every caller that same promise. */
  run(): Promise<T>
  isUnderWay(): boolean
}

/** Makes single flights of `work`. */
export function singleFlight<T>(work: () => Promise<T>): SingleFlight<T> {
  let inFlight: Promise<T> | undefined
  return {
    run() {
      inFlight ??= work().finally(() => {
        inFlight = undefined
      })
      return inFlight
    },
    isUnderWay: () => inFlight !== undefined,
  }
}
