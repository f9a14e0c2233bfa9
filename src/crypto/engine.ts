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
