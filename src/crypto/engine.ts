// The one seam to cryptography. Two engines stand behind `#engine` (see `imports` in package.json): node:crypto where there is
// one, WebCrypto everywhere else. Both answer every call alike, but for when: at once, or by a promise.
import type { KeyObject, webcrypto } from 'node:crypto'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { Algorithm } from './algorithms.ts'

/** A public key as an engine holds it. Which of the two it is, is the engine's choice. */
export type PublicKey = KeyObject | webcrypto.CryptoKey

export interface Engine {
  /**
   * Imports the public members of a JWK for `algorithm`, once for each key.
   *
   * @throws Error when they are no such key.
   */
  importPublicKey(jwk: webcrypto.JsonWebKey, algorithm: Algorithm): MaybePromise<PublicKey>
  /**
   * Verifies `signature` over the UTF-8 of `signingInput`. `key` must have been imported for `algorithm`. A wrong pair, a weak RSA
   * key, a wrong length and a malformed signature give `false`. Never throws or rejects.
   */
  verifySignature(
    algorithm: Algorithm,
    key: PublicKey,
    signingInput: string,
    signature: Uint8Array<ArrayBuffer>,
  ): MaybePromise<boolean>
  /** The SHA-256 of `text` as UTF-8, in a form that is good for a key in a map and for nothing else. */
  digest(text: string): MaybePromise<string>
}

/** How long a signature must be, in bytes: of RSA as long as its modulus, of the others always the same. */
export function signatureBytes(algorithm: Algorithm, modulusBits: number | undefined): number {
  if (modulusBits !== undefined) return Math.ceil(modulusBits / 8)
  return fixedBytes[algorithm] ?? -1
}

// R and S, each as long as the order of the curve (RFC 7518 §3.4; RFC 8037 §3.1).
const fixedBytes: Readonly<Partial<Record<Algorithm, number>>> = {
  ES256: 64,
  ES384: 96,
  ES512: 132,
  Ed25519: 64,
  EdDSA: 64,
}

// Tells signatures that no key could have made from those that only the known key did not make.

/** Of a key of 2048 bits, the shortest that is used. */
const minRsaBytes = 256

/** Whether some key could have made `signature` for `algorithm`: it is as long as one, and not nothing but zeros. */
export function isPossibleSignature(algorithm: Algorithm, signature: Uint8Array): boolean {
  const bytes = signatureBytes(algorithm, undefined)
  const fits = bytes > 0 ? signature.length === bytes : signature.length >= minRsaBytes
  return fits && signature.some((byte) => byte !== 0)
}

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
