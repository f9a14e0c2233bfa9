// Makes a client's values safe for a log line: printable ASCII, at most 200 characters.

/** Cuts `value` to `maxLength` characters. Every character that is no printable ASCII becomes `?`. */
export function printable(value: unknown, maxLength = 200): string {
  const text = describe(value)
  if (text.length <= maxLength && /^[\x20-\x7e]*$/.test(text)) return text
  const clean = text.slice(0, maxLength).replace(/[^\x20-\x7e]/g, '?')
  return text.length > maxLength ? `${clean}...` : clean
}

function describe(value: unknown): string {
  if (Array.isArray(value))
    return value
      .slice(0, 10)
      .map((item) => printable(item))
      .join(' ')
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
