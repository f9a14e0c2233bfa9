// `--echo`: an upstream of doctor's own. It keeps what reached it of a probe, and forgets everything else.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { readAddress } from '../../gateway/peers.ts'
import { valuesOf } from '../../gateway/request.ts'
import { probeHeader } from './probe-header.ts'
import type { Line } from './wire.ts'

/** A request as it reached the upstream. */
export interface Arrival {
  readonly method: string
  readonly target: string
  readonly lines: readonly Line[]
  readonly trailers: readonly Line[]
}

export interface Echo {
  /** Keeps requests with this value of the probe's header from now on. */
  expect(probe: string): void
  /** What has arrived of them. */
  take(probe: string): readonly Arrival[]
  close(): Promise<void>
}

const maxHeaderSize = 64 * 1024

/** @throws TypeError for an address that cannot be one. Error when it is in use. */
export async function listenEcho(address: string): Promise<Echo> {
  const arrived = new Map<string, Arrival[]>()
  const server = createServer({ maxHeaderSize, requireHostHeader: false }, (request, response) => {
    request.on('error', () => response.destroy())
    request.on('end', () => {
      const lines = linesOf(request.rawHeaders)
      const [probe = ''] = valuesOf(lines, probeHeader.toLowerCase())
      arrived.get(probe)?.push(arrivalOf(request, lines))
      response.writeHead(200, { 'Content-Type': 'text/plain', Connection: 'close' }).end('claimcheck doctor\n')
    })
    request.resume()
  })
  server.listen(readAddress(address))
  await once(server, 'listening')
  return {
    expect: (probe: string) => void arrived.set(probe, []),
    take(probe: string) {
      const found = arrived.get(probe) ?? []
      arrived.delete(probe)
      return found
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function arrivalOf({ method = '', url = '', rawTrailers }: IncomingMessage, lines: readonly Line[]): Arrival {
  return { method, target: url, lines, trailers: linesOf(rawTrailers) }
}

function linesOf(raw: readonly string[]): readonly Line[] {
  return raw.flatMap((name, index): Line[] => (index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : []))
}
