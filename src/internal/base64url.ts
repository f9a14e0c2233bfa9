// Strict base64url (RFC 7515 §2): one text for one value, so that no token has a second spelling.

/**
 * Decodes `text`, or returns `undefined` when it is not exactly the base64url that its bytes encode to: padding, line
 * breaks, `+`, `/`, any other character and non-zero trailing bits are refused. Encoding it again is the proof.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
