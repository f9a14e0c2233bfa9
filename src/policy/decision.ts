// What a policy answers. Read strictly: nothing but a literal `allow` ever allows.
import { copyRequirements, type Requirement } from './missing.ts'

/** Why a policy decided as it did: the id of the rule, for logs and tests. Never for the client. */
export interface Reason {
  readonly code: string
  readonly message?: string
}

/** What was evaluated, in order, and how it went. For logs and tests, never for the client. */
export interface Trace {
  readonly policy: string
  readonly effect: Decision['effect']
  readonly veto?: boolean
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
   * The policy's "no". `missing` says what the client could fetch to get a "yes"; without it nothing would help. `veto`
   * is a veto: no other policy's "yes" outweighs it, and `not` does not turn it round.
   */
  | ({ readonly effect: 'deny'; readonly missing?: readonly Requirement[]; readonly veto?: boolean } & Explained)
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
function denial({ missing, veto }: Members): Writable<Decision> {
  if (veto !== undefined && typeof veto !== 'boolean') throw new TypeError('veto must be true or false.')
  const decision: Writable<Extract<Decision, { effect: 'deny' }>> = { effect: 'deny' }
  if (missing !== undefined) decision.missing = copyRequirements(missing)
  if (veto === true) decision.veto = true
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
