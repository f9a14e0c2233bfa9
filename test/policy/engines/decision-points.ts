// Decision points on loopback for the tests: one speaks AuthZEN, one OPA's data API. Their rules are plain conditions on
// what was sent, so that they share nothing with the policies that they are compared with.
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { startLoopback, type Loopback } from '../../support/loopback.ts'

/** What both get to see of a request. */
export interface Input {
  readonly action: string
  readonly caller: {
    readonly key: string
    readonly scopes: readonly string[]
    readonly roles: readonly string[]
    readonly acr?: string
    readonly loginAge?: number
  }
  readonly order: { readonly owner: string; readonly status: string; readonly onHold: boolean; readonly cents: number }
}

interface Verdict {
  readonly allow: boolean
  readonly veto: boolean
  readonly needsLogin: boolean
}

export interface DecisionPoint extends Loopback {
  /** Bodies of the requests, parsed. */
  readonly questions: readonly unknown[]
  readonly heads: readonly IncomingMessage[]
}

function judge({ action, caller, order }: Input): Verdict {
  const has = (scope: string) => caller.scopes.includes(`orders:${scope}`)
  const manages = caller.roles.includes('manager')
  const owns = order.owner === caller.key
  const fresh = caller.acr === 'urn:example:mfa' && (caller.loginAge ?? Infinity) <= 300
  const veto = action !== 'read' && order.onHold
  if (action === 'read') return { allow: has('read') && (owns || manages), veto, needsLogin: false }
  if (action === 'change') return { allow: has('write') && owns && order.status === 'open', veto, needsLogin: false }
  const may = action === 'refund' && has('refund') && manages
  return { allow: may && (order.cents <= 10_000 || fresh), veto, needsLogin: may && order.cents > 10_000 && !fresh }
}

/** Answers every POST of JSON with what `answer` makes of it; a list is `[status, body]`. */
export async function startDecisionPoint(answer: (body: never, path: string) => unknown): Promise<DecisionPoint> {
  const questions: unknown[] = []
  const heads: IncomingMessage[] = []
  const server = await startLoopback((request, response) => {
    heads.push(request)
    void text(request).then((body) => {
      const question: unknown = body === '' ? undefined : JSON.parse(body)
      questions.push(question)
      const made = answer(question as never, request.url ?? '')
      const [status, value] = Array.isArray(made) ? (made as [number, unknown]) : [200, made]
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(typeof value === 'string' ? value : JSON.stringify(value))
    })
  })
  return { ...server, questions, heads }
}

/** An AuthZEN decision point: `decision`, and a step-up in the context. */
export function authzenAnswer(question: {
  readonly subject: { readonly id: string; readonly properties: Omit<Input['caller'], 'key'> }
  readonly action: { readonly name: string }
  readonly resource: { readonly properties: Input['order'] }
}): unknown {
  const { subject, action, resource } = question
  const caller = { key: subject.id, ...subject.properties }
  const { allow, veto, needsLogin } = judge({ action: action.name, caller, order: resource.properties })
  const context = needsLogin && !veto ? { acr_values: 'urn:example:mfa', max_age: 300 } : undefined
  return { decision: allow && !veto, ...(context && { context }), unknown_member: 1 }
}

/** OPA: a document with `allow` and the names of the rules in `deny`. */
export function opaAnswer({ input }: { readonly input: Input }): unknown {
  const { allow, veto, needsLogin } = judge(input)
  const deny = [...(veto ? ['on-hold'] : []), ...(needsLogin ? ['large-refund'] : [])]
  return { decision_id: 'd1', result: { allow, deny } }
}
