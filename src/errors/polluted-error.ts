// The refusal of every request while Object.prototype is polluted.
import { pollutedMember } from '../internal/prototype.ts'
import { printable } from '../internal/json.ts'
import { AuthError } from './auth-error.ts'

/** The error to refuse with, where other code has given every object a member. */
export function pollutedError(): AuthError | undefined {
  const name = pollutedMember()
  if (name === undefined) return undefined
  const hint = `Object.prototype has the member ${printable(name)}, so every object seems to have it: find the code that sets it, such as a merge of JSON from a request`
  return new AuthError('verification_unavailable', { hint })
}
