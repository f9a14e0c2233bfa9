// "claimcheck/policy/authzen": any policy decision point that speaks the AuthZEN Authorization API 1.0.
import { type Fetch, fetchStrictJson, platformFetch } from '../../internal/fetch-json.ts'
import { isJsonObject, type JsonObject } from '../../internal/json.ts'
import { checkFunction, checkNumber, checkOptionNames, checkOptions } from '../../internal/options.ts'
import { faultOfLink } from '../../internal/urls.ts'
import { type Decision, type Reason, unavailable } from '../decision.ts'
import { copyRequirements } from '../requirements.ts'
import type { Policy, PolicyQuery } from '../policy.ts'
import {
  checkAction,
  checkedAddress,
  createAsk,
  decisionPointOptionNames,
  type DecisionPointOptions,
  type EngineQuery,
  memberOf,
} from './engine.ts'

/** The addresses of a decision point. */
export interface AuthzenEndpoints {
  /** Decides about one question. */
  readonly evaluation: string
  /** Decides about many at once. */
  readonly evaluations?: string
}

/** A question to the decision point (§5). Members that are null or undefined are left out. */
interface AuthzenRequest {
  readonly subject: { readonly type: string; readonly id: string; readonly properties?: JsonObject }
  readonly resource: { readonly type: string; readonly id: string; readonly properties?: JsonObject }
  readonly action?: { readonly name: string; readonly properties?: JsonObject }
  readonly context?: JsonObject
}

export interface AuthzenOptions<A, R> extends DecisionPointOptions {
  /** The decision point's identifier (with its default paths), or the result of `discoverAuthzen`. */
  readonly pdp: string | AuthzenEndpoints
  /** Makes the question. */
  readonly map: (query: EngineQuery<A, R>) => AuthzenRequest
}

export interface AuthzenEngine<A, R> {
  /** The policy that asks the decision point for `action`. */
  policy(action: string): Policy<A, R>
}

/**
 * Makes an engine of an AuthZEN decision point. Without an answer the decision is indeterminate for now.
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
    const { action: named = { name: action }, ...rest } = map({ auth, action, resource })
    return withoutNulls({ subject: rest.subject, action: named, resource: rest.resource, context: rest.context })
  }

  async function evaluate(action: string, query: PolicyQuery<A, R>): Promise<Decision> {
    const request = requestOf(action, query)
    return ask(evaluation, request, query.signal).then(decisionOf).catch(unavailable)
  }

  async function evaluateAll(url: string, action: string, queries: readonly PolicyQuery<A, R>[]): Promise<Decision[]> {
    const requests = queries.map((query) => requestOf(action, query))
    try {
      const { evaluations: answers } = await ask(url, { evaluations: requests }, queries[0]?.signal)
      if (Array.isArray(answers) && answers.length === requests.length) return answers.map((one) => decisionOf(one))
      throw new Error('not one answer for each question')
    } catch (cause) {
      return requests.map(() => unavailable(cause))
    }
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

// The answer of a decision point: its decision, its reasons, and a step-up that would help.

/** Only `true` permits and only `false` denies (§5.5). Any other answer, or an error beside it, is a fault of the decision point. */
function decisionOf(answer: unknown): Decision {
  const decision = memberOf(answer, 'decision')
  const context = memberOf(answer, 'context') ?? {}
  if (memberOf(context, 'error') !== undefined) return unavailable(new Error('the decision point reported an error'))
  const obligations = [memberOf(context, 'obligations') ?? []].flat() as readonly unknown[]
  if (decision === false) return denialOf(context, obligations)
  // A context that is no object may hold conditions that cannot be read.
  if (decision === true && !isJsonObject(context))
    return unavailable(new Error('the decision point permitted in a context that is no object'))
  if (decision === true && obligations.length > 0) return obligated()
  if (decision === true) return { effect: 'allow', ...withReasons(reasonsOf(context)) }
  return unavailable(new Error('the decision point answered neither true nor false'))
}

/**
 * Obligations are mandatory, and none is understood here: a permission that depends on one is none (draft profile). It is no
 * "no" either, which `not` would turn round. Asking again does not help, so the client gets a 403.
 */
function obligated(): Decision {
  const cause = new Error('the decision point permitted under an obligation, and none is understood')
  return { effect: 'indeterminate', kind: 'incomplete', cause, reasons: [{ code: 'obligation-unknown' }] }
}

/**
 * A denial stays one with any context. A step-up that cannot be read is left out as a whole: half of it might send the client
 * to a login that does not help. A reason tells the operator.
 */
