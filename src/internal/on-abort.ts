// Many listeners to one AbortSignal, as one: when it gets more than ten, Node 20 warns of a leak.

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `listener`, which must not throw, when `signal` aborts, until the function that it returns is called. Leaves nothing on the
 * signal then. Of a signal that has aborted already it hears nothing.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? new Set()
  listenersOf.set(signal, listeners)
  if (listeners.size === 0) signal.addEventListener('abort', callAll)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) signal.removeEventListener('abort', callAll)
  }
}

function callAll(this: AbortSignal): void {
  for (const listener of listenersOf.get(this) ?? []) listener()
}
