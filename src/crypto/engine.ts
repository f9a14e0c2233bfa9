// The one seam to cryptography. `#engine` (see `imports` in package.json) is node:crypto where the runtime has it, else WebCrypto.
// Both engines give the same answers. Node's mostly answers synchronously, WebCrypto always by promises.
import type { KeyObject, webcrypto } from 'node:crypto'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { type Algorithm, algorithms } from './algorithms.ts'

/** A public key as an engine holds it. The engine chooses which of the two it is. */
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
  /** Returns the SHA-256 of `text` as UTF-8, in a form that serves only as a key in a map. */
  digest(text: string): MaybePromise<string>
}

/** Returns the length of a signature in bytes: that of an RSA modulus, else a fixed one. It is -1 for an RSA algorithm without modulus. */
export function signatureBytes(algorithm: Algorithm, modulusBits: number | undefined): number {
  return modulusBits === undefined ? (algorithms[algorithm].signatureBytes ?? -1) : Math.ceil(modulusBits / 8)
}

/** True when some key could have made `signature` for `algorithm`: its length is right, and not all of its bytes are zero. */
export function isPossibleSignature(algorithm: Algorithm, signature: Uint8Array): boolean {
  const bytes = signatureBytes(algorithm, undefined)
  const hasLength = bytes > 0 ? signature.length === bytes : signature.length >= minModulusBits / 8
  return hasLength && signature.some((byte) => byte !== 0)
}

// The keys that may verify. A weak key verifies signatures that its owner never made. A very long one costs too much.

export interface RsaStrength {
  readonly modulusBits: number
  /** Exact below 2^32. Larger exponents are refused anyway. */
  readonly exponent: number
}

/** "A key of size 2048 bits or larger MUST be used", RFC 7518 §3.3. */
const minModulusBits = 2048
/** Measured: a signature of 8192 bits costs half a millisecond to check, one of 16 384 bits five times as much. */
const maxModulusBits = 8192
/** With the exponent 1 a signature equals its message, and anyone can write one. */
const minExponent = 3
/** A longer exponent makes a key no stronger, and each check slower; some platforms refuse it. */
const exponentLimit = 2 ** 32

/** True when an RSA key of these numbers may verify. No RSA key has an even exponent. */
export function isStrongRsa({ modulusBits, exponent }: RsaStrength): boolean {
  if (modulusBits < minModulusBits || modulusBits > maxModulusBits) return false
  return exponent >= minExponent && exponent < exponentLimit && exponent % 2 === 1
}

/** Reads `bytes` as a big-endian number; exact below 2^53. */
export function toNumber(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** Counts the bits of the big-endian number in `bytes`, without leading zeros. */
export function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}

/** The points of order 8 on edwards25519, as the `x` of a JWK. None of them has a second encoding. */
const order8 = [
  'xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o',
  'xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o',
  'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU',
  'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU',
]

/** True when `x` is an Ed25519 key of order 8. About one guess in eight is a signature that such a key verifies. */
export function isOfOrder8(x: string): boolean {
  return order8.includes(x)
}
