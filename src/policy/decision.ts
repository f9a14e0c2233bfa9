// What a policy answers, and what would change the answer. Read strictly: nothing but a literal `allow` ever allows.
import { deepFreeze } from '../internal/deep-freeze.ts'

/** What would turn a denial into an allowance. The challenge is compiled from it; policies never write headers. */
export type Unmet =
  | { readonly kind: 'scope'; readonly scopes: readonly string[] }
  /** A better or more recent login (RFC 9470): one of `acrValues`, at most `maxAgeSeconds` ago, where 0 asks for a login now. */
  | { readonly kind: 'step-up'; readonly acrValues?: readonly string[]; readonly maxAgeSeconds?: number }
  /** An authentication context of Entra Conditional Access, such as `c1`. */
  | { readonly kind: 'authentication-context'; readonly context: string }
  /** A grant of one of these types (RFC 9396). No challenge can name it, so the client is told of nothing. */
  | { readonly kind: 'authorization-details'; readonly types: readonly string[] }

/** Why a policy decided as it did: the id of the rule, for logs and tests. Never for the client. */
export interface Reason {
  readonly code: string
  readonly message?: string
}

/** What was evaluated, in order, and how it went. For logs and tests, never for the client. */
export interface Trace {
  readonly policy: string
  readonly effect: Decision['effect']
  readonly final?: boolean
  readonly reasons?: readonly Reason[]
  readonly children: readonly Trace[]
}

interface Explained {
  readonly reasons?: readonly Reason[]
  /** There when it was asked for with `explain`. */
  readonly trace?: Trace
}

/** A policy's answer. Nothing but `allow` ever lets a request through. */
export type Decision =
  | ({ readonly effect: 'allow' } & Explained)
  /**
   * The policy's "no". `unmet` says what the client could fetch to get a "yes"; without it nothing would help. `final`
   * is a veto: no other policy's "yes" outweighs it, and `not` does not turn it round.
   */
  | ({ readonly effect: 'deny'; readonly unmet?: readonly Unmet[]; readonly final?: boolean } & Explained)
  /** The policy could not tell. Never becomes an allowance, not through `not` either. */
  | ({
      readonly effect: 'indeterminate'
      readonly cause?: unknown
      /**
       * `temporary`: something could not be reached, and asking again may help (503). `incomplete`: the token leaves facts
       * out, or an engine sets a condition that nobody understands, and asking again never helps (403). Without a kind the policy itself is broken (503).
       */
      readonly kind?: 'temporary' | 'incomplete'
      /** When to ask again. Default 1. */
      readonly retryAfterSeconds?: number
      /** The answer might have been a veto, so no allowance outweighs it. Set for policies that may veto. */
      readonly mayVeto?: boolean
    } & Explained)

/** "No error code is registered" for a grant, and insufficient_scope would mislead (RFC 9396 §9): no challenge asks for one. */
export function canBeAskedFor({ kind }: Unmet): boolean {
  return kind !== 'authorization-details'
}

// scope-token of RFC 6749 §3.3: anything else could never be granted, or would break out of the challenge.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const authenticationContext = /^c[1-9][0-9]?$/

/** A decision that could not be made. */
export function indeterminate(cause: unknown, mayVeto = false): Decision {
  return mayVeto ? { effect: 'indeterminate', cause, mayVeto } : { effect: 'indeterminate', cause }
}

/** A decision that could not be made because something is out of reach for now. */
export function unavailable(cause: unknown): Decision {
  return { effect: 'indeterminate', kind: 'temporary', cause }
}

/** The decision that `true` and `false` stand for. @throws TypeError for anything else. */
export function yesOrNo(answer: unknown): Decision {
  if (answer === true) return { effect: 'allow' }
  if (answer === false) return { effect: 'deny' }
  throw new TypeError('A policy answered neither true nor false.')
}

type Members = Readonly<Record<string, unknown>>
type Writable<D> = { -readonly [name in keyof D]: D[name] }

/** Reads each member once, since a getter may change its mind, and takes no `effect` that an object inherits. */
export function checkedDecision(answer: unknown): Decision {
  if (typeof answer === 'object' && answer !== null && Object.hasOwn(answer, 'effect')) {
    const decision = decisionFrom((answer as Members).effect, answer as Members)
    if (decision) {
      const { reasons } = answer as Members
      if (reasons !== undefined) decision.reasons = copyReasons(reasons)
      return decision
    }
  }
  throw new TypeError('A policy answered neither true, false nor a decision.')
}

function decisionFrom(effect: unknown, members: Members): Writable<Decision> | undefined {
  if (effect === 'allow') return { effect }
  if (effect === 'deny') return denial(members)
  return effect === 'indeterminate' ? doubt(members) : undefined
}

