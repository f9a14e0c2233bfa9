// The seam to platforms that stop a process, or end its fetches, as soon as no request is under way.

/** Is given the promise of work that no request waits for; the platform keeps the process running until it settles. */
export type KeepAlive = (work: Promise<unknown>) => void

/** Wraps the application's function. Its errors are dropped: outside a request some platforms refuse the promise. */
export function createKeepAlive(keepAlive: KeepAlive | undefined): KeepAlive {
  if (!keepAlive) return () => {}
  return (work) => {
    try {
      keepAlive(work)
    } catch {
      // The work goes on without it, as on any other platform.
    }
  }
}
