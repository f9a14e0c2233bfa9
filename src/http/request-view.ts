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
export function fromNode(request: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>): RequestView {
  const headers: [string, string][] = []
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    headers.push([request.rawHeaders[index] as string, request.rawHeaders[index + 1] as string])
  }
  return { method: request.method ?? '', url: request.url ?? '', headers }
}

/** Views a Fetch API `Request`. Two `Authorization` lines arrive there joined by a comma, which no credential can hold. */
export function fromWeb(request: Pick<Request, 'method' | 'url' | 'headers'>): RequestView {
  return { method: request.method, url: request.url, headers: [...request.headers] }
}
