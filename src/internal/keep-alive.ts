// The seam to platforms that stop a process, or end its fetches, as soon as no request is under way.
import { dropErrors } from './drop-errors.ts'

/** Is given the promise of work that no request waits for; the platform keeps the process running until it settles. */
export type KeepAlive = (work: Promise<unknown>) => void

/** Wraps the application's function. Outside a request some platforms refuse the promise: the work goes on without them. */
export function createKeepAlive(keepAlive: KeepAlive | undefined): KeepAlive {
  return keepAlive ? dropErrors(keepAlive) : () => {}
}
