// One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1), made only of characters that RFC 6750 §3 allows.

const quotable = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** True when `value` may stand between the quotes of an auth-param without escaping (RFC 6750 §3). */
export function isQuotable(value: string): boolean {
  return quotable.test(value)
}

/**
 * Writes `scheme name="value", …`, leaving out parameters without a value.
 *
 * @throws TypeError when a value holds a quote, a backslash, or anything but printable ASCII: values are checked
 * where they are configured, so this is a second lock against header injection, never a filter.
 */
export function formatChallenge(scheme: string, params: Readonly<Record<string, string | undefined>>): string {
  const written: string[] = []
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue
    if (!isQuotable(value)) throw new TypeError(`The ${name} of a challenge must be printable ASCII without " and \\.`)
    written.push(`${name}="${value}"`)
  }
  return `${scheme} ${written.join(', ')}`
}
