// Makes values that a stranger chose safe to stand in a log line: printable ASCII, at most 200 characters.

const maxLength = 200
const printableOnly = /^[\x20-\x7e]*$/

/** Cuts `value` to 200 printable ASCII characters; every other character becomes `?`. Says nothing of what is true. */
export function printable(value: unknown): string {
  const text = describe(value)
  if (text.length <= maxLength && printableOnly.test(text)) return text
  const clean = text.slice(0, maxLength).replace(/[^\x20-\x7e]/g, '?')
  return text.length > maxLength ? `${clean}...` : clean
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return value.slice(0, 10).map(printable).join(' ')
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
