// Ports that no other server of a test run takes while the one that had them is down. What the system hands out by itself (`listen(0)`,
// and the near end of each connection) starts at 32768 on Linux and at 49152 elsewhere, so ours are below that, in a range for each worker.
import { once } from 'node:events'
import { createServer } from 'node:net'

const perWorker = 1000
const first = 20_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 12) * perWorker
let turn = Math.floor(Math.random() * perWorker)

/** A port of 127.0.0.1 that is free, and free again after its server has stopped. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < perWorker; tried++) {
    turn = (turn + 1) % perWorker
    if (await isFree(first + turn)) return first + turn
  }
  throw new Error(`no port from ${first} to ${first + perWorker - 1} is free`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}
