// Reads the answer of an AuthZEN decision point: its decision, its reasons, and a step-up that would help.
import { isJsonObject } from '../../internal/json.ts'
import { type Decision, type Reason, type Unmet, unavailable } from '../decision.ts'
import { own } from './engine.ts'

/** Only `true` permits and only `false` denies (§5.5); anything else, and either beside an error, is a fault of the decision point. */
export function decisionOf(answer: unknown): Decision {
  const decision = own(answer, 'decision')
  const context = own(answer, 'context')
  if (own(context, 'error') !== undefined) return unavailable(new Error('the decision point reported an error'))
  const obligations = [own(context, 'obligations') ?? []].flat() as readonly unknown[]
  if (decision === false) return { effect: 'deny', ...stepUpOf(context, obligations), ...reasonsOf(context) }
  // Obligations are mandatory, and none is understood here: a permission that depends on one is none (draft profile).
  if (decision === true && obligations.length > 0) return { effect: 'deny', reasons: [{ code: 'obligation-unknown' }] }
  if (decision === true) return { effect: 'allow', ...reasonsOf(context) }
  return unavailable(new Error('the decision point answered neither true nor false'))
}

/** The reasons for administrators, by their code. */
function reasonsOf(context: unknown): { readonly reasons?: readonly Reason[] } {
  const told = own(context, 'reason_admin')
  if (!isJsonObject(told)) return {}
  return { reasons: Object.entries(told).map(([code, message]) => ({ code, message: String(message) })) }
}

/** From an obligation (draft profile) or from the context itself. */
function stepUpOf(context: unknown, obligations: readonly unknown[]): { readonly unmet?: readonly Unmet[] } {
  const duty = obligations.find((one) => own(one, 'type') === 'step-up')
  const wanted = own(duty, 'properties') ?? duty ?? context
  const acrs = [own(wanted, 'acr_values') ?? own(wanted, 'acr_value') ?? []].flat() as readonly unknown[]
  const acrValues = acrs.flatMap((one) => String(one).split(' '))
  const maxAge = own(wanted, 'max_age')
  if (acrValues.length === 0 && typeof maxAge !== 'number') return {}
  const step = {
    ...(acrValues.length > 0 && { acrValues }),
    ...(typeof maxAge === 'number' && { maxAgeSeconds: maxAge }),
  }
  return { unmet: [{ kind: 'step-up', ...step }] }
}
