// "claimcheck/policy/opa": Open Policy Agent, asked over its data API (POST /v1/data/…).
import { isJsonObject, type JsonObject } from '../../internal/json.ts'
import { checkBoolean, checkFunction, checkOptions } from '../../internal/options.ts'
import { type Decision, unavailable } from '../decision.ts'
import type { Policy } from '../policy.ts'
import {
  checkedAddress,
  createAsk,
  decisionPointOptionNames,
  type DecisionPointOptions,
  type EngineQuery,
  createPolicyFactory,
  memberOf,
  readMissingByRule,
  vetoBy,
  type MissingByRule,
} from './engine.ts'

export interface OpaOptions<A, R> extends DecisionPointOptions {
  /** The document that decides, such as `http://127.0.0.1:8181/v1/data/orders`. */
  readonly url: string
  /** Makes the `input`. */
  readonly map: (query: EngineQuery<A, R>) => JsonObject
  /**
   * Takes an undefined document, or one without `allow`, for a "no". A policy that is not loaded, or a mistyped path, looks
   * the same. `default allow := false` in the policy is better.
   *
   * @default false
   */
  readonly undefinedMeansDeny?: boolean
  /** The remedies of a denial by the rule of that name in `deny`, such as a step-up. */
  readonly missing?: MissingByRule
}

export interface OpaEngine<A, R> {
  /** The policy that asks OPA for `action`. The rules that the document lists in `deny` are a veto. */
  policy(action: string): Policy<A, R>
}

/**
 * Makes an engine of a document in OPA: `true` or `{ "allow": true }` allows, `false` or `{ "allow": false }` denies, and
 * `{ "deny": ["rule"] }` vetoes. Any other answer, or none, is indeterminate for now, and so is an undefined document.
 *
 * @throws TypeError for options that can never work.
 */
export function createOpa<A, R>(options: OpaOptions<A, R>): OpaEngine<A, R> {
  checkOptions('createOpa()', arguments, ['url', 'map', 'undefinedMeansDeny', 'missing', ...decisionPointOptionNames])
  const { map, undefinedMeansDeny = false } = options
  checkFunction('map', map)
  checkBoolean('undefinedMeansDeny', undefinedMeansDeny)
  const url = checkedAddress('url', options.url)
  const missing = readMissingByRule(options.missing)
  const ask = createAsk(options)

  async function evaluate(query: EngineQuery<A, R>, signal?: AbortSignal): Promise<Decision> {
    const input = map(query)
    return ask(url, { input }, signal).then(decisionOf).catch(unavailable)
  }

  function decisionOf(answer: JsonObject): Decision {
    // An error of OPA has no result, and would look like a document that is undefined.
    if (Object.hasOwn(answer, 'errors') || Object.hasOwn(answer, 'code'))
      return unavailable(new Error('OPA answered with an error'))
    const result = memberOf(answer, 'result')
    // An absent `deny` is an empty one. null is not absent: it is an error of the policy.
    const { allow, deny = [] } = isJsonObject(result)
      ? { allow: memberOf(result, 'allow'), deny: memberOf(result, 'deny') }
      : { allow: result }
    if (!isRuleList(deny) || !(allow === undefined || typeof allow === 'boolean'))
      return unavailable(new Error('OPA answered with something that is no decision'))
    if (deny.length > 0) return vetoBy(deny, missing)
    // "If the document is undefined, the response has no result": no rule applied, or no such rule exists.
    if (allow === undefined && !undefinedMeansDeny) return unavailable(undefinedDocument(url))
    return { effect: allow ? 'allow' : 'deny' }
  }

  return { policy: createPolicyFactory('opa', evaluate) }
}

function isRuleList(deny: unknown): deny is readonly string[] {
  return Array.isArray(deny) && deny.every((rule) => typeof rule === 'string')
}

function undefinedDocument(url: string): Error {
  return new Error(
    `OPA's document ${new URL(url).pathname} says nothing of allow: is its bundle loaded, and the path right? undefinedMeansDeny: true takes that for a no.`,
  )
}
