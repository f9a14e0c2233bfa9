// "claimcheck/policy/authzen": any policy decision point that speaks the AuthZEN Authorization API 1.0.
import { isJsonObject, type JsonObject } from '../../internal/json.ts'
import { checkFunction, checkOptions } from '../../internal/options.ts'
import { type Decision, type Reason, unavailable } from '../decision.ts'
import { copyRequirements } from '../requirements.ts'
import type { Policy, PolicyQuery } from '../policy.ts'
import { type AuthzenEndpoints, readEndpoints } from './authzen-endpoints.ts'
import {
  checkAction,
  createAsk,
  decisionPointOptionNames,
  type DecisionPointOptions,
  type EngineQuery,
  own,
} from './engine.ts'

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

// Reads the answer of an AuthZEN decision point: its decision, its reasons, and a step-up that would help.

/** Only `true` permits and only `false` denies (§5.5); anything else, and either beside an error, is a fault of the decision point. */
function decisionOf(answer: unknown): Decision {
  const decision = own(answer, 'decision')
  const context = own(answer, 'context') ?? {}
  if (own(context, 'error') !== undefined) return unavailable(new Error('the decision point reported an error'))
  const obligations = [own(context, 'obligations') ?? []].flat() as readonly unknown[]
  if (decision === false) return denialOf(context, obligations)
  // What is no object may hold conditions that nobody can read.
  if (decision === true && !isJsonObject(context))
    return unavailable(new Error('the decision point permitted in a context that is no object'))
  if (decision === true && obligations.length > 0) return obligated()
  if (decision === true) return { effect: 'allow', ...told(reasonsOf(context)) }
  return unavailable(new Error('the decision point answered neither true nor false'))
}

/**
 * Obligations are mandatory, and none is understood here: a permission that depends on one is none (draft profile). It is no "no"
 * either, which `not` would turn round, and asking again does not help: the client gets a 403.
 */
function obligated(): Decision {
  const cause = new Error('the decision point permitted under an obligation, and none is understood')
  return { effect: 'indeterminate', kind: 'incomplete', cause, reasons: [{ code: 'obligation-unknown' }] }
}

/**
 * A denial stays one, whatever its context is like. A step-up that cannot be read is left out as a whole, since half of it might send
 * the client to a login that does not help, and a reason tells the operator.
 */
function denialOf(context: unknown, obligations: readonly unknown[]): Decision {
  const reasons = reasonsOf(context)
  try {
    const step = stepUpOf(context, obligations)
    return { effect: 'deny', ...(step && { missing: copyRequirements([step]) }), ...told(reasons) }
  } catch {
    return { effect: 'deny', reasons: [...reasons, { code: 'step-up-unreadable' }] }
  }
}

/** The reasons for administrators, by their code. */
function reasonsOf(context: unknown): readonly Reason[] {
  const reasons = own(context, 'reason_admin')
  if (!isJsonObject(reasons)) return []
  return Object.entries(reasons).map(([code, message]) => (typeof message === 'string' ? { code, message } : { code }))
}

function told(reasons: readonly Reason[]): { readonly reasons?: readonly Reason[] } {
  return reasons.length > 0 ? { reasons } : {}
}

/** What an obligation (draft profile) or the context itself says of a better login, as yet unchecked. */
function stepUpOf(context: unknown, obligations: readonly unknown[]): object | undefined {
  const duty = obligations.find((one) => own(one, 'type') === 'step-up')
  const wanted = own(duty, 'properties') ?? duty ?? context
  const acrs = own(wanted, 'acr_values') ?? own(wanted, 'acr_value') ?? undefined
  const maxAgeSeconds = own(wanted, 'max_age') ?? undefined
  if (!duty && acrs === undefined && maxAgeSeconds === undefined) return undefined
  return { kind: 'step-up', acrValues: acrs === undefined ? undefined : acrValuesOf(acrs), maxAgeSeconds }
}

/** A list, or words with spaces between them (RFC 9470 §3). */
function acrValuesOf(acrs: unknown): readonly unknown[] {
  const list = [acrs].flat() as readonly unknown[]
  return list.flatMap((one) => (typeof one === 'string' ? one.split(' ') : [one]))
}
