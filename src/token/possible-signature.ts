// Tells signatures that no key could have made from those that only the known key did not make.
import type { Algorithm } from './algorithms.ts'
import { signatureBytes } from './engine.ts'

/** Of a key of 2048 bits, the shortest that is used. */
const minRsaBytes = 256

/** Whether some key could have made `signature` for `algorithm`: it is as long as one, and not nothing but zeros. */
export function isPossibleSignature(algorithm: Algorithm, signature: Uint8Array): boolean {
  const bytes = signatureBytes(algorithm, undefined)
  const fits = bytes > 0 ? signature.length === bytes : signature.length >= minRsaBytes
  return fits && signature.some((byte) => byte !== 0)
}
