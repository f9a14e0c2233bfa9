// A policy: one question about a verified caller, answered by a decision. Policies know nothing of HTTP.
// Policies that answer at once are asked synchronously. A promise where none is needed costs more than many checks.
import { createNotes } from '../internal/freeze.ts'
import { ownMember } from '../internal/json.ts'
import { isPromise, isThenable, type MaybePromise } from '../internal/maybe-promise.ts'
import { checkArgumentCount, checkBoolean, checkOptions } from '../internal/options.ts'
import { checkedDecision, type Decision, indeterminate, type Trace, yesOrNo } from './decision.ts'
import { copyRequirements, type Requirement } from './requirements.ts'

/** The question to a policy: the caller, and the thing that the caller wants, where it is loaded already. */
export interface PolicyQuery<out A = unknown, out R = unknown> {
  readonly auth: A
  readonly resource: R
  /** Aborts when the answer is not needed any more. */
  readonly signal?: AbortSignal
  /** Takes the trace of every policy that `evaluate` asks. Not for policies to use. */
  readonly explain?: Trace[]
}

/**
 * Decides. `A` is what the policy needs to know of the caller and `R` of the resource. A call that lacks one of them does
 * not compile.
 */
export interface Policy<in A = unknown, in R = unknown> {
  /** Names the policy in logs, such as `scope(Orders.Read)`. */
  readonly id: string
  /** The requirements on every caller, known without a token. They stand in the challenge of a request that has none. */
  readonly requires?: readonly Requirement[]
  /** Says that the policy may answer with a `veto`. Combinators then ask it first, and always. */
  readonly mayVeto?: boolean
  readonly evaluate: (query: PolicyQuery<A, R>) => Decision | PromiseLike<Decision>
  /** Decides about many resources at once, in their order, where that costs less. */
  readonly evaluateAll?: (queries: readonly PolicyQuery<A, R>[]) => PromiseLike<readonly Decision[]>
}

type Answer = boolean | Decision

/** A bare function as a policy: `true` allows, `false` denies. */
export type PolicyFunction<A = unknown, R = unknown> = (query: PolicyQuery<A, R>) => Answer | PromiseLike<Answer>

/** A policy or a bare function: either can stand where a policy is expected. */
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
  checkOptions('policy()', arguments, ['mayVeto'], 2)
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
 * Checks what is given as a resource: a second policy there would be dropped without a word, and every caller that the first one allows let in.
 *
 * @throws TypeError for a function, and for an object with an `evaluate` of its own.
 */
export function checkResource(resource: unknown): void {
  const own: unknown = typeof resource === 'function' ? resource : ownMember(Object(resource), 'evaluate')
  if (typeof own === 'function') throw new TypeError('A policy is no resource: use allOf().')
}

/**
 * Asks `policy` and makes sure that the answer is a decision: a throw, a rejection or any other answer is `indeterminate`.
 * Stays synchronous where the policy is, and never rejects. The decision is a copy: later changes by its maker or a
 * reader do not reach others.
 *
 * @throws TypeError when `policy` is `undefined`, or neither an object nor a function, and for a third argument.
 */
export function evaluate<A, R>(policy: PolicyLike<A, R>, query: PolicyQuery<A, R>): Decision | Promise<Decision> {
  checkArgumentCount('evaluate()', arguments, 2)
  return ask(typeof policy === 'object' && policy !== null ? policy : toPolicy(policy), query)
}

/** `evaluate` for a policy that `toPolicy` has checked. */
export function ask<A, R>(policy: Policy<A, R>, query: PolicyQuery<A, R>): MaybePromise<Decision> {
  return query.explain ? askTraced(policy, query, query.explain) : askPlainly(policy, query)
}

