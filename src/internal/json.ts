// Strict JSON for what a stranger sent: fatal UTF-8, one object, no repeated member name at any depth (RFC 7515 §4,
// RFC 7519 §4), no lone surrogate, bounded nesting. Two parsers that disagree about a token are an attack.

const maxDepth = 32
const quote = 0x22
const colon = 0x3a
const backslash = 0x5c

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export type JsonObject = Readonly<Record<string, unknown>>

/** Decodes UTF-8, or returns `undefined` for bytes that are none. A byte order mark stays, and is no JSON. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Parses `text` as one strict JSON object, or returns `undefined`. Never throws. */
export function parseJsonObject(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value)) return undefined
    // JSON.parse keeps the last of two members with one name, so a repetition shows as fewer members than colons.
    return countMembers(value, maxDepth) === countColons(text) ? value : undefined
  } catch {
    return undefined
  }
}

/** True for what JSON calls an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function countColons(text: string): number {
  let count = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === quote) inString = !inString
    else if (unit === backslash) index++
    else if (unit === colon && !inString) count++
  }
  return count
}

/** Counts members at every depth. @throws RangeError for too deep nesting and for text that no UTF-8 can carry. */
function countMembers(value: unknown, depthLeft: number): number {
  if (typeof value === 'string' && !value.isWellFormed()) throw new RangeError('lone surrogate')
  if (typeof value !== 'object' || value === null) return 0
  if (depthLeft === 0) throw new RangeError('nested too deeply')
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countMembers(item, depthLeft - 1), 0)
  let count = 0
  for (const [name, member] of Object.entries(value)) {
    if (!name.isWellFormed()) throw new RangeError('lone surrogate')
    count += 1 + countMembers(member, depthLeft - 1)
  }
  return count
}