// Written member by member: this runs for every decision of every request.
function denial({ unmet, final }: Members): Writable<Decision> {
  if (final !== undefined && typeof final !== 'boolean') throw new TypeError('final must be true or false.')
  const decision: Writable<Extract<Decision, { effect: 'deny' }>> = { effect: 'deny' }
  if (unmet !== undefined) decision.unmet = copyUnmet(unmet)
  if (final === true) decision.final = true
  return decision
}

function doubt({ cause, kind, retryAfterSeconds, mayVeto }: Members): Writable<Decision> {
  return {
    effect: 'indeterminate',
    cause,
    ...((kind === 'temporary' || kind === 'incomplete') && { kind }),
    ...(isSensible(retryAfterSeconds) && { retryAfterSeconds }),
    ...(mayVeto === true && { mayVeto }),
  }
}

/** At most a day, so that it stands in a header as a number of seconds. */
function isSensible(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= 86_400
}

function copyReasons(reasons: unknown): readonly Reason[] {
  if (!Array.isArray(reasons)) throw malformedReasons()
  return Array.from(reasons, ({ code, message }: { code?: unknown; message?: unknown }) => {
    if (typeof code !== 'string') throw malformedReasons()
    if (message === undefined) return { code }
    if (typeof message !== 'string') throw malformedReasons()
    return { code, message }
  })
}

function malformedReasons(): TypeError {
  return new TypeError("reasons is a list such as [{ code: 'owner', message: 'not hers' }].")
}

/** Lists that were checked and frozen once, so that they need not be copied for every denial. */
const checkedLists = new WeakSet<object>()

/** `list` as rules keep it: checked, and frozen all the way down. @throws TypeError as `copyUnmet` does. */
export function declaredUnmet(...list: readonly Unmet[]): readonly Unmet[] {
  const declared = deepFreeze(copyUnmet(list))
  checkedLists.add(declared)
  return declared
}

/** @throws TypeError when `list` is anything but a list of what a client could fetch. */
export function copyUnmet(list: unknown): readonly Unmet[] {
  if (!Array.isArray(list)) throw malformedUnmet()
  if (checkedLists.has(list)) return list as readonly Unmet[]
  return Array.from(list, (one: Readonly<Record<string, unknown>>) => {
    const { kind } = one
    if (kind === 'scope') return { kind, scopes: copyList(one.scopes, checkedScope) }
    if (kind === 'step-up') return copyStepUp(one)
    if (kind === 'authentication-context') return { kind, context: checkedContext(one.context) }
    if (kind === 'authorization-details') return { kind, types: copyList(one.types, checkedType) }
    throw malformedUnmet()
  })
}

function copyStepUp(one: Readonly<Record<string, unknown>>): Unmet {
  const { acrValues, maxAgeSeconds } = one
  if (acrValues === undefined && maxAgeSeconds === undefined) throw malformedUnmet()
  return {
    kind: 'step-up',
    ...(acrValues !== undefined && { acrValues: copyList(acrValues, checkedAcr) }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds: checkedMaxAge(maxAgeSeconds) }),
  }
}

/** Not an empty one: a challenge that names nothing would send the client round in circles. */
function copyList(list: unknown, check: (item: unknown) => string): readonly string[] {
  if (!Array.isArray(list) || list.length === 0) throw malformedUnmet()
  return Array.from(list, check)
}

function malformedUnmet(): TypeError {
  return new TypeError("unmet and requires are lists such as [{ kind: 'scope', scopes: ['Orders.Read'] }].")
}

/** `scope` itself. @throws TypeError when it is not one scope. */
export function checkedScope(scope: unknown): string {
  if (typeof scope === 'string' && scopeToken.test(scope)) return scope
  throw new TypeError(`'${String(scope)}' can be no scope: one scope is printable ASCII without space, " and \\.`)
}

function checkedType(type: unknown): string {
  if (typeof type === 'string' && type !== '') return type
  throw malformedUnmet()
}

/** `acr` itself. @throws TypeError when `acr_values` could not name it (RFC 9470 §3: separated by spaces). */
export function checkedAcr(acr: unknown): string {
  if (typeof acr === 'string' && scopeToken.test(acr)) return acr
  throw new TypeError(`'${String(acr)}' can be no acr value: one is printable ASCII without space, " and \\.`)
}

/** `seconds` itself. @throws TypeError when it is no "non-negative integer" (RFC 9470 §3). */
export function checkedMaxAge(seconds: unknown): number {
  if (Number.isSafeInteger(seconds) && (seconds as number) >= 0) return seconds as number
  throw new TypeError(`maxAgeSeconds must be a whole number of seconds, not ${String(seconds)}.`)
}

/** `context` in lower case. @throws TypeError when Entra has no such authentication context. */
export function checkedContext(context: unknown): string {
  const lower = typeof context === 'string' ? context.toLowerCase() : ''
  if (authenticationContext.test(lower)) return lower
  throw new TypeError(`'${String(context)}' is no authentication context: Entra names them c1 to c99.`)
}
