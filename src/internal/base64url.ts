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
