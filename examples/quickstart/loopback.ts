// Servers that only this machine can reach.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackServer {
  /** `http://127.0.0.1:` and the port, without a slash at the end. */
  readonly url: string
  /** Resolves when the port is free again, without waiting for connections that a client keeps alive. */
  close(): Promise<void>
}

/** Listens on 127.0.0.1; port 0 is any free one. @throws Error with `code: 'EADDRINUSE'` and `port` */
export async function listenOnLoopback(listener: RequestListener, port: number): Promise<LoopbackServer> {
  const server = createServer(listener).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
