// A test issuer's documents over real HTTP, for this machine only. It hands out no tokens: those are the test's alone.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface LoopbackServer {
  /** `http://127.0.0.1:` and the port. */
  readonly origin: string
  /** Stops listening and drops every connection; resolves when the port is free. */
  close(): Promise<void>
}

/** Listens on 127.0.0.1. @throws Error `EADDRINUSE` when the port is taken. */
export async function listenOnLoopback(
  port: number,
  answer: (url: string, signal: AbortSignal) => Promise<Response>,
): Promise<LoopbackServer> {
  let origin = ''
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    // A request that cannot be answered breaks the connection.
    answer(`${origin}${request.url}`, gone.signal)
      .then((answered) => send(answered, response))
      .catch(() => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function send(answered: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answered.status, Object.fromEntries(answered.headers))
  if (answered.body) await pipeline(Readable.fromWeb(answered.body), response)
  else response.end()
}
