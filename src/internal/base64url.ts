// Strict base64url (RFC 7515 §2): one text for each value, so that no token has a second spelling.

/**
 * Decodes `text`, or returns `undefined` when it is not the one base64url encoding of its bytes. Padding, line breaks, `+`, `/`, any
 * other character and non-zero trailing bits are refused.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (typeof Buffer === 'undefined') return decodeWithoutBuffer(text)
  const bytes = Buffer.from(text, 'base64url')
  return isEncodingOf(text, bytes.length) ? bytes : undefined
}

/**
 * Makes a decoder of base64url to text. It is as strict as `decodeBase64url`, and returns `undefined` also for bytes that are no UTF-8.
 * Text of at most `maxLength` characters is decoded in one buffer, so that no token costs two more buffers.
 */
export function createTextDecoder(maxLength: number): (text: string) => string | undefined {
  const bytes = typeof Buffer === 'undefined' ? undefined : Buffer.allocUnsafeSlow(maxLength)
  return (text) => {
    if (!bytes || text.length > maxLength) return decoded(decodeBase64url(text))
    const length = bytes.write(text, 0, 'base64url')
    const decodedText = isEncodingOf(text, length) ? strictUtf8(bytes, length) : undefined
    // No text of a token may stay in memory that lives on.
    bytes.fill(0, 0, length)
    return decodedText
  }
}

function strictUtf8(bytes: Buffer, length: number): string | undefined {
  const text = bytes.toString('utf8', 0, length)
  // Invalid bytes became this character. Where the text had it before, it encodes to the same bytes again.
  if (!text.includes('\ufffd')) return text
  return bytes.compare(Buffer.from(text), 0, undefined, 0, length) === 0 ? text : undefined
}

/**
 * True when `text` is the one encoding of the `length` bytes that Buffer found in it. Buffer skips unknown characters, and then finds
 * too few bytes for the length of the text. It also takes plain base64, and some characters beyond ASCII for others: both are
 * refused here.
 */
function isEncodingOf(text: string, length: number): boolean {
  const rest = text.length % 4
  if (rest === 1 || length !== Math.floor((text.length * 3) / 4)) return false
  if (text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length) return false
  return rest === 0 || (rest === 2 ? fourBitsZero : twoBitsZero).includes(text.charAt(text.length - 1))
}

/** The characters that may end a text with so many unused bits. */
const fourBitsZero = 'AQgw'
const twoBitsZero = 'AEIMQUYcgkosw048'

/** Keeps a byte order mark, which is no JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decoded(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes && utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** For runtimes without Buffer. */
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
