// The refusal of every request while Object.prototype is polluted.
import { printable } from '../internal/json.ts'
import { pollutedMember } from '../internal/prototype.ts'
import { AuthError } from './auth-error.ts'

/** The error to refuse with while other code has given every object a member; else `undefined`. */
export function pollutedError(): AuthError | undefined {
  const member = pollutedMember()
  if (member === undefined) return undefined
  const hint = `Object.prototype has the member ${printable(member)}, so every object seems to have it: find the code that sets it, such as a merge of JSON from a request`
  return new AuthError('verification_unavailable', { hint })
}

/** The same, thrown. Asked again after each wait. */
export function checkUnpolluted(): void {
  const polluted = pollutedError()
  if (polluted) throw polluted
}