function denialOf(context: unknown, obligations: readonly unknown[]): Decision {
  const reasons = reasonsOf(context)
  try {
    const step = stepUpOf(context, obligations)
    return { effect: 'deny', ...(step && { missing: copyRequirements([step]) }), ...withReasons(reasons) }
  } catch {
    return { effect: 'deny', reasons: [...reasons, { code: 'step-up-unreadable' }] }
  }
}

/** The reasons for administrators, by their code. */
function reasonsOf(context: unknown): readonly Reason[] {
  const reasons = memberOf(context, 'reason_admin')
  if (!isJsonObject(reasons)) return []
  return Object.entries(reasons).map(([code, message]) => (typeof message === 'string' ? { code, message } : { code }))
}

function withReasons(reasons: readonly Reason[]): { readonly reasons?: readonly Reason[] } {
  return reasons.length > 0 ? { reasons } : {}
}

/** The better login that an obligation (draft profile) or the context itself asks for, not yet checked. */
function stepUpOf(context: unknown, obligations: readonly unknown[]): object | undefined {
  const obligation = obligations.find((one) => memberOf(one, 'type') === 'step-up')
  const wanted = memberOf(obligation, 'properties') ?? obligation ?? context
  const acrs = memberOf(wanted, 'acr_values') ?? memberOf(wanted, 'acr_value') ?? undefined
  const maxAgeSeconds = memberOf(wanted, 'max_age') ?? undefined
  if (!obligation && acrs === undefined && maxAgeSeconds === undefined) return undefined
  return { kind: 'step-up', acrValues: acrs === undefined ? undefined : acrValuesOf(acrs), maxAgeSeconds }
}

/** A list, or words with spaces between them (RFC 9470 §3). */
function acrValuesOf(acrs: unknown): readonly unknown[] {
  const list = [acrs].flat() as readonly unknown[]
  return list.flatMap((one) => (typeof one === 'string' ? one.split(' ') : [one]))
}

// The addresses of a decision point: its own metadata names them (§9).

/**
 * Fetches the metadata of the decision point `pdp` at its well-known path.
 *
 * @throws TypeError for options that can never work.
 * @throws Error when it cannot be fetched, or names another decision point: then it must not be used (§9.2.3).
 */
export async function discoverAuthzen(
  pdp: string,
  options: { readonly fetch?: Fetch; readonly timeoutMs?: number } = {},
): Promise<AuthzenEndpoints> {
  checkOptions('discoverAuthzen()', arguments, ['fetch', 'timeoutMs'], 1)
  const { fetch = platformFetch, timeoutMs = 5000 } = options
  checkFunction('fetch', fetch)
  checkNumber('timeoutMs', timeoutMs, 1, 60_000)
  const { origin, pathname } = new URL(checkedIdentifier(pdp))
  const address = `${origin}/.well-known/authzen-configuration${pathname === '/' ? '' : pathname}`
  const { signal } = new AbortController()
  const value = await fetchStrictJson(address, { fetch, timeoutMs, maxBytes: 65_536, signal, retry: true })
  if (value.policy_decision_point !== pdp) throw new Error(`the metadata at ${address} is not that of ${pdp}`)
  const endpoints = readEndpoints({
    evaluation: value.access_evaluation_endpoint as string,
    ...(value.access_evaluations_endpoint !== undefined && {
      evaluations: value.access_evaluations_endpoint as string,
    }),
  })
  for (const endpoint of Object.values<string>({ ...endpoints })) checkLink(address, endpoint)
  return endpoints
}

/** Questions carry claims and credentials, so a document must not lead to a less safe wire or machine than its own. */
function checkLink(from: string, to: string): void {
  const fault = faultOfLink(new URL(from), new URL(to))
  if (fault !== undefined) throw new Error(`the metadata at ${from} names an endpoint that ${fault}`)
}

function checkedIdentifier(pdp: string): string {
  if (new URL(checkedAddress('pdp', pdp)).search !== '') throw new TypeError('pdp must be a URL without a query.')
  return pdp
}

/** @throws TypeError for addresses that must not be asked. */
function readEndpoints(pdp: string | AuthzenEndpoints): AuthzenEndpoints {
  if (typeof pdp === 'string') {
    // "/access/v1/evaluation" is the default path (§10.1.1). Many questions at once are optional for a decision point.
    return { evaluation: `${checkedIdentifier(pdp).replace(/\/$/, '')}/access/v1/evaluation` }
  }
  checkOptionNames('pdp', pdp, ['evaluation', 'evaluations'])
  const { evaluation, evaluations } = pdp
  return {
    evaluation: checkedAddress('pdp.evaluation', evaluation),
    ...(evaluations !== undefined && { evaluations: checkedAddress('pdp.evaluations', evaluations) }),
  }
}
