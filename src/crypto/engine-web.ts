// The engine of runtimes without node:crypto: WebCrypto, which answers by promises only.
import type { webcrypto } from 'node:crypto'
import { type Algorithm, algorithms } from './algorithms.ts'
import { isStrongRsa, type PublicKey, signatureBytes, toNumber } from './engine.ts'

const utf8 = new TextEncoder()

export async function importPublicKey(jwk: webcrypto.JsonWebKey, algorithm: Algorithm): Promise<PublicKey> {
  return crypto.subtle.importKey('jwk', jwk, algorithms[algorithm].webCrypto, false, ['verify'])
}

export async function verifySignature(
  algorithm: Algorithm,
  key: PublicKey,
  signingInput: string,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (!('usages' in key))
    throw new TypeError('This runtime verifies with CryptoKeys: a key source has brought something else.')
  if (!isFor(algorithm, key)) return false
  const { modulusLength: modulusBits, publicExponent = new Uint8Array() } =
    key.algorithm as Partial<webcrypto.RsaHashedKeyAlgorithm>
  if (modulusBits !== undefined && !isStrongRsa({ modulusBits, exponent: toNumber(publicExponent) })) return false
  // "If the length of the signature S is not k octets, output 'invalid signature'", RFC 8017 §8.1.2: not all platforms look.
  if (signature.length !== signatureBytes(algorithm, modulusBits)) return false
  try {
    return await crypto.subtle.verify(algorithms[algorithm].webCrypto, key, signature, utf8.encode(signingInput))
  } catch {
    return false
  }
}

/** WebCrypto verifies by the algorithm that a key was imported for, without a check that it is the algorithm asked for. */
function isFor(algorithm: Algorithm, key: webcrypto.CryptoKey): boolean {
  const { name, hash, namedCurve } = algorithms[algorithm].webCrypto
  const imported = key.algorithm as webcrypto.KeyAlgorithm &
    Partial<webcrypto.RsaHashedKeyAlgorithm & webcrypto.EcKeyAlgorithm>
  if (imported.name !== name || imported.namedCurve !== namedCurve) return false
  return imported.hash === undefined || imported.hash.name === hash
}

export async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text)))
  return String.fromCharCode(...bytes)
}
