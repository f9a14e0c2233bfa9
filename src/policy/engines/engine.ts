// What the engines share: what is asked of one, and how the rules that it names become reasons and help.
import { type Fetch, fetchStrictJson, platformFetch } from '../../internal/fetch-json.ts'
import { isJsonObject, type JsonObject } from '../../internal/json.ts'
import { checkArgumentCount, checkFunction, checkNumber, checkString } from '../../internal/options.ts'
import { hasLogin, isSecureEnough, parseUrl } from '../../internal/urls.ts'
import type { Reason } from '../decision.ts'
import { copyRequirements, declaredRequirements, type Requirement } from '../requirements.ts'

/** What an engine's mapping makes its request of. Never put `auth.token` into it. */
export interface EngineQuery<out A = unknown, out R = unknown> {
  readonly auth: A
  /** As given to `engine.policy(action)`. */
  readonly action: string
  readonly resource: R
}

/** What would lift a denial by the rule of that id. */
export type MissingByRule = Readonly<Record<string, readonly Requirement[]>>

/** @throws TypeError when a rule is mapped to anything but a list of what a client could fetch. */
export function readMissingByRule(missing: MissingByRule = {}): ReadonlyMap<string, readonly Requirement[]> {
  return new Map(Object.entries(missing).map(([rule, list]) => [rule, declaredRequirements(...copyRequirements(list))]))
}

/** The `missing` of a denial by `rules`: all of them must be such that the client can do something about them. */
export function missingBy(
  rules: readonly string[],
  known: ReadonlyMap<string, readonly Requirement[]>,
): { readonly missing?: readonly Requirement[] } {
  const lists = rules.map((rule) => known.get(rule) ?? [])
  return lists.length > 0 && lists.every(({ length }) => length > 0) ? { missing: lists.flat() } : {}
}

/** @throws TypeError when `args`, of `engine.policy(action)`, are anything but the name of one action. */
export function checkAction(args: ArrayLike<unknown>): void {
  checkArgumentCount('engine.policy()', args, 1)
  const action = args[0]
  if (typeof action !== 'string' || action === '') throw new TypeError('engine.policy() needs the name of an action.')
}

/** The ids of the rules that decided. */
export function reasonsFor(rules: readonly string[]): { readonly reasons?: readonly Reason[] } {
  return rules.length > 0 ? { reasons: rules.map((code) => ({ code })) } : {}
}

/** A member that `value` itself has: what every object inherits is no answer of an engine. */
export function own(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

// A policy decision point on the network: bounded in time and size, over https, without redirects. What goes wrong is never
// its "no".

/** How a policy decision point is reached. */
export interface DecisionPointOptions {
  /** How long one answer may take, in milliseconds, its last byte included. Default 1000. */
  readonly timeoutMs?: number
  /** More header lines of each request, such as the `Authorization` that it wants. Never the caller's token. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the platform's `fetch`, read at each call. */
  readonly fetch?: Fetch
}

/** Posts a question and resolves to the answer. Rejects when there is none. */
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
    // Asking twice changes nothing at a decision point, so a broken connection is tried once more.
    return fetchStrictJson(url, { fetch, timeoutMs, maxBytes, signal, retry: true, body, headers: sent })
  }
}

/** @throws TypeError without what it is about: a credential stands among these. */
function readHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(new Headers(headers))
  } catch {
    throw new TypeError(
      'headers must be header lines by name, such as { authorization: … }: no name or value may hold a line break.',
    )
  }
}

/** `address` itself. @throws TypeError when it is no https URL, or plain http beyond this machine. */
export function checkedAddress(name: string, address: unknown): string {
  checkString(name, address)
  const url = parseUrl(address)
  if (url && isSecureEnough(url, false) && !hasLogin(url) && url.hash === '') return address
  throw new TypeError(`${name} must be an https URL (plain http is for this machine only), not '${address}'.`)
}
