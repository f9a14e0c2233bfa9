// Reads the answer of an AuthZEN decision point: its decision, its reasons, and a step-up that would help.
import { isJsonObject } from '../../internal/json.ts'
import { type Decision, type Reason, unavailable } from '../decision.ts'
import { copyUnmet } from '../unmet.ts'
import { own } from './engine.ts'

/** Only `true` permits and only `false` denies (§5.5); anything else, and either beside an error, is a fault of the decision point. */
export function decisionOf(answer: unknown): Decision {
  const decision = own(answer, 'decision')
  const context = own(answer, 'context') ?? {}
  if (own(context, 'error') !== undefined) return unavailable(new Error('the decision point reported an error'))
  const obligations = [own(context, 'obligations') ?? []].flat() as readonly unknown[]
  if (decision === false) return denialOf(context, obligations)
  // What is no object may hold conditions that nobody can read.
  if (decision === true && !isJsonObject(context))
    return unavailable(new Error('the decision point permitted in a context that is no object'))
  if (decision === true && obligations.length > 0) return obligated()
  if (decision === true) return { effect: 'allow', ...told(reasonsOf(context)) }
  return unavailable(new Error('the decision point answered neither true nor false'))
}

/**
 * Obligations are mandatory, and none is understood here: a permission that depends on one is none (draft profile). It is no "no"
 * either, which `not` would turn round, and asking again does not help: the client gets a 403.
 */
function obligated(): Decision {
  const cause = new Error('the decision point permitted under an obligation, and none is understood')
  return { effect: 'indeterminate', kind: 'incomplete', cause, reasons: [{ code: 'obligation-unknown' }] }
}

/**
 * A denial stays one, whatever its context is like. A step-up that cannot be read is left out as a whole, since half of it might send
 * the client to a login that does not help, and a reason tells the operator.
 */
function denialOf(context: unknown, obligations: readonly unknown[]): Decision {
  const reasons = reasonsOf(context)
  try {
    const step = stepUpOf(context, obligations)
    return { effect: 'deny', ...(step && { unmet: copyUnmet([step]) }), ...told(reasons) }
  } catch {
    return { effect: 'deny', reasons: [...reasons, { code: 'step-up-unreadable' }] }
  }
}

/** The reasons for administrators, by their code. */
function reasonsOf(context: unknown): readonly Reason[] {
  const reasons = own(context, 'reason_admin')
  if (!isJsonObject(reasons)) return []
  return Object.entries(reasons).map(([code, message]) => (typeof message === 'string' ? { code, message } : { code }))
}

function told(reasons: readonly Reason[]): { readonly reasons?: readonly Reason[] } {
  return reasons.length > 0 ? { reasons } : {}
}

/** What an obligation (draft profile) or the context itself says of a better login, as yet unchecked. */
function stepUpOf(context: unknown, obligations: readonly unknown[]): object | undefined {
  const duty = obligations.find((one) => own(one, 'type') === 'step-up')
  const wanted = own(duty, 'properties') ?? duty ?? context
  const acrs = own(wanted, 'acr_values') ?? own(wanted, 'acr_value') ?? undefined
  const maxAgeSeconds = own(wanted, 'max_age') ?? undefined
  if (!duty && acrs === undefined && maxAgeSeconds === undefined) return undefined
  return { kind: 'step-up', acrValues: acrs === undefined ? undefined : acrValuesOf(acrs), maxAgeSeconds }
}

/** A list, or words with spaces between them (RFC 9470 §3). */
function acrValuesOf(acrs: unknown): readonly unknown[] {
  const list = [acrs].flat() as readonly unknown[]
  return list.flatMap((one) => (typeof one === 'string' ? one.split(' ') : [one]))
}
