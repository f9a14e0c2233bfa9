// One request at a gateway: its route, the trace of its policy, and the answer as each dialect sends it.
import { dialects } from '../../gateway/dialects/dialects.ts'
import type { DialectAnswer } from '../../gateway/dialects/dialect.ts'
import type { GatewayCheck } from '../../gateway/request.ts'
import type { Trace } from '../../policy/decision.ts'
import { ask, type Policy } from '../../policy/policy.ts'
import type { RequestGuard } from '../../server/request-guard.ts'
import { adviceFor } from './advice.ts'
import { createRecorder } from './checks.ts'
import type { Setup } from './setup.ts'

/** The request that is asked about. */
export type WrittenRequest = Pick<GatewayCheck, 'method' | 'target' | 'host' | 'scheme'>

export interface RequestExplanation {
  readonly verdict: 'accepted' | 'refused' | 'unknown'
  /** Absent where the request has none. */
  readonly route?: string
  /** The policy of the route, or `anonymous` or `optional`. */
  readonly access?: string
  /** Absent where no policy was asked. */
  readonly trace?: Trace
  readonly reason?: string
  readonly hint?: string
  readonly answers: Readonly<Record<string, DialectAnswer>>
}

const form = /^([A-Za-z][\w-]*) +(?:(https?):\/\/([^/?#\s]+))?(\/\S*)$/

/** Reads `GET /orders/1`, or `GET https://api.example.com/orders/1` where routes have hosts. @throws TypeError for anything else. */
export function readRequestLine(text: string): WrittenRequest {
  const [, method, scheme = 'https', host = 'localhost', target] = form.exec(text) ?? []
  if (method === undefined || target === undefined)
    throw new TypeError("--request must be a method and a path, such as 'GET /orders/1'.")
  return { method, scheme, host, target }
}

/** Asks a rehearsal of the gateway: it signs nothing, and tells no listener of the application. */
export async function explainRequest(
  setup: Setup,
  written: WrittenRequest,
  line: readonly [name: string, value: string],
): Promise<RequestExplanation> {
  const { gateway } = setup
  if (!gateway) throw new TypeError('the configuration has no routes.')
  const traces: Trace[] = []
  const recorder = createRecorder(setup)
  const rehearsal = gateway.decisions.rehearsal((guard) => withTraces(guard.watched(recorder.watch), traces))
  const decision = await rehearsal.decide({ ...written, headers: [line] })
  const { effect, route } = decision
  const access = gateway.decisions.routes.find(({ key }) => key === route)?.access
  const trace = traces[0] && withoutWrapper(traces[0])
  return {
    verdict: effect === 'allow' ? 'accepted' : effect === 'refuse' ? 'refused' : 'unknown',
    ...(route !== undefined && { route }),
    ...(access !== undefined && { access }),
    ...(trace && { trace }),
    ...(decision.effect !== 'allow' && { reason: decision.reason, ...adviceFor(decision.reason, decision.hint) }),
    answers: Object.fromEntries(gateway.dialects.map((name) => [name, dialects[name].write(decision)])),
  }
}

/** The policy of a route is asked within one of its own name, which joins the default policy to it. */
function withoutWrapper(trace: Trace): Trace {
  const [only, ...more] = trace.children
  return only?.policy === trace.policy && more.length === 0 ? only : trace
}

/** Collects the trace of each policy that is asked for a request. */
function withTraces<C>(guard: RequestGuard<C>, traces: Trace[]): RequestGuard<C> {
  return {
    ...guard,
    authorizeRequest: ((request, authentication, route) =>
      guard.authorizeRequest(request, authentication, {
        ...route,
        policy: route.policy && traced(route.policy, traces),
      })) as typeof guard.authorizeRequest,
  }
}

function traced<A, R>(policy: Policy<A, R>, traces: Trace[]): Policy<A, R> {
  const { id, requires, mayVeto } = policy
  return {
    id,
    ...(requires !== undefined && { requires }),
    ...(mayVeto !== undefined && { mayVeto }),
    evaluate: (query) => ask(policy, { ...query, explain: traces }),
  }
}
