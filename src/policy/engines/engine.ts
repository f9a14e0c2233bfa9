// What the engines share: what is asked of one, and how the rules that it names become reasons and help.
import { isJsonObject } from '../../internal/json.ts'
import { checkArgumentCount } from '../../internal/options.ts'
import type { Reason } from '../decision.ts'
import { copyUnmet, declaredUnmet, type Unmet } from '../unmet.ts'

/** What an engine's mapping makes its request of. Never put `auth.token` into it. */
export interface EngineQuery<out A = unknown, out R = unknown> {
  readonly auth: A
  /** As given to `engine.policy(action)`. */
  readonly action: string
  readonly resource: R
}

/** What would lift a denial by the rule of that id. */
export type UnmetByRule = Readonly<Record<string, readonly Unmet[]>>

/** @throws TypeError when a rule is mapped to anything but a list of what a client could fetch. */
export function readUnmetByRule(unmet: UnmetByRule = {}): ReadonlyMap<string, readonly Unmet[]> {
  return new Map(Object.entries(unmet).map(([rule, list]) => [rule, declaredUnmet(...copyUnmet(list))]))
}

/** The `unmet` of a denial by `rules`: all of them must be such that the client can do something about them. */
export function unmetBy(
  rules: readonly string[],
  known: ReadonlyMap<string, readonly Unmet[]>,
): { readonly unmet?: readonly Unmet[] } {
  const lists = rules.map((rule) => known.get(rule) ?? [])
  return lists.length > 0 && lists.every(({ length }) => length > 0) ? { unmet: lists.flat() } : {}
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
