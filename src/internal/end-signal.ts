// A signal that ends the requests of a verifier. Many may listen to it, and none leaves anything on it.

/** The members of an AbortSignal that a request needs. */
export type EndSignal = Pick<AbortSignal, 'aborted' | 'reason' | 'addEventListener' | 'removeEventListener'>

/**
 * Makes a signal for the requests of a verifier, and the function that aborts it. It is no AbortSignal: a Worker may make that only
 * within a request, and no other request may use it.
 */
export function createEndSignal(): { readonly signal: EndSignal; end(reason: Error): void } {
  const signal: EventTarget & { aborted: boolean; reason: unknown } = Object.assign(new EventTarget(), {
    aborted: false,
    reason: undefined,
  })
  return {
    signal,
    end(reason) {
      if (signal.aborted) return
      signal.aborted = true
      signal.reason = reason
      signal.dispatchEvent(new Event('abort'))
    },
  }
}

/** One listener on each signal stands for many: from the eleventh on, Node 20 warns of a leak. */
const listenersOf = new WeakMap<EndSignal, Set<() => void>>()

/**
 * Calls `listener`, which must not throw, when `signal` aborts. The returned function ends that, and leaves nothing on the signal. A
 * signal that has aborted already calls no listener.
 */
export function onAbort(signal: EndSignal, listener: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? new Set()
  listenersOf.set(signal, listeners)
  if (listeners.size === 0) signal.addEventListener('abort', callAll)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) signal.removeEventListener('abort', callAll)
  }
}

function callAll(this: EndSignal): void {
  for (const listener of listenersOf.get(this) ?? []) listener()
}
