// Which RSA keys may verify a signature. A weak one verifies what its owner never signed; a very long one costs too much.

/** The two numbers of an RSA key that decide. */
export interface RsaStrength {
  readonly modulusBits: number
  /** Exact below 2^32, which is as far as it counts. */
  readonly exponent: number
}

/** "A key of size 2048 bits or larger MUST be used", RFC 7518 §3.3. */
const minModulusBits = 2048
/** Measured: a signature of 8192 bits costs half a millisecond to check, one of 16 384 bits five times as much. */
const maxModulusBits = 8192
/** With the exponent 1 a signature is its own message, and anyone can write one. */
const minExponent = 3
/** A longer exponent makes a key no stronger, and each check slower; some platforms refuse it. */
const exponentLimit = 2 ** 32

/** Whether a key of these numbers may verify. No RSA key has an even exponent. */
export function isStrongRsa({ modulusBits, exponent }: RsaStrength): boolean {
  if (modulusBits < minModulusBits || modulusBits > maxModulusBits) return false
  return exponent >= minExponent && exponent < exponentLimit && exponent % 2 === 1
}

/** The number that these bytes are, the highest first; exact below 2^53. */
export function toNumber(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** How many bits the number that these bytes are has: zeros before it do not count. */
export function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}

/** The points of order 8 on edwards25519, as the `x` of a JWK. None has a second encoding. */
const order8 = [
  'xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o',
  'xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o',
  'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU',
  'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU',
]

/** Whether `x` is an Ed25519 key of order 8. One guess in eight is a signature that such a key verifies. */
export function isOfOrder8(x: string): boolean {
  return order8.includes(x)
}
