// The partner of `fromWeb`: an answer of a resource server as a Fetch API `Response`.
import type { RequestView } from './request-view.ts'

/** What `api.challenge()` and `api.metadata()` give. */
interface Answer {
  readonly status: number
  readonly headers: [name: string, value: string][] | Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Makes a Fetch API `Response` of a refusal (`api.challenge()`) or of metadata (`api.metadata()`). Each header line is appended, so
 * that several challenges stay apart. The answer to a HEAD request has no body.
 *
 * @example if (error instanceof AuthError) return toWeb(api.challenge(error, fromWeb(request)), request)
 */
export function toWeb({ status, headers, body }: Answer, request: Pick<RequestView, 'method'>): Response {
  // "The server MUST NOT send content in the response" to HEAD (RFC 9110 §9.3.2). A `Response` of status 204 takes no empty body either.
  const sent = request.method === 'HEAD' || body === '' ? null : body
  return new Response(sent, { status, headers })
}
