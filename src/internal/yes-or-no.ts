// Asks a function of the application's a question that only true and false answer.
import { type Eventually, eventually, isPromise } from './eventually.ts'

/** `true`, `false`, or why it was neither. */
export type Answer = boolean | { readonly cause: unknown }

/** Asks `ask`, which `name` names. A throw, a rejection, and anything but a boolean is no answer. */
export function askYesOrNo(name: string, ask: () => unknown): Eventually<Answer> {
  const failed = (cause: unknown): Answer => ({ cause })
  const read = (answer: unknown): Answer =>
    typeof answer === 'boolean' ? answer : failed(new TypeError(`${name} did not answer true or false.`))
  try {
    const answer = eventually(ask())
    return isPromise(answer) ? answer.then(read, failed) : read(answer)
  } catch (cause) {
    return failed(cause)
  }
}
