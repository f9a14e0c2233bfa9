// What claimcheck sees of a request, whatever the framework: raw header lines, so that nothing has been merged or dropped.
import type { IncomingMessage } from 'node:http'

/** A request as the resource server reads it. */
export interface RequestView {
  readonly method: string
  readonly url: string
  /** Every header line as it was received, in order; names in any letter case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Set when the server may have dropped header lines, a second `Authorization` among them: such a request is refused. */
  readonly headersTruncated?: boolean
}

/** A request of `node:http` or `node:http2`, or one that imitates it. */
type NodeRequest = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'> & {
  readonly headers?: IncomingMessage['headers']
  readonly httpVersionMajor?: number
  readonly socket?: unknown
}

/** Views a request of `node:http`, Express or Fastify (`request.raw`). Reads `rawHeaders`: `headers` hides a second `Authorization` line. */
export function fromNode(request: NodeRequest): RequestView {
  const { method = '', url = '', rawHeaders, headers = {} } = request
  const view = { method, url, headers: rawHeaders.length > 0 ? linesOf(rawHeaders) : pairsOf(headers) }
  return isTruncated(request) ? { ...view, headersTruncated: true } : view
}

/** What Node collects where its server says nothing else: names and values, each one item. */
const defaultMaxItems = 2000

/**
 * Whether Node may have stopped collecting header lines, which versions before 22.23.2 and 24.18.1 do at
 * `server.maxHeadersCount`, up to 31 lines late. Newer ones answer 431.
 */
function isTruncated({ rawHeaders, httpVersionMajor = 1, socket }: NodeRequest): boolean {
  // Node resets an HTTP/2 stream that has too many lines, and its sockets throw when they are gone.
  if (httpVersionMajor > 1) return false
  const { server } = (socket ?? {}) as { readonly server?: { readonly maxHeadersCount?: unknown } | null }
  const count = server?.maxHeadersCount
  // As Node reckons, in 32 bits; zero and less mean that there is no bound.
  const maxItems = typeof count === 'number' ? count << 1 : defaultMaxItems
  return maxItems > 0 && rawHeaders.length >= maxItems
}

function linesOf(rawHeaders: readonly string[]): [string, string][] {
  const lines: [string, string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    lines.push([rawHeaders[index] as string, rawHeaders[index + 1] as string])
  }
  return lines
}

/** Requests that serverless wrappers imitate have no lines, only `headers`; a token in there must not look like none. */
function pairsOf(headers: IncomingMessage['headers']): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  )
}

/** Views a Fetch API `Request`. Two `Authorization` lines arrive there joined by a comma, which no credential can hold. */
export function fromWeb(request: Pick<Request, 'method' | 'url' | 'headers'>): RequestView {
  return { method: request.method, url: request.url, headers: [...request.headers] }
}

/** True for a CORS preflight (Fetch §4.8). Anyone can send one, so it is no reason to let a request through. */
export function isPreflight({ method, headers }: RequestView): boolean {
  return method === 'OPTIONS' && headers.some(([name]) => name.toLowerCase() === 'access-control-request-method')
}
