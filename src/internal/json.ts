// Strict JSON for what a stranger sent: one object, no repeated member name at any depth (RFC 7515 §4,
// RFC 7519 §4), no lone surrogate, bounded nesting. Two parsers that disagree about a token are an attack.

const maxDepth = 32
const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
/** A lone surrogate can come as an escape only: decoded UTF-8 has none. */
const escape = String.raw`\u`
const space = 0x20

export type JsonObject = Readonly<Record<string, unknown>>

/** Parses `text` as one strict JSON object, deeply frozen, or returns `undefined`. Never throws. */
export function parseJsonObject(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value)) return undefined
    const members = freezeAndCount(value, maxDepth)
    if (text.includes(escape)) checkWellFormed(value)
    return hasMembers(text, members) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * JSON.parse keeps the last of two members with one name, so a repetition shows as fewer members than colons. A colon that counts
 * stands behind a quote, or behind white space behind one: where none has white space before it, no more than `":` occurs can
 * count, and that is quickly seen. Only where it is too many, strings have to be told from what is between them.
 */
function hasMembers(text: string, members: number): boolean {
  return countQuotedColons(text) === members || countColons(text) === members
}

/** `undefined` where white space before a colon makes it say nothing. */
function countQuotedColons(text: string): number | undefined {
  let count = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1)
    if (before <= space) return undefined
    if (before === quote) count++
  }
  return count
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

/** Freezes, and counts members, at every depth. @throws RangeError for too deep nesting. */
function freezeAndCount(value: unknown, depthLeft: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depthLeft === 0) throw new RangeError('nested too deeply')
  Object.freeze(value)
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += freezeAndCount(item, depthLeft - 1)
    return count
  }
  // Without a list of its members: this is done for every token.
  for (const name in value) {
    if (Object.hasOwn(value, name)) count += 1 + freezeAndCount((value as JsonObject)[name], depthLeft - 1)
  }
  return count
}

/** @throws RangeError for text that no UTF-8 can carry. */
function checkWellFormed(value: unknown): void {
  if (typeof value === 'string' && !value.isWellFormed()) throw new RangeError('lone surrogate')
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    if (!name.isWellFormed()) throw new RangeError('lone surrogate')
    checkWellFormed(member)
  }
}
