// "claimcheck/policy/opa": Open Policy Agent, asked over its data API (POST /v1/data/…).
import { isJsonObject, type JsonObject } from '../../internal/json.ts'
import { checkFunction, checkOptionNames } from '../../internal/options.ts'
import { type Decision, unavailable } from '../decision.ts'
import type { Policy, PolicyQuery } from '../policy.ts'
import { checkedAddress, createAsk, type DecisionPointOptions, decisionPointOptionNames } from './decision-point.ts'
import { checkAction, type EngineQuery, own, readUnmetByRule, reasonsFor, type UnmetByRule, unmetBy } from './engine.ts'

export interface OpaOptions<A, R> extends DecisionPointOptions {
  /** The document that decides, such as `http://127.0.0.1:8181/v1/data/orders`. */
  readonly url: string
  /** Makes the `input`. */
  readonly map: (query: EngineQuery<A, R>) => JsonObject
  /** What would lift a denial by the rule of that name in `deny`, such as a step-up. */
  readonly unmet?: UnmetByRule
}

export interface OpaEngine<A, R> {
  /** The policy that asks OPA for `action`. What the document lists in `deny` is a veto. */
  policy(action: string): Policy<A, R>
}

/**
 * Makes an engine of a document in OPA: `true` or `{ "allow": true }` allows, `{ "deny": ["rule"] }` vetoes, and `false` or
 * no document at all denies. Any other answer, or none, is indeterminate for now.
 *
 * @throws TypeError for options that can never work.
 */
export function createOpa<A, R>(options: OpaOptions<A, R>): OpaEngine<A, R> {
  checkOptionNames('createOpa()', options, ['url', 'map', 'unmet', ...decisionPointOptionNames])
  const { map } = options
  checkFunction('map', map)
  const url = checkedAddress('url', options.url)
  const unmet = readUnmetByRule(options.unmet)
  const ask = createAsk(options)

  async function evaluate(action: string, { auth, resource, signal }: PolicyQuery<A, R>): Promise<Decision> {
    const input = map({ auth, action, resource })
    return ask(url, { input }, signal).then(decisionOf).catch(unavailable)
  }

  function decisionOf(answer: JsonObject): Decision {
    // As OPA reports an error; without a result it would look like a document that is undefined.
    if (Object.hasOwn(answer, 'errors') || Object.hasOwn(answer, 'code'))
      return unavailable(new Error('OPA answered with an error'))
    // "If the document is undefined, the response has no result": no rule applied.
    if (!Object.hasOwn(answer, 'result')) return { effect: 'deny' }
    const { result } = answer
    // A default for what is not there; null is there, and an error of the policy's.
    const { allow = false, deny = [] } = isJsonObject(result)
      ? { allow: own(result, 'allow'), deny: own(result, 'deny') }
      : { allow: result }
    if (!Array.isArray(deny) || !deny.every((rule) => typeof rule === 'string') || typeof allow !== 'boolean')
      return unavailable(new Error('OPA answered with something that is no decision'))
    if (deny.length > 0) return { effect: 'deny', final: true, ...unmetBy(deny, unmet), ...reasonsFor(deny) }
    return { effect: allow ? 'allow' : 'deny' }
  }

  return {
    policy(action) {
      checkAction(action)
      return { id: `opa(${action})`, mayVeto: true, evaluate: (query) => evaluate(action, query) }
    },
  }
}
