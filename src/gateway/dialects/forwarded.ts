// The question of gateways that tell the request in four headers: X-Forwarded-Method, -Proto, -Host and -Uri. Four, and never one
// URL: a client's `Host: a/public?` would move its end (found on HAProxy).
import { isIP } from 'node:net'
import { type GatewayCheck, valuesOf } from '../request.ts'
import type { Question } from './dialect.ts'

const told = [
  ['method', 'X-Forwarded-Method'],
  ['scheme', 'X-Forwarded-Proto'],
  ['host', 'X-Forwarded-Host'],
  ['target', 'X-Forwarded-Uri'],
] as const

export function readForwarded(question: Question): GatewayCheck | string {
  const { headers, headersTruncated } = question
  const found: Partial<Record<(typeof told)[number][0], string>> = {}
  for (const [part, name] of told) {
    const [value, ...more] = valuesOf(headers, name.toLowerCase())
    if (value === undefined || value === '') return `the gateway did not send ${name}`
    // One of them is the client's.
    if (more.length > 0) return `the gateway sent ${name} more than once`
    found[part] = value
  }
  const { method = '', scheme = '', host = '', target = '' } = found
  const clientAddress = clientAddressIn(headers)
  return {
    method,
    scheme,
    host,
    target,
    headers,
    ...(clientAddress !== undefined && { clientAddress }),
    ...(headersTruncated && { headersTruncated }),
  }
}

/** The last address is the one that the gateway itself saw; those before it are the client's word. */
export function clientAddressIn(headers: Question['headers']): string | undefined {
  const last = valuesOf(headers, 'x-forwarded-for').at(-1)?.split(',').at(-1)?.trim() ?? ''
  return isIP(last) === 0 ? undefined : last
}
