// The admin listener: health, readiness and metrics, on an address of its own that no gateway needs to reach.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPeerCheck, isLocal, readAddress, type TrustOptions } from '../gateway/peers.ts'
import type { KeyHealth } from '../jwks/key-source.ts'

/** What the admin listener tells. */
export interface Status {
  isDraining(): boolean
  keys(): readonly KeyHealth[]
  /** Looks for keys once more. Never rejects. */
  ready(): Promise<unknown>
  metrics(): string
  /** The report of `serve --doctor` about a probe, for a request that is signed for it. */
  report?(headers: IncomingHttpHeaders): string | undefined
}

export interface AdminServer {
  readonly url: string
  close(): Promise<void>
}

/** @throws TypeError for an address that other machines reach without `trust`. */
export function readAdminOptions(
  admin: string,
  trust: TrustOptions | undefined,
): { readonly address: ReturnType<typeof readAddress>; readonly isTrusted: ReturnType<typeof createPeerCheck> } {
  const address = readAddress(admin)
  // `trust` names gateways. This machine's own probes need not be among them.
  return { address, isTrusted: createPeerCheck(address, isLocal(address) ? undefined : trust) }
}

/** @throws TypeError as `readAdminOptions` does. Error when the address is in use. */
export async function listenAdmin(
  admin: string,
  trust: TrustOptions | undefined,
  status: Status,
): Promise<AdminServer> {
  const { address, isTrusted } = readAdminOptions(admin, trust)
  let looking: Promise<unknown> | undefined

  const server = createServer((request, response) => {
    const path = request.url?.replace(/\?.*$/s, '')
    if (path === '/healthz') return send(response, 200, 'ok\n')
    if (path === '/readyz') return sendReadiness(response, isTrusted(request))
    const report = path === '/doctor' && isTrusted(request) ? status.report?.(request.headers) : undefined
    if (report !== undefined) return send(response, 200, report, 'application/json')
    if (path !== '/metrics') return send(response, 404, 'There are /healthz, /readyz and /metrics.\n')
    if (!isTrusted(request)) return send(response, 403, 'The peer is none that `trust` names.\n')
    return send(response, 200, status.metrics(), 'text/plain; version=0.0.4; charset=utf-8')
  })

  function sendReadiness(response: ServerResponse, tellsAll: boolean): void {
    const keys = status.keys()
    const canVerify = keys.some(({ keys: usable, state }) => usable > 0 && state !== 'expired')
    // No traffic comes before this says yes, so no request would look for the keys.
    if (!canVerify) looking ??= status.ready().finally(() => (looking = undefined))
    const state = status.isDraining() ? 'draining' : canVerify ? 'ready' : 'without keys'
    const issuers = keys.map(({ issuer, state: of, keys: usable, ageMs }) => ({
      issuer,
      state: of,
      keys: usable,
      ageMs,
    }))
    const body = JSON.stringify(tellsAll ? { state, issuers } : { state })
    send(response, state === 'ready' ? 200 : 503, `${body}\n`, 'application/json')
  }

  server.listen(address)
  await once(server, 'listening')
  return {
    url: urlOf(server.address() as AddressInfo | string),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function urlOf(address: AddressInfo | string): string {
  if (typeof address === 'string') return `unix:${address}`
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  response.end(body)
}
