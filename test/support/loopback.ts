// One loopback server that answers every request the same way, for what is asked of a single address.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Answer } from './key-server.ts'
import { freePort } from './ports.ts'

export interface Loopback {
  readonly url: string
  /** `127.0.0.1:port`, as messages name it. */
  readonly host: string
  /** How many requests came. */
  requests(): number
  /** How many requests the server still has a connection for. */
  open(): number
  stop(): Promise<void>
}

/** Starts listening; stops when the test ends. */
export async function startLoopback(answer: Answer): Promise<Loopback> {
  let requests = 0
  let closed = 0
  const server = createServer((request, response) => {
    requests++
    response.on('close', () => void closed++)
    answer(request, response)
  })
  const port = await freePort()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${port}`
  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  onTestFinished(stop)
  return {
    url: `http://${host}/`,
    host,
    requests: () => requests,
    open: () => requests - closed,
    stop,
  }
}
