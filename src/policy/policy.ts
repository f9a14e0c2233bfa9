// A policy: one question about a verified caller, answered by a decision. Policies know nothing of HTTP.
import { isPromise, isThenable } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkBoolean, checkOptionNames } from '../internal/options.ts'
import { createPrivateSlot } from '../internal/private-slot.ts'
import { checkedDecision, type Decision, indeterminate, type Trace, yesOrNo } from './decision.ts'
import { copyRequirements, type Requirement } from './missing.ts'

/** What a policy is asked: the caller, and the thing the caller wants, where there is one already. */
export interface PolicyQuery<out A = unknown, out R = unknown> {
  readonly auth: A
  readonly resource: R
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
  /** Where `evaluate` leaves a trace of every policy that was asked. Not for policies to use. */
  readonly explain?: Trace[]
}

/**
 * Decides. `A` is what the policy needs to know of the caller and `R` of the resource; whoever asks must have both, or
 * the call does not compile.
 */
export interface Policy<in A = unknown, in R = unknown> {
  /** Names the policy in logs, such as `scope(Orders.Read)`. */
  readonly id: string
  /** What every caller must bring, known before any token is: it goes into the challenge of a request without one. */
  readonly requires?: readonly Requirement[]
  /** Says that the policy may answer with a veto (`veto`): combinators then ask it first, and always. */
  readonly mayVeto?: boolean
  readonly evaluate: (query: PolicyQuery<A, R>) => Decision | PromiseLike<Decision>
  /** Decides about many resources at once, in their order, where that costs less. */
  readonly evaluateAll?: (queries: readonly PolicyQuery<A, R>[]) => PromiseLike<readonly Decision[]>
}

type Answer = boolean | Decision

/** A bare function as a policy: `true` allows, `false` denies. */
export type PolicyFunction<A = unknown, R = unknown> = (query: PolicyQuery<A, R>) => Answer | PromiseLike<Answer>

/** Anything that can stand where a policy is expected. */
export type PolicyLike<A = unknown, R = unknown> = Policy<A, R> | PolicyFunction<A, R>

/**
 * Makes a policy from a function and gives it a name for logs. One that may answer `{ effect: 'deny', veto: true }` says
 * so with `mayVeto`.
 *
 * @throws TypeError when the name or the function is missing, or for an option that it does not know.
 * @example const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => resource.owner === auth.principal.key)
 */
export function policy<A, R>(
  id: string,
  evaluate: PolicyFunction<A, R>,
  options: { readonly mayVeto?: boolean } = {},
): Policy<A, R> {
  checkArgumentCount('policy()', arguments, 3)
  checkOptionNames('policy()', options, ['mayVeto'])
  const { mayVeto = false } = options
  checkBoolean('mayVeto', mayVeto)
  if (typeof id !== 'string' || id === '') throw new TypeError('policy() needs a name for the policy.')
  if (typeof evaluate !== 'function') throw new TypeError(`policy('${id}') needs a function that decides.`)
  return { id, ...(mayVeto && { mayVeto }), evaluate: (query) => whenSettled(() => evaluate(query), decisionOf) }
}

/** The policy that `like` is, or stands for. @throws TypeError when it is neither a function nor a well-formed policy. */
export function toPolicy<A, R>(like: PolicyLike<A, R>): Policy<A, R> {
  if (typeof like === 'function') return policy(like.name || 'function', like)
  if (typeof like === 'object' && like !== null && typeof like.evaluate === 'function') {
    if (like.requires !== undefined) copyRequirements(like.requires)
    return like
  }
  if (like === undefined)
    throw new TypeError('The policy is undefined: its name is misspelt, or its module is not loaded yet.')
  throw new TypeError('A policy must be an object with evaluate(), such as scope(…) makes, or a function.')
}

/**
 * Asks `policy` and makes sure that the answer is a decision: what throws, rejects, or answers anything else is
 * `indeterminate`. Stays synchronous where the policy is, and never rejects. The decision is a copy: what its maker or a
 * reader does to it later changes nothing for others.
 *
 * @throws TypeError when `policy` is `undefined`, or neither an object nor a function.
 */
