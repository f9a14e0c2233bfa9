// Strict base64url (RFC 7515 §2): one text for one value, so that no token has a second spelling.

/**
 * Decodes `text`, or returns `undefined` when it is not exactly the base64url that its bytes encode to: padding, line
 * breaks, `+`, `/`, any other character and non-zero trailing bits are refused. Encoding it again is the proof.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (typeof Buffer === 'undefined') return decodeWithoutBuffer(text)
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
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
    if (bytes.toString('base64url', 0, length) !== text) return undefined
    // A character beyond ASCII would be two bytes of UTF-8: where none is, nothing is left to decode.
    const latin1 = bytes.toString('latin1', 0, length)
    if (Buffer.byteLength(latin1) === length) return latin1
    const utf8 = bytes.toString('utf8', 0, length)
    // What is no UTF-8 was replaced: then it does not encode to the same bytes again.
    return bytes.compare(Buffer.from(utf8), 0, undefined, 0, length) === 0 ? utf8 : undefined
  }
}

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

/** The bytes of a text that is known to be ASCII. */
export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  return typeof Buffer === 'undefined' ? new TextEncoder().encode(text) : Buffer.from(text, 'latin1')
}
