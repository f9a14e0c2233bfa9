// A dialect: how one kind of gateway asks, and which answer it understands. A dialect is a path of the server and never a guess.
import type { RefusalHeaders } from '../../errors/auth-error.ts'
import type { Allowance, Refusal } from '../decision.ts'
import type { GatewayCheck, HeaderLine } from '../request.ts'

/** A question as it came over HTTP. Its own method, query and body mean nothing unless the dialect says so. */
export interface Question {
  readonly method: string
  /** The request target behind the path of the dialect. */
  readonly target: string
  readonly headers: readonly HeaderLine[]
  readonly headersTruncated?: boolean
}

/** An answer over HTTP. */
export interface DialectAnswer {
  readonly status: number
  readonly headers: RefusalHeaders
  readonly body: string
}

export interface Dialect {
  /** Reads a question. A string says what is missing from it, for the log. */
  read(question: Question): GatewayCheck | string
  /** Writes an answer. Every one says in `X-Auth-Status` what was decided: gateways take any 2xx of any server for a yes. */
  write(decision: Allowance | Refusal): DialectAnswer
}

/** The answer that most gateways understand: an allow with the identity headers, or the refusal as the client shall get it. */
export function writePlain(decision: Allowance | Refusal): DialectAnswer {
  const { status } = decision
  const marks = { 'X-Auth-Status': String(status) }
  if (decision.effect === 'allow')
    return { status, headers: { 'Cache-Control': 'no-store', ...marks, ...decision.identity }, body: '' }
  return { status, headers: { ...decision.headers, ...marks }, body: decision.body }
}

/** The same with one line for all challenges: gateways that copy one line would lose the rest (RFC 9110 §5.3 allows the joining). */
export function writeJoined(decision: Allowance | Refusal): DialectAnswer {
  // An allow has one line of each.
  if (decision.effect === 'allow') return writePlain(decision)
  const { headers, ...answer } = writePlain(decision)
  const joined = Object.entries(headers).map(([name, values]) => [name, [values].flat().join(', ')])
  return { ...answer, headers: Object.fromEntries(joined) as Record<string, string> }
}
