// An AuthError as an HTTP answer: status, headers, and a problem document (RFC 9457) with the same fixed text.
import { type AuthError, headersOf, type RefusalHeaders, scopeOf } from '../errors/auth-error.ts'
import type { ChallengeParams } from '../errors/challenge.ts'
import type { RequestView } from '../http/request-view.ts'

/** The answer to a refused client. Nothing in it comes from the token. */
export interface RefusalResponse {
  readonly status: number
  /** The header lines, as `new Response(body, { headers })` takes them. Several challenges are several lines: never join them. */
  readonly headers: [name: string, value: string][]
  readonly body: string
}

/** The same as the frameworks of Node take it: headers by name, and a list where there are several lines. */
export interface RefusalAnswer extends Omit<RefusalResponse, 'headers'> {
  readonly headers: RefusalHeaders
}

const titles = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const

/**
 * Compiles the answer for `error`; `params` (such as the realm) join the challenge, and the error's own win. The problem document has
 * `title`, `status` and `detail`, `error` where the challenge has it, and `scope`: the scopes that the challenge names, as text with blanks.
 */
export function refusalAnswer(error: AuthError, params: ChallengeParams): RefusalAnswer {
  const { status, code, message } = error
  const scope = scopeOf(error)
  const named = code === 'unauthenticated' || code === 'access_denied' || code === 'temporarily_unavailable'
  return {
    status,
    headers: { ...headersOf(error, params), 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({
      title: titles[status],
      status,
      detail: message,
      ...(!named && { error: code }),
      ...(scope !== undefined && { scope }),
    }),
  }
}

/** `answer` with one header line for each value. */
export function withHeaderLines({ status, headers, body }: RefusalAnswer): RefusalResponse {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  )
  return { status, headers: lines, body }
}

// The partner of `fromWeb`: an answer of a resource server as a Fetch API `Response`.

/** The result of `api.challenge()` and of `api.metadata()`. */
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
