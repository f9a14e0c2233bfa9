// "claimcheck/policy/authzen": any policy decision point that speaks the AuthZEN Authorization API 1.0.
import type { JsonObject } from '../../internal/json.ts'
import { checkFunction, checkOptions } from '../../internal/options.ts'
import { type Decision, unavailable } from '../decision.ts'
import type { Policy, PolicyQuery } from '../policy.ts'
import { decisionOf } from './authzen-decision.ts'
import { type AuthzenEndpoints, readEndpoints } from './authzen-endpoints.ts'
import { createAsk, type DecisionPointOptions, decisionPointOptionNames } from './decision-point.ts'
import { checkAction, type EngineQuery } from './engine.ts'

export { type AuthzenEndpoints, discoverAuthzen } from './authzen-endpoints.ts'

/** A question to the decision point (§5). Members that are null or undefined are left out. */
export interface AuthzenRequest {
  readonly subject: { readonly type: string; readonly id: string; readonly properties?: JsonObject }
  readonly resource: { readonly type: string; readonly id: string; readonly properties?: JsonObject }
  readonly action?: { readonly name: string; readonly properties?: JsonObject }
  readonly context?: JsonObject
}

export interface AuthzenOptions<A, R> extends DecisionPointOptions {
  /** The decision point's identifier (its usual paths are taken), or what `discoverAuthzen` found. */
  readonly pdp: string | AuthzenEndpoints
  /** Makes the question. */
  readonly map: (query: EngineQuery<A, R>) => AuthzenRequest
}

export interface AuthzenEngine<A, R> {
  /** The policy that asks the decision point for `action`. */
  policy(action: string): Policy<A, R>
}

/**
 * Makes an engine of an AuthZEN decision point. When it gives no answer, the decision is indeterminate for now.
 *
 * @throws TypeError for options that can never work.
 */
export function createAuthzen<A, R>(options: AuthzenOptions<A, R>): AuthzenEngine<A, R> {
  checkOptions('createAuthzen()', arguments, ['pdp', 'map', ...decisionPointOptionNames])
  const { map } = options
  checkFunction('map', map)
  const { evaluation, evaluations } = readEndpoints(options.pdp)
  const ask = createAsk(options)

  function requestOf(action: string, { auth, resource }: PolicyQuery<A, R>): JsonObject {
    const { action: own = { name: action }, subject, resource: thing, context } = map({ auth, action, resource })
    return withoutNulls({ subject, action: own, resource: thing, context })
  }

  async function evaluate(action: string, query: PolicyQuery<A, R>): Promise<Decision> {
    const request = requestOf(action, query)
    return ask(evaluation, request, query.signal).then(decisionOf).catch(unavailable)
  }

  async function evaluateAll(url: string, action: string, queries: readonly PolicyQuery<A, R>[]): Promise<Decision[]> {
    const requests = queries.map((query) => requestOf(action, query))
    const answer = await ask(url, { evaluations: requests }, queries[0]?.signal).catch((cause: unknown) => ({ cause }))
    const list: readonly unknown[] =
      'evaluations' in answer && Array.isArray(answer.evaluations) ? answer.evaluations : []
    if (list.length === requests.length) return list.map(decisionOf)
    return requests.map(() =>
      unavailable('cause' in answer ? answer.cause : new Error('not one answer for each question')),
    )
  }

  return {
    policy(action) {
      checkAction(arguments)
      return {
        id: `authzen(${action})`,
        evaluate: (query) => evaluate(action, query),
        ...(evaluations !== undefined && {
          evaluateAll: (queries: readonly PolicyQuery<A, R>[]) => evaluateAll(evaluations, action, queries),
        }),
      }
    },
  }
}

function withoutNulls(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null))
}
