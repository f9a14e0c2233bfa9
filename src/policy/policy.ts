// A policy: one question about a verified caller, answered by a decision. Policies know nothing of HTTP.

/** What would turn a denial into an allowance. The challenge is compiled from it; policies never write headers. */
export type Unmet = { readonly kind: 'scope'; readonly scopes: readonly string[] }

/** A policy's answer. Nothing but `allow` ever lets a request through. */
export type Decision =
  | { readonly effect: 'allow' }
  /** The policy's "no". `unmet` says what the client could fetch to get a "yes"; without it nothing would help. */
  | { readonly effect: 'deny'; readonly unmet?: readonly Unmet[] }
  /** The policy could not tell. Never becomes an allowance, not through `not` either. */
  | { readonly effect: 'indeterminate'; readonly cause?: unknown }

/** What a policy is asked: the caller, and the thing the caller wants, where there is one already. */
export interface PolicyQuery<out A = unknown, out R = unknown> {
  readonly auth: A
  readonly resource: R
}

/**
 * Decides. `A` is what the policy needs to know of the caller and `R` of the resource; whoever asks must have both, or
 * the call does not compile.
 */
export interface Policy<in A = unknown, in R = unknown> {
  /** Names the policy in logs, such as `scope(Orders.Read)`. */
  readonly id: string
  /** What every caller must bring, known before any token is: it goes into the challenge of a request without one. */
  readonly requires?: readonly Unmet[]
  readonly evaluate: (query: PolicyQuery<A, R>) => Decision | PromiseLike<Decision>
}

type Answer = boolean | Decision

/** A bare function as a policy: `true` allows, `false` denies. */
export type PolicyFunction<A = unknown, R = unknown> = (query: PolicyQuery<A, R>) => Answer | PromiseLike<Answer>

/** Anything that can stand where a policy is expected. */
export type PolicyLike<A = unknown, R = unknown> = Policy<A, R> | PolicyFunction<A, R>

// scope-token of RFC 6749 §3.3: anything else could never be granted, or would break out of the challenge.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Makes a policy from a function and gives it a name for logs.
 *
 * @throws TypeError when the name or the function is missing.
 * @example const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => resource.owner === auth.principal.key)
 */
export function policy<A, R>(id: string, evaluate: PolicyFunction<A, R>): Policy<A, R> {
  if (typeof id !== 'string' || id === '') throw new TypeError('policy() needs a name for the policy.')
  if (typeof evaluate !== 'function') throw new TypeError(`policy('${id}') needs a function that decides.`)
  return { id, evaluate: (query) => whenSettled(() => evaluate(query), decisionOf) }
}

/** The policy that `like` is, or stands for. @throws TypeError when it is neither a function nor a well-formed policy. */
export function toPolicy<A, R>(like: PolicyLike<A, R>): Policy<A, R> {
  if (typeof like === 'function') return policy(like.name || 'function', like)
  if (typeof like === 'object' && like !== null && typeof like.evaluate === 'function') {
    if (like.requires !== undefined) copyOf(like.requires)
    return like
  }
  throw new TypeError('A policy must be an object with evaluate(), such as scope(…) makes, or a function.')
}

/**
 * Asks `policy` and makes sure that the answer is a decision: what throws, rejects, or answers anything else is
 * `indeterminate`. Stays synchronous where the policy is. The decision is a copy: what its maker or a reader does to it
 * later changes nothing for others.
 */
export function evaluate<A, R>(policy: Policy<A, R>, query: PolicyQuery<A, R>): Decision | Promise<Decision> {
  return whenSettled(() => policy.evaluate(query), checkedDecision)
}

/** Runs `start`, then `next` with what it gave, now or later. A throw or rejection of `start` is indeterminate. */
export function whenSettled<T>(
  start: () => T | PromiseLike<T>,
  next: (value: T) => Decision | Promise<Decision>,
): Decision | Promise<Decision> {
  try {
    const value = start()
    if (isThenable(value)) return Promise.resolve(value).then(next).catch(indeterminate)
    return next(value)
  } catch (cause) {
    return indeterminate(cause)
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function indeterminate(cause: unknown): Decision {
  return { effect: 'indeterminate', cause }
}

function decisionOf(answer: unknown): Decision {
  return typeof answer === 'boolean' ? yesOrNo(answer) : checkedDecision(answer)
}

/** The decision that `true` and `false` stand for. @throws TypeError for anything else. */
export function yesOrNo(answer: unknown): Decision {
  if (answer === true) return { effect: 'allow' }
  if (answer === false) return { effect: 'deny' }
  throw new TypeError('A policy answered neither true nor false.')
}

/** Reads each member once, since a getter may change its mind, and takes no `effect` that an object inherits. */
function checkedDecision(answer: unknown): Decision {
  if (typeof answer === 'object' && answer !== null && Object.hasOwn(answer, 'effect')) {
    const { effect } = answer as Decision
    if (effect === 'allow') return { effect }
    if (effect === 'deny') return denial((answer as { unmet?: unknown }).unmet)
    if (effect === 'indeterminate') return indeterminate((answer as { cause?: unknown }).cause)
  }
  throw new TypeError('A policy answered neither true, false nor a decision.')
}

function denial(unmet: unknown): Decision {
  return unmet === undefined ? { effect: 'deny' } : { effect: 'deny', unmet: copyOf(unmet) }
}

/** @throws TypeError when `list` is anything but a list of what a client could fetch. */
function copyOf(list: unknown): readonly Unmet[] {
  if (!Array.isArray(list)) throw malformedUnmet()
  return Array.from(list, ({ kind, scopes }: { kind?: unknown; scopes?: unknown }) => {
    if (kind !== 'scope' || !Array.isArray(scopes)) throw malformedUnmet()
    return { kind, scopes: Array.from(scopes, checkedScope) }
  })
}

function malformedUnmet(): TypeError {
  return new TypeError("unmet and requires are lists such as [{ kind: 'scope', scopes: ['Orders.Read'] }].")
}

/** `scope` itself. @throws TypeError when it is not one scope. */
export function checkedScope(scope: unknown): string {
  if (typeof scope === 'string' && scopeToken.test(scope)) return scope
  throw new TypeError(`'${String(scope)}' can be no scope: one scope is printable ASCII without space, " and \\.`)
}
