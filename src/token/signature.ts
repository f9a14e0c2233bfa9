// The one place where a signature is verified. Cryptography is WebCrypto's.
import type { webcrypto } from 'node:crypto'
import { type Algorithm, algorithms } from './algorithms.ts'

/**
 * Verifies `signature` over `signingInput`. `key` must have been imported for `algorithm`; of a wrong pair, a wrong
 * length or a malformed signature nothing comes but `false`.
 */
export async function verifySignature(
  algorithm: Algorithm,
  key: webcrypto.CryptoKey,
  signingInput: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (!hasItsLength(key, signature)) return false
  try {
    return await crypto.subtle.verify(algorithms[algorithm].webCrypto, key, signature, signingInput)
  } catch {
    return false
  }
}

/** "If the length of the signature S is not k octets, output 'invalid signature'", RFC 8017 §8.1.2: not all platforms look. */
function hasItsLength({ algorithm }: webcrypto.CryptoKey, signature: Uint8Array): boolean {
  return !('modulusLength' in algorithm) || signature.length === Math.ceil(Number(algorithm.modulusLength) / 8)
}