// Without a function made for each call: with them, a policy that answers at once took twice the time (140 ns, not 70).
function askPlainly<A, R>(policy: Policy<A, R>, query: PolicyQuery<A, R>): MaybePromise<Decision> {
  let mayVeto = true
  try {
    mayVeto = policy.mayVeto === true
    const answer = policy.evaluate(copyOf(query))
    return isThenable(answer) ? askAsync(policy, answer, mayVeto) : checkAnswer(policy, answer, mayVeto)
  } catch (cause) {
    return indeterminate(cause, mayVeto)
  }
}

/** A query of its own for each policy: no member of a composition can put another caller before the next. */
function copyOf<A, R>(query: PolicyQuery<A, R>): PolicyQuery<A, R> {
  const { auth, resource, signal, explain } = query
  return signal || explain ? { ...query } : { auth, resource }
}

async function askAsync(policy: object, answer: PromiseLike<Decision>, mayVeto: boolean): Promise<Decision> {
  try {
    return checkAnswer(policy, await answer, mayVeto)
  } catch (cause) {
    return indeterminate(cause, mayVeto)
  }
}

// Not a member of the policies, so that none can pretend to be one.
const compositions = createNotes<true>()

/** Marks a policy that is made of others: it reports exactly whether a veto is still possible. */
export function composed<P extends Policy<never, never>>(policy: P): P {
  compositions.set(policy, true)
  return policy
}

/** A member of a composition, and whether it may veto. */
export interface AskedMember {
  readonly policy: Policy
  /** Read once, when the composition is made: a later change, or a getter of two minds, counts for nothing. */
  readonly mayVeto: boolean
}

/** @throws TypeError when `like` is no policy, and when its `mayVeto` is no boolean: one that is truthy would be asked too late. */
export function readMember(like: PolicyLike<never, never>): AskedMember {
  const policy = toPolicy(like) as Policy
  const { mayVeto = false } = policy
  checkBoolean('mayVeto', mayVeto)
  return { policy, mayVeto }
}

/** Asks a member of a composition. One that was changed since and then fails might still have meant to veto. */
export function askMember({ policy, mayVeto }: AskedMember, query: PolicyQuery): MaybePromise<Decision> {
  const decision = ask(policy, query)
  if (!mayVeto || compositions.get(policy)) return decision
  const marked = (answer: Decision): Decision =>
    answer.effect === 'indeterminate' && !answer.mayVeto ? { ...answer, mayVeto } : answer
  return isPromise(decision) ? decision.then(marked) : marked(decision)
}

/** Any other policy that may veto might have meant to, when it could not tell. */
function checkAnswer(policy: object, answer: unknown, mayVeto: boolean): Decision {
  const decision = checkedDecision(answer)
  if (decision.effect === 'indeterminate' && mayVeto && !compositions.get(policy)) return { ...decision, mayVeto }
  if (decision.effect !== 'deny' || !decision.veto || mayVeto) return decision
  // Another policy may have allowed before this one was asked: an unannounced veto must not look as if it always counted.
  return indeterminate(new TypeError('A policy that answers with a veto (veto) must say mayVeto: true.'), true)
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
    // A policy without a usable name is explained all the same.
    const name = typeof policy.id === 'string' ? policy.id : 'unnamed'
    traces.push({ policy: name, effect, ...(veto && { veto }), ...(reasons && { reasons }), children })
    return settled
  }
  return isPromise(decision) ? decision.then(traced) : traced(decision)
}

/** Calls `next` with the value of `start`, synchronously unless it is a promise. A throw or rejection is indeterminate. */
export function whenSettled<T>(
  start: () => T | PromiseLike<T>,
  next: (value: T) => MaybePromise<Decision>,
): MaybePromise<Decision> {
  try {
    const value = start()
    if (!isThenable(value)) return next(value)
    return Promise.resolve(value)
      .then(next)
      .catch((cause: unknown) => indeterminate(cause))
  } catch (cause) {
    return indeterminate(cause)
  }
}

function decisionOf(answer: unknown): Decision {
  return typeof answer === 'boolean' ? yesOrNo(answer) : checkedDecision(answer)
}
