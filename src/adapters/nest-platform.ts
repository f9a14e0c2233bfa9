// Requests and responses of Nest, which are those of Express or of Fastify.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type RequestView, viewNodeRequest } from '../http/request-view.ts'
import type { RefusalAnswer } from '../server/response.ts'
import { send as sendByNode } from './middleware.ts'

/** A request of Nest: of Express, or of Fastify. */
export interface NestRequest {
  readonly headers: IncomingMessage['headers']
}

/** What Express and Fastify have in common, and what tells them apart. */
export interface NestResponse {
  readonly headersSent?: boolean
  readonly sent?: boolean
  readonly raw?: ServerResponse
  header(name: string, value: string | readonly string[]): unknown
}
interface FastifyReplyLike {
  code(status: number): { send(body: Uint8Array): unknown }
}

export function setHeaders(response: NestResponse, headers: RefusalAnswer['headers']): void {
  for (const [name, value] of Object.entries(headers)) response.header(name, value)
}

export function send(response: NestResponse, answer: RefusalAnswer): void {
  if (!response.raw) return sendByNode(response as unknown as ServerResponse, answer)
  setHeaders(response, answer.headers)
  // As bytes: to a string Fastify would append a charset.
  ;(response as unknown as FastifyReplyLike).code(answer.status).send(Buffer.from(answer.body))
}

/** The lines that were received, and the headers as the application has left them. */
export function viewOf(request: NestRequest): RequestView {
  const { raw, headers, originalUrl, id, route, routeOptions } = request as NestRequest & OwnMembers
  const pattern = routeOptions?.url ?? route?.path
  return viewNodeRequest(raw ?? (request as IncomingMessage), headers, {
    url: originalUrl,
    id: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
    route: typeof pattern === 'string' ? pattern : undefined,
  })
}

/** The members of requests of Express and Fastify that a view is made of. */
interface OwnMembers {
  readonly raw?: IncomingMessage
  readonly originalUrl?: string
  readonly id?: unknown
  readonly route?: { readonly path?: unknown }
  readonly routeOptions?: { readonly url?: unknown }
}
