// The shared part of the engines: questions, reasons by rule, and the way to a decision point on the network.
import { type Fetch, fetchStrictJson, platformFetch } from '../../internal/fetch-json.ts'
import { isJsonObject, type JsonObject } from '../../internal/json.ts'
import { checkArgumentCount, checkFunction, checkNumber, checkString } from '../../internal/options.ts'
import { hasLogin, isSecureEnough, parseUrl } from '../../internal/urls.ts'
import type { Decision, Reason } from '../decision.ts'
import type { Policy } from '../policy.ts'
import { copyRequirements, declaredRequirements, type Requirement } from '../requirements.ts'

/** The question that an engine's `map` turns into a request. Never put `auth.token` into the request. */
export interface EngineQuery<out A = unknown, out R = unknown> {
  readonly auth: A
  /** As given to `engine.policy(action)`. */
  readonly action: string
  readonly resource: R
}

/** The requirements that would lift a denial by the rule of that id. */
export type MissingByRule = Readonly<Record<string, readonly Requirement[]>>

/** @throws TypeError when a rule is mapped to anything but a list of requirements. */
export function readMissingByRule(missing: MissingByRule = {}): ReadonlyMap<string, readonly Requirement[]> {
  return new Map(Object.entries(missing).map(([rule, list]) => [rule, declaredRequirements(...copyRequirements(list))]))
}

/** The veto of `rules`, at least one. A rule without a remedy leaves out `missing`: a remedy for the others would not help. */
export function vetoBy(rules: readonly string[], missingByRule: ReadonlyMap<string, readonly Requirement[]>): Decision {
  const lists = rules.map((rule) => missingByRule.get(rule) ?? [])
  const missing = lists.every(({ length }) => length > 0) && { missing: lists.flat() }
  return { effect: 'deny', veto: true, ...missing, ...reasonsFor(rules) }
}

/** Makes the `policy(action)` of an engine that may veto. */
export function createPolicyFactory<A, R>(
  engine: string,
  decide: (query: EngineQuery<A, R>, signal?: AbortSignal) => Decision | Promise<Decision>,
): (action: string) => Policy<A, R> {
  return function policy(action) {
    checkAction(arguments)
    const id = `${engine}(${action})`
    return { id, mayVeto: true, evaluate: ({ auth, resource, signal }) => decide({ auth, action, resource }, signal) }
  }
}

/** @throws TypeError when `args`, of `engine.policy(action)`, are anything but the name of one action. */
export function checkAction(args: ArrayLike<unknown>): void {
  checkArgumentCount('engine.policy()', args, 1)
  if (typeof args[0] === 'string' && args[0] !== '') return
  throw new TypeError('engine.policy() needs the name of an action.')
}

/** The reasons of a decision by `rules`: their ids. */
export function reasonsFor(rules: readonly string[]): { readonly reasons?: readonly Reason[] } {
  return rules.length > 0 ? { reasons: rules.map((code) => ({ code })) } : {}
}

/** The own member `name` of `value`: an inherited member is no answer of an engine. */
export function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

// A policy decision point on the network: bounded in time and size, over https, without redirects. A failure is never its "no".

/** The way to a policy decision point. */
export interface DecisionPointOptions {
  /** How long one answer may take, in milliseconds, its last byte included. Default 1000. */
  readonly timeoutMs?: number
  /** Further header lines of each request, such as its `Authorization`. Never the caller's token. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the platform's `fetch`, read at each call. */
  readonly fetch?: Fetch
}

/** Posts a question and resolves to the answer. Rejects without an answer. */
export type Ask = (url: string, body: JsonObject, signal: AbortSignal | undefined) => Promise<JsonObject>

const maxBytes = 1_048_576

export const decisionPointOptionNames = ['timeoutMs', 'headers', 'fetch'] as const

/** @throws TypeError for options that can never work. */
export function createAsk(options: DecisionPointOptions): Ask {
  const { timeoutMs = 1000, headers = {}, fetch = platformFetch } = options
  checkNumber('timeoutMs', timeoutMs, 1, 60_000)
  checkFunction('fetch', fetch)
  const sent = readHeaders(headers)
  return async (url, body, signal = new AbortController().signal) => {
    // A question changes nothing at a decision point, so a broken connection is tried once more.
    return fetchStrictJson(url, { fetch, timeoutMs, maxBytes, signal, retry: true, body, headers: sent })
  }
}

/** @throws TypeError without the values: a credential stands among them. */
function readHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(new Headers(headers))
  } catch {
    throw new TypeError(
      'headers must be header lines by name, such as { authorization: … }: no name or value may hold a line break.',
    )
  }
}

/** `address` itself. @throws TypeError when it is no https URL. Plain http is for this machine only. */
export function checkedAddress(name: string, address: unknown): string {
  checkString(name, address)
  const url = parseUrl(address)
  if (url && isSecureEnough(url, false) && !hasLogin(url) && url.hash === '') return address
  throw new TypeError(`${name} must be an https URL (plain http is for this machine only), not '${address}'.`)
}
