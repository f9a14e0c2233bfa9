// Strict base64url (RFC 7515 §2): one text for one value, so that no token has a second spelling.

/**
 * Decodes `text`, or returns `undefined` when it is not exactly the base64url that its bytes encode to: padding, line
 * breaks, `+`, `/`, any other character and non-zero trailing bits are refused.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (typeof Buffer === 'undefined') return decodeWithoutBuffer(text)
  const bytes = Buffer.from(text, 'base64url')
  return isEncodingOf(text, bytes.length) ? bytes : undefined
}

/**
 * Makes a decoder of base64url to text: strict as `decodeBase64url`, and `undefined` also for what is no UTF-8. It takes at most
 * `maxLength` characters, and works in one piece of memory of its own, since a token should not cost two pieces more.
 */
export function createTextDecoder(maxLength: number): (text: string) => string | undefined {
  const bytes = typeof Buffer === 'undefined' ? undefined : Buffer.allocUnsafeSlow(maxLength)
  return (text) => {
    if (!bytes || text.length > maxLength) return decoded(decodeBase64url(text))
    const length = bytes.write(text, 0, 'base64url')
    const decodedText = isEncodingOf(text, length) ? strictUtf8(bytes, length) : undefined
    // No text of a token stays behind in memory that lives on.
    bytes.fill(0, 0, length)
    return decodedText
  }
}

function strictUtf8(bytes: Buffer, length: number): string | undefined {
  const text = bytes.toString('utf8', 0, length)
  // Bytes that are no UTF-8 were replaced by this character; where it was there before, the bytes come out of it again.
  if (!text.includes('\ufffd')) return text
  return bytes.compare(Buffer.from(text), 0, undefined, 0, length) === 0 ? text : undefined
}

/**
 * Whether `text` is the one encoding of the bytes that Buffer found in it, which are `length`. Buffer skips what it does not know,
 * and then finds too few, since a character has six bits and no decoder finds bits in none. What it knows besides the alphabet is
 * that of plain base64, and characters beyond ASCII that it takes for one.
 */
function isEncodingOf(text: string, length: number): boolean {
  const rest = text.length % 4
  if (rest === 1 || length !== Math.floor((text.length * 3) / 4)) return false
  if (text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length) return false
  return rest === 0 || (rest === 2 ? fourBitsZero : twoBitsZero).includes(text.charAt(text.length - 1))
}

/** The characters that may end a text whose last byte leaves so many bits over. */
const fourBitsZero = 'AQgw'
const twoBitsZero = 'AEIMQUYcgkosw048'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A byte order mark stays, and is no JSON. */
function decoded(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes && utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** For runtimes that are not Node. */
function decodeWithoutBuffer(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const encoded = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
    return encoded === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined
  } catch {
    return undefined
  }
}
