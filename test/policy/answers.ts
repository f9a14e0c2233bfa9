// Policies that answer with anything at all, and what becomes of the answer.
import type { Decision, PolicyFunction } from 'claimcheck/policy'
import { expect } from 'vitest'
import { evaluate, toPolicy } from '../../src/policy/policy.ts'

export const query: { readonly auth: object; readonly resource: undefined } = { auth: {}, resource: undefined }
export const allowed: Decision = { effect: 'allow' }
export const denied: Decision = { effect: 'deny' }
/** What every answer becomes that is none. */
export const undecided: unknown = { effect: 'indeterminate', cause: expect.any(TypeError) }

/** The decision on a policy object that answers with `answer`. */
export function decisionOfPolicy(answer: unknown): Decision | Promise<Decision> {
  return evaluate({ id: 'any', evaluate: () => answer as Decision }, query)
}

/** The decision on a bare function that answers with `answer`. */
export function decisionOfFunction(answer: unknown): Decision | Promise<Decision> {
  return evaluate(toPolicy((() => answer) as PolicyFunction), query)
}
