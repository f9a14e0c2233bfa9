// Ports that nobody takes while the server that had them is down. What the system hands out by itself (`listen(0)`, and the near
// end of each connection) starts at 32768 on Linux and at 49152 elsewhere, so ours are below that, in a range for each worker.
import { once } from 'node:events'
import { createServer } from 'node:net'

const perWorker = 1000
const first = 20_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 12) * perWorker
let turn = Math.floor(Math.random() * perWorker)

/** A port of 127.0.0.1 that is free, and free again after its server has stopped. */
export async function freePort(): Promise<number> {
  turn = (turn + 1) % perWorker
  const port = first + turn
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!isFree) return freePort()
  server.close()
  await once(server, 'close')
  return port
}
