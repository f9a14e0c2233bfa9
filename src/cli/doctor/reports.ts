// The decision server's side of a probe: signs its nonces by the server's own clock, and fetches what the server knows of it.
import { get, type IncomingMessage } from 'node:http'
import { type Address, readAddress } from '../../gateway/peers.ts'
import { reachable } from '../health.ts'
import type { ProbeReport } from './doctor-server.ts'
import { type Fault, maxNonces, probeHeader, signNonce } from './probe-header.ts'

export interface Reports {
  /** The value of the probe's header. A fault is for a GET of `target` alone. */
  sign(id: string, fault?: { readonly fault: Fault; readonly target: string }): string
  /** What the decision server knows of the probe, which it ends; `null` when it was not asked. */
  fetch(id: string): Promise<ProbeReport | null>
}

const timeoutMs = 5000

/** @throws Error when the admin listener does not answer. TypeError for an address or a secret that cannot be one. */
export async function openReports(admin: string, secret: string): Promise<Reports> {
  if (!/^[\w-]{43}$/.test(secret))
    throw new TypeError('--secret: this is no file that `claimcheck serve --doctor` made.')
  const address = readAddress(admin)
  const first = await ask(address, '/healthz')
  const serverMs = Date.parse(first.date)
  if (!(serverMs > 0)) throw new Error(`${admin} is no admin listener of \`claimcheck serve\`.`)
  const startMs = performance.now()
  // A Date header is cut to seconds, so this is never ahead of the server's clock.
  const nowMs = (): number => Math.floor(serverMs + performance.now() - startMs)

  return {
    sign(id, fault) {
      const issuedMs = nowMs()
      if (!fault) return signNonce(secret, { action: 'tell', id, issuedMs, serial: 0 })
      const serials = Array.from({ length: maxNonces }, (_, serial) => serial)
      const { fault: action, target } = fault
      return serials.map((serial) => signNonce(secret, { action, id, issuedMs, serial }, target)).join(',')
    },
    async fetch(id) {
      const nonce = signNonce(secret, { action: 'report', id, issuedMs: nowMs(), serial: 0 })
      const { status, body } = await ask(address, '/doctor', { [probeHeader]: nonce })
      if (status !== 200)
        throw new Error(
          'the decision server gives no reports: does it run with --doctor, and is --secret the file of this start?',
        )
      return JSON.parse(body) as ProbeReport | null
    },
  }
}

interface AdminAnswer {
  readonly status: number
  readonly date: string
  readonly body: string
}

async function ask(address: Address, path: string, headers: Record<string, string> = {}): Promise<AdminAnswer> {
  const target = 'path' in address ? { socketPath: address.path } : { ...address, host: reachable(address) }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get({ ...target, path, headers, timeout: timeoutMs }, resolve)
    request.on('timeout', () => request.destroy(new Error('the admin listener does not answer')))
    request.on('error', reject)
  })
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode ?? 0, date: response.headers.date ?? '', body }
}