export function evaluate<A, R>(policy: PolicyLike<A, R>, query: PolicyQuery<A, R>): Decision | Promise<Decision> {
  return ask(typeof policy === 'object' && policy !== null ? policy : toPolicy(policy), query)
}

/** `evaluate` for who has a policy already. */
export function ask<A, R>(policy: Policy<A, R>, query: PolicyQuery<A, R>): Decision | Promise<Decision> {
  return query.explain ? askTraced(policy, query, query.explain) : askPlainly(policy, query)
}

function askPlainly<A, R>(policy: Policy<A, R>, query: PolicyQuery<A, R>): Decision | Promise<Decision> {
  let mayVeto = true
  try {
    mayVeto = policy.mayVeto === true
    const answer = policy.evaluate(copyOf(query))
    return isThenable(answer) ? askedLater(policy, answer, mayVeto) : verdict(policy, answer, mayVeto)
  } catch (cause) {
    return indeterminate(cause, mayVeto)
  }
}

/** Each policy gets its own, so that no member of a composition can put another caller before the next. */
function copyOf<A, R>(query: PolicyQuery<A, R>): PolicyQuery<A, R> {
  const { auth, resource, signal, explain } = query
  return signal || explain ? { ...query } : { auth, resource }
}

function askedLater(policy: object, answer: PromiseLike<Decision>, mayVeto: boolean): Promise<Decision> {
  return Promise.resolve(answer)
    .then((settled) => verdict(policy, settled, mayVeto))
    .catch((cause: unknown) => indeterminate(cause, mayVeto))
}

/** A composition reports exactly whether a veto is still open; of any other policy that may veto, it must be assumed. */
function verdict(policy: object, answer: unknown, mayVeto: boolean): Decision {
  const decision = checkedDecision(answer)
  if (decision.effect === 'allow') return decision
  if (decision.effect === 'indeterminate')
    return mayVeto && !compositions.get(policy) ? { ...decision, mayVeto } : decision
  if (!decision.veto || mayVeto) return decision
  // Others may have allowed before it was asked: a veto that comes unannounced must not look as if it always counted.
  return indeterminate(new TypeError('A policy that answers with a veto (veto) must say mayVeto: true.'), true)
}

const compositions = createPrivateSlot<true>()

/** Marks a policy that is made of others. */
export function composed<P extends Policy<never, never>>(policy: P): P {
  compositions.set(policy, true)
  return policy
}

function askTraced<A, R>(
  policy: Policy<A, R>,
  query: PolicyQuery<A, R>,
  traces: Trace[],
): Decision | Promise<Decision> {
  const children: Trace[] = []
  const decision = askPlainly(policy, { ...query, explain: children })
  const traced = (settled: Decision): Decision => {
    const { effect, reasons } = settled
    const veto = settled.effect === 'deny' && settled.veto
    traces.push({ policy: nameOf(policy), effect, ...(veto && { veto }), ...(reasons && { reasons }), children })
    return settled
  }
  return isPromise(decision) ? decision.then(traced) : traced(decision)
}

/** A policy without a usable name is explained all the same. */
function nameOf({ id }: { readonly id: string }): string {
  return typeof id === 'string' ? id : 'unnamed'
}

/** Runs `start`, then `next` with what it gave, now or later. A throw or rejection of `start` is indeterminate. */
export function whenSettled<T>(
  start: () => T | PromiseLike<T>,
  next: (value: T) => Decision | Promise<Decision>,
): Decision | Promise<Decision> {
  try {
    const value = start()
    if (isThenable(value)) return Promise.resolve(value).then(next).catch(indeterminateBy)
    return next(value)
  } catch (cause) {
    return indeterminate(cause)
  }
}

function indeterminateBy(cause: unknown): Decision {
  return indeterminate(cause)
}

function decisionOf(answer: unknown): Decision {
  return typeof answer === 'boolean' ? yesOrNo(answer) : checkedDecision(answer)
}
