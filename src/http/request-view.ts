// A request of any framework as claimcheck sees it. It has the raw header lines, neither merged nor dropped, and the headers that
// the application has made of them.
import type { IncomingMessage } from 'node:http'
import { ownMember } from '../internal/json.ts'

/** A request as the resource server reads it. */
export interface RequestView {
  readonly method: string
  readonly url: string
  /** Every header line as it was received, in order; names in any letter case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Set when the server may have dropped header lines, a second `Authorization` among them: such a request is refused. */
  readonly headersTruncated?: boolean | undefined
  /**
   * The headers as the application has left them, by their names in lower case. A credential that was set or deleted there
   * counts, in place of the line that was received. Left out, the lines alone count.
   */
  readonly currentHeaders?: CurrentHeaders | undefined
  /** The scheme and host that the client called, where a proxy in front of this server has another name. */
  readonly origin?: string | undefined
  /** The client's TLS certificate, as DER. */
  readonly clientCertificate?: Uint8Array | undefined
  /** How logs name this request. */
  readonly id?: string | undefined
  /** The pattern of its route, such as `/orders/:id`: never the path itself, which may hold personal data. */
  readonly route?: string | undefined
}

type CurrentHeaders = Readonly<Record<string, unknown>>

/** A request of `node:http` or `node:http2`, or one that imitates it. */
type NodeRequest = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'> & {
  readonly headers?: IncomingMessage['headers']
  readonly socket?: unknown
  /** Below `app.use('/path', …)` Express takes the path off `url`; this is what the client called. */
  readonly originalUrl?: string
  /** Loggers such as pino-http, and Fastify, set one. */
  readonly id?: unknown
}

/**
 * Views a request of `node:http`, `node:http2`, Express or Fastify (`request.raw`). Reads `rawHeaders`, because `headers` hides a
 * second `Authorization` line, and `headers` for a credential that your own middleware has set or deleted. Takes over the `id` that a
 * logger has given it.
 */
export function fromNode(request: NodeRequest): RequestView {
  return viewNodeRequest(request, request.headers)
}

/** The members of a view that a framework knows better than Node, or alone. */
type FrameworkFacts = Pick<RequestView, 'id' | 'route'> & {
  readonly method?: string
  readonly url?: string | undefined
}

/**
 * Views a request like `fromNode`, for a framework whose request has other `headers` than Node's. One literal makes the view, whatever is
 * in it: measured, to spread a view into the next takes twice as long as a guard's other work (Fastify, Node 20).
 */
export function viewNodeRequest(
  request: NodeRequest,
  currentHeaders: CurrentHeaders | undefined,
  {
    method = request.method ?? '',
    url = request.originalUrl ?? request.url ?? '',
    id = idOf(request.id),
    route,
  }: FrameworkFacts = {},
): RequestView {
  const { rawHeaders } = request
  const hasLines = rawHeaders.length > 0
  return {
    method,
    url,
    headers: hasLines ? linesOf(rawHeaders) : pairsOf(currentHeaders ?? {}),
    headersTruncated: isTruncated(request) || undefined,
    currentHeaders: hasLines ? currentHeaders : undefined,
    id,
    route,
  }
}

function idOf(id: unknown): string | undefined {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

/** The items that Node collects by default; a name and a value are one item each. */
const defaultMaxItems = 2000

/**
 * True when Node may have stopped collecting header lines. Versions before 22.23.2 and 24.18.1 do so at `server.maxHeadersCount`, up to
 * 31 lines late. Newer ones answer 431.
 */
function isTruncated(request: NodeRequest): boolean {
  // Node resets an HTTP/2 stream that has too many lines, and its closed sockets throw. `httpVersion` does not tell: the HTTP/1
  // parser takes "GET / HTTP/2.0" from any client, and cuts its lines all the same.
  if ('stream' in request) return false
  const { rawHeaders, socket } = request
  const { server } = (socket ?? {}) as { readonly server?: { readonly maxHeadersCount?: unknown } | null }
  const count = server?.maxHeadersCount
  // In 32 bits, as Node calculates. Zero and less mean no bound.
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

/** Requests that serverless wrappers imitate have only `headers`: a token among them must be found, too. */
function pairsOf(headers: CurrentHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, typeof one === 'string' ? one : notText]),
  )
}

// An empty value is malformed wherever a credential is expected.
const notText = ''

/**
 * Returns the value of the header `name` that counts, where `received` was on its line. The application may have set or deleted it.
 * An inherited member is no header. A value that is no string is malformed, not missing.
 */
export function currentValue(
  { currentHeaders }: RequestView,
  name: string,
  received: string | undefined,
): string | undefined {
  if (!currentHeaders) return received
  const value = ownMember(currentHeaders, name)
  return value === undefined || typeof value === 'string' ? value : notText
}

/** Views a Fetch API `Request`. Two `Authorization` lines arrive there joined by a comma, which no credential can hold. */
export function fromWeb(request: Pick<Request, 'method' | 'url' | 'headers'>): RequestView {
  return { method: request.method, url: request.url, headers: [...request.headers] }
}

/** True for a CORS preflight (Fetch §4.8). Anyone can send one, so it is no reason to let a request through. */
export function isPreflight({ method, headers }: RequestView): boolean {
  return method === 'OPTIONS' && headers.some(([name]) => name.toLowerCase() === 'access-control-request-method')
}
