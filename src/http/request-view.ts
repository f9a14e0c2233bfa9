// What claimcheck sees of a request, whatever the framework: raw header lines, so that nothing has been merged or dropped.
import type { IncomingMessage } from 'node:http'

/** A request as the resource server reads it. */
export interface RequestView {
  readonly method: string
  readonly url: string
  /** Every header line as it was received, in order; names in any letter case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Views a request of `node:http`, Express or Fastify (`request.raw`). Reads `rawHeaders`: `headers` hides a second `Authorization` line. */
export function fromNode(
  request: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'> & { readonly headers?: IncomingMessage['headers'] },
): RequestView {
  const { method = '', url = '', rawHeaders, headers = {} } = request
  return { method, url, headers: rawHeaders.length > 0 ? linesOf(rawHeaders) : pairsOf(headers) }
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
