// The refusal of every request while Object.prototype is polluted.
import { printable } from '../internal/json.ts'
import { pollutedMember } from '../internal/prototype.ts'
import { AuthError } from './auth-error.ts'

/** @param member What other code has given every object. */
export function pollutedError(member: string): AuthError {
  const hint = `Object.prototype has the member ${printable(member)}, so every object seems to have it: find the code that sets it, such as a merge of JSON from a request`
  return new AuthError('verification_unavailable', { hint })
}

/** Asked again after each wait. @throws AuthError while Object.prototype has a member that every object seems to have. */
export function checkUnpolluted(): void {
  const member = pollutedMember()
  if (member !== undefined) throw pollutedError(member)
}
