// Files share a worker: a fake timer that one of them leaves behind stops the clock of all files after it.
import { beforeEach } from 'vitest'

const worker = globalThis as { realSetTimeout?: typeof setTimeout }
const realSetTimeout = (worker.realSetTimeout ??= globalThis.setTimeout)

beforeEach(() => {
  if (globalThis.setTimeout === realSetTimeout) return
  globalThis.setTimeout = realSetTimeout
  throw new Error('A test before this one has left a fake setTimeout behind.')
})
