// Strict JSON for tokens and for answers of servers. It is one object with bounded nesting and no lone surrogate, and repeats no
// member name at any depth (RFC 7515 §4, RFC 7519 §4). Two parsers that disagree about a token are an attack.
import { itemBytes, layoutBytes, listBytes, memberBytes, objectBytes } from './freeze.ts'

const maxDepth = 32
const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
const space = 0x20

export type JsonObject = Readonly<Record<string, unknown>>

export interface MeasuredObject {
  readonly value: JsonObject
  /** About how many bytes it takes in memory besides its text. */
  readonly bytes: number
}

/** Parses `text` as one strict JSON object, deeply frozen, or returns `undefined`. Never throws. */
export function parseJsonObject(text: string | undefined): JsonObject | undefined {
  return measureJsonObject(text)?.value
}

/** Parses like `parseJsonObject`, and estimates the memory of the object. */
export function measureJsonObject(text: string | undefined): MeasuredObject | undefined {
  if (text === undefined) return undefined
  try {
    const hasEscapes = text.includes('\\')
    const read: Read = hasEscapes ? parseEscaped(text) : { value: JSON.parse(text), text }
    if (!isJsonObject(read.value)) return undefined
    const count: Count = { members: 0, bytes: 0 }
    freezeAndCount(read.value, maxDepth, count)
    if (hasEscapes) checkWellFormed(read.value)
    return hasMembers(read.text, count.members)
      ? { value: read.value, bytes: count.bytes + count.members * (memberBytes + layoutBytes) }
      : undefined
  } catch {
    return undefined
  }
}

interface Read {
  readonly value: unknown
  /** The text that JSON.parse read. */
  readonly text: string
}

/** A string of valid JSON, and the colon behind it where it is a name. */
const strings = /"(?:[^"\\]|\\.)*"(?=[ \t\r\n]*(:)?)/g

/**
 * Parses names with escapes. Node 24, 25 and early 26 (nodejs/node#63785) read the name `"a\u0062"` as `a\` once an object of any token had
 * that one: a member goes missing, or a repeated one is kept twice. A string alone is read right. So a name is written without escapes, or
 * with a stand-in where it needs one.
 */
function parseEscaped(json: string): Read {
  const value: unknown = JSON.parse(json)
  const names = new Set<string>()
  const standIns = new Map<string, string>()
  const originals = new Map<string, string>()
  for (const [string, colonBehind] of json.matchAll(strings)) {
    if (colonBehind === undefined) continue
    const name = textOf(string)
    names.add(name)
    if (JSON.stringify(name).includes('\\')) standIns.set(name, '')
  }
  // Short ones: an attacker who could lengthen them would make the text grow with their number.
  let next = 0
  for (const name of standIns.keys()) {
    while (names.has(`_${next}`)) next++
    const standIn = `_${next++}`
    standIns.set(name, standIn)
    originals.set(standIn, name)
  }
  const text = json.replace(strings, (string, colonBehind?: string) => {
    if (colonBehind === undefined || !string.includes('\\')) return string
    const name = textOf(string)
    return `"${standIns.get(name) ?? name}"`
  })
  if (text === json) return { value, text }
  const plain: unknown = JSON.parse(text)
  return { value: originals.size === 0 ? plain : rename(plain, originals), text }
}

function textOf(string: string): string {
  return string.includes('\\') ? (JSON.parse(string) as string) : string.slice(1, -1)
}

/** Gives members their names back. */
function rename(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => rename(item, names))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [names.get(name) ?? name, rename(member, names)]),
  )
}

interface Count {
  members: number
  /** Of objects, lists and their items, without the members of objects. */
  bytes: number
}

/**
 * JSON.parse keeps the last of two members with one name, so a repetition shows as fewer members than colons outside of strings. Such a
 * colon follows a quote, perhaps after white space. Without white space before any colon, those after a quote are at most too many.
 * Measured: they are counted in 0.1 µs, and the colons outside of strings in 1.3 µs.
 */
function hasMembers(text: string, members: number): boolean {
  return countQuotedColons(text) === members || countColons(text) === members
}

/** Returns `undefined` when white space before a colon makes the count useless. */
function countQuotedColons(text: string): number | undefined {
  let count = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1)
    if (before <= space) return undefined
    if (before === quote) count++
  }
  return count
}

/** True for an object as JSON defines it. */
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

/** Freezes `value` at every depth and adds to `count`. @throws RangeError for too deep nesting. */
function freezeAndCount(value: unknown, depthLeft: number, count: Count): void {
  if (typeof value !== 'object' || value === null) return
  if (depthLeft === 0) throw new RangeError('nested too deeply')
  Object.freeze(value)
  if (Array.isArray(value)) {
    count.bytes += listBytes + value.length * itemBytes
    for (const item of value) freezeAndCount(item, depthLeft - 1, count)
    return
  }
  count.bytes += objectBytes
  // Not Object.entries: every token runs this.
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue
    count.members++
    freezeAndCount((value as JsonObject)[name], depthLeft - 1, count)
  }
}

/** @throws RangeError for text that UTF-8 cannot encode, which can only come as an escape: decoded UTF-8 has no lone surrogate. */
function checkWellFormed(value: unknown): void {
  if (typeof value === 'string' && !value.isWellFormed()) throw new RangeError('lone surrogate')
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    if (!name.isWellFormed()) throw new RangeError('lone surrogate')
    checkWellFormed(member)
  }
}

/** Returns the own member `name` of an object that foreign code made or may change: inherited members are not its own. */
export function ownMember<T extends object, K extends keyof T>(object: T, name: K): T[K] | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

// Makes a client's values safe for a log line: printable ASCII, at most 200 characters.

/** The longest text of our own in an event: a sentence for each address that was tried. */
export const maxReasonLength = 1000

/** The text of `error` for events and health pages. Our errors begin with the reason, and end with addresses. */
export function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : error, maxReasonLength)
}

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
