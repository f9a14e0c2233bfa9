// What an id looks like.
import { checkString } from '../internal/options.ts'
import { whole } from '../internal/patterns.ts'

/** A UUID, in small letters. */
export const uuid: RegExp = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/

/** @throws TypeError unless the whole of `value` has the shape of `example`. */
export function checkShape(name: string, value: unknown, shape: RegExp, example: string): asserts value is string {
  checkString(name, value)
  if (!whole(shape).test(value)) throw new TypeError(`${name} must look like '${example}', not '${value}'.`)
}
