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
  try {
    return await crypto.subtle.verify(algorithms[algorithm].webCrypto, key, signature, signingInput)
  } catch {
    return false
  }
}
