// The answer of a policy, its trace for people, and the strict way to read both: only a literal `allow` ever allows.
import { printable } from '../internal/json.ts'
import { checkBoolean } from '../internal/options.ts'
import { copyRequirements, type Requirement } from './requirements.ts'

/** The reason of a decision: the id of the rule, for logs and tests. Never for the client. */
export interface Reason {
  readonly code: string
  readonly message?: string
}

/** The policies that were evaluated, in order, with their results. For logs and tests, never for the client. */
export interface Trace {
  readonly policy: string
  readonly effect: Decision['effect']
  readonly veto?: boolean
  readonly reasons?: readonly Reason[]
  readonly children: readonly Trace[]
}

interface Explained {
  readonly reasons?: readonly Reason[]
  /** Present when `explain` asked for it. */
  readonly trace?: Trace
}

/** A policy's answer. Nothing but `allow` ever lets a request through. */
export type Decision =
  | ({ readonly effect: 'allow' } & Explained)
  /**
   * The policy's "no". `missing` lists the grants that would turn it into a "yes"; without it nothing would help. A `veto`
   * outweighs the "yes" of every other policy, and `not` does not turn it round.
   */
  | ({ readonly effect: 'deny'; readonly missing?: readonly Requirement[]; readonly veto?: boolean } & Explained)
  /** The policy could not tell. Never becomes an allowance, not through `not` either. */
  | ({
      readonly effect: 'indeterminate'
      readonly cause?: unknown
      /**
       * `temporary`: something could not be reached, and asking again may help (503). `incomplete`: the token leaves facts
       * out, or an engine sets a condition that is not understood. Asking again then never helps (403). Without a kind the
       * policy itself is broken (503).
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
  const isDecision = typeof answer === 'object' && answer !== null && Object.hasOwn(answer, 'effect')
  const decision = isDecision ? copyDecision(answer as Members) : undefined
  if (!decision) throw new TypeError('A policy answered neither true, false nor a decision.')
  const { reasons } = answer as Members
  if (reasons !== undefined) decision.reasons = copyReasons(reasons)
  return decision
}

function copyDecision(answer: Members): Writable<Decision> | undefined {
  const { effect } = answer
  if (effect === 'allow') return { effect }
  if (effect === 'deny') return copyDenial(answer)
  return effect === 'indeterminate' ? copyIndeterminate(answer) : undefined
}

// Written member by member: this runs for every decision of every request.
function copyDenial({ missing, veto }: Members): Writable<Decision> {
  if (veto !== undefined) checkBoolean('veto', veto)
  const decision: Writable<Extract<Decision, { effect: 'deny' }>> = { effect: 'deny' }
  if (missing !== undefined) decision.missing = copyRequirements(missing)
  if (veto === true) decision.veto = true
  return decision
}

function copyIndeterminate({ cause, kind, retryAfterSeconds: seconds, mayVeto }: Members): Writable<Decision> {
  return {
    effect: 'indeterminate',
    cause,
    ...((kind === 'temporary' || kind === 'incomplete') && { kind }),
    // At most a day, so that a header can state it as a number of seconds.
    ...(typeof seconds === 'number' && seconds >= 0 && seconds <= 86_400 && { retryAfterSeconds: seconds }),
    ...(mayVeto === true && { mayVeto }),
  }
}

function copyReasons(reasons: unknown): readonly Reason[] {
  if (!Array.isArray(reasons)) throw malformedReasons()
  return Array.from(reasons, ({ code, message }: Members) => {
    if (typeof code !== 'string' || (message !== undefined && typeof message !== 'string')) throw malformedReasons()
    return message === undefined ? { code } : { code, message }
  })
}

function malformedReasons(): TypeError {
  return new TypeError("reasons is a list such as [{ code: 'owner', message: 'not hers' }].")
}

/** Writes `trace` as a table: one line for each policy that was asked, in order, members indented below their composition. */
export function formatTrace(trace: Trace): string {
  const rows = rowsOf(trace, 0)
  const width = Math.max(...rows.map(([effect]) => effect.length))
  return rows.map(([effect, policy]) => `${effect.padEnd(width)}  ${policy}`).join('\n')
}

function rowsOf(trace: Trace, depth: number): readonly (readonly [string, string])[] {
  const { policy, effect, veto, reasons = [], children } = trace
  // The name of a composition only repeats the names of its members, and so do its reasons.
  const name = children.length > 0 ? policy.replace(/\(.*$/s, '') : policy
  const why = reasons.map(({ code, message }) => (message === undefined ? code : `${code}: ${message}`)).join('; ')
  const text = children.length > 0 || reasons.length === 0 ? name : `${name} because ${why}`
  const row = [veto ? 'veto' : effect, `${'  '.repeat(depth)}${printable(text)}`] as const
  return [row, ...children.flatMap((child) => rowsOf(child, depth + 1))]
}
