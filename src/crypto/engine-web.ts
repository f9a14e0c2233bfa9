// The engine of runtimes without node:crypto: WebCrypto, which answers by promises only.
import type { webcrypto } from 'node:crypto'
import { type Algorithm, algorithms } from './algorithms.ts'
import { isStrongRsa, type PublicKey, type RsaStrength, signatureBytes, toNumber } from './engine.ts'

const utf8 = new TextEncoder()

export async function importPublicKey(jwk: webcrypto.JsonWebKey, algorithm: Algorithm): Promise<PublicKey> {
  return crypto.subtle.importKey('jwk', jwk, algorithms[algorithm].webCrypto, false, ['verify'])
}

/** Only of RSA keys. */
function strengthOf({ algorithm }: webcrypto.CryptoKey): RsaStrength | undefined {
  if (!('modulusLength' in algorithm)) return undefined
  const { modulusLength, publicExponent } = algorithm as webcrypto.RsaHashedKeyAlgorithm
  return { modulusBits: modulusLength, exponent: toNumber(publicExponent) }
}

export async function verifySignature(
  algorithm: Algorithm,
  key: PublicKey,
  signingInput: string,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  // "If the length of the signature S is not k octets, output 'invalid signature'", RFC 8017 §8.1.2: not all platforms look.
  if (!isFor(algorithm, webKey(key))) return false
  const rsa = strengthOf(webKey(key))
  if (rsa && !isStrongRsa(rsa)) return false
  if (signature.length !== signatureBytes(algorithm, rsa?.modulusBits)) return false
  try {
    return await crypto.subtle.verify(
      algorithms[algorithm].webCrypto,
      webKey(key),
      signature,
      utf8.encode(signingInput),
    )
  } catch {
    return false
  }
}

/** WebCrypto goes by what a key was imported for, and would not notice that something else is asked. */
function isFor(algorithm: Algorithm, { algorithm: own }: webcrypto.CryptoKey): boolean {
  const { name, hash, namedCurve } = algorithms[algorithm].webCrypto
  const { hash: ownHash, namedCurve: ownCurve } = own as Partial<
    webcrypto.RsaHashedKeyAlgorithm & webcrypto.EcKeyAlgorithm
  >
  if (own.name !== name || ownCurve !== namedCurve) return false
  return ownHash === undefined || ownHash.name === hash
}

function webKey(key: PublicKey): webcrypto.CryptoKey {
  if ('usages' in key) return key
  throw new TypeError('This runtime verifies with CryptoKeys: a key source has brought something else.')
}

export async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text)))
  return String.fromCharCode(...bytes)
}
