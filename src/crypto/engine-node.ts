// The engine of Node and of the runtimes that have its crypto. It calls OpenSSL on this thread where that costs less than the
// way to the thread pool and back. Slow curves, and the rest of a burst, go to the pool.
import type { JsonWebKeyInput, KeyObject, verify, webcrypto } from 'node:crypto'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { Algorithm } from './algorithms.ts'
import { encodeDerSignature } from './der-signature.ts'
import { isStrongRsa, type PublicKey, signatureBytes } from './engine.ts'
import { nodeCrypto } from './pem.ts'

interface NodeParameters {
  /** The asymmetricKeyType and the namedCurve that a key must have. */
  readonly type: string
  readonly curve?: string
  readonly digest: string | null
  readonly saltLength?: number
  /**
   * How many consecutive signatures this thread verifies before the next goes to the thread pool. Measured: up to this number the way to
   * the pool, 20 µs of this thread and 50 µs until the answer, costs more.
   */
  readonly maxConsecutiveSync: number
}

const parameters: Readonly<Record<Algorithm, NodeParameters>> = {
  RS256: { type: 'rsa', digest: 'sha256', maxConsecutiveSync: 4 },
  RS384: { type: 'rsa', digest: 'sha384', maxConsecutiveSync: 4 },
  RS512: { type: 'rsa', digest: 'sha512', maxConsecutiveSync: 4 },
  PS256: { type: 'rsa', digest: 'sha256', saltLength: 32, maxConsecutiveSync: 4 },
  PS384: { type: 'rsa', digest: 'sha384', saltLength: 48, maxConsecutiveSync: 4 },
  PS512: { type: 'rsa', digest: 'sha512', saltLength: 64, maxConsecutiveSync: 4 },
  ES256: { type: 'ec', curve: 'prime256v1', digest: 'sha256', maxConsecutiveSync: 1 },
  ES384: { type: 'ec', curve: 'secp384r1', digest: 'sha384', maxConsecutiveSync: 0 },
  ES512: { type: 'ec', curve: 'secp521r1', digest: 'sha512', maxConsecutiveSync: 0 },
  Ed25519: { type: 'ed25519', digest: null, maxConsecutiveSync: 1 },
  EdDSA: { type: 'ed25519', digest: null, maxConsecutiveSync: 1 },
}

export function importPublicKey(jwk: webcrypto.JsonWebKey, _algorithm: Algorithm): MaybePromise<PublicKey> {
  return nodeCrypto().createPublicKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' })
}

export function verifySignature(
  algorithm: Algorithm,
  key: PublicKey,
  signingInput: string,
  signature: Uint8Array<ArrayBuffer>,
): MaybePromise<boolean> {
  const facts = factsOf(key)
  const { type, curve, digest, saltLength, maxConsecutiveSync } = parameters[algorithm]
  if (facts.type !== type || facts.curve !== curve || !facts.isStrong) return false
  if (signature.length !== signatureBytes(algorithm, facts.modulusBits)) return false
  const material = saltLength === undefined ? facts.publicKey : pssInputOf(facts.publicKey, saltLength)
  const encoded = type === 'ec' ? encodeDerSignature(signature) : signature
  if (countConsecutive() > maxConsecutiveSync) return verifyInPool(digest, Buffer.from(signingInput), material, encoded)
  const bytes = bytesOf(signingInput)
  try {
    return nodeCrypto().verify(digest, bytes, material, encoded)
  } catch {
    return false
  } finally {
    // No text of a token may stay in memory that lives on.
    bytes.fill(0)
  }
}

function pssInputOf(key: KeyObject, saltLength: number): Parameters<typeof verify>[2] {
  return { key, padding: nodeCrypto().constants.RSA_PKCS1_PSS_PADDING, saltLength }
}

const scratchBytes = 48 * 1024
let scratch: Buffer | undefined

/** Returns the UTF-8 of `text`, valid until the next call: one buffer, made for the first token, serves all tokens. */
function bytesOf(text: string): Buffer {
  if (text.length * 3 > scratchBytes) return Buffer.from(text)
  scratch ??= Buffer.allocUnsafeSlow(scratchBytes)
  return scratch.subarray(0, scratch.write(text))
}

function verifyInPool(
  digest: string | null,
  signingInput: Uint8Array,
  material: Parameters<typeof verify>[2],
  signature: Uint8Array,
): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      nodeCrypto().verify(digest, signingInput, material, signature, (error, result) =>
        resolve(error === null && result),
      )
    } catch {
      resolve(false)
    }
  })
}

let consecutiveSync = 0
const resolved = Promise.resolve()
const endConsecutive = (): void => void (consecutiveSync = 0)

/** Counts the signatures since the last microtask. A caller that awaits each result is always the first. */
function countConsecutive(): number {
  // Like queueMicrotask, for a third of its time.
  if (consecutiveSync === 0) void resolved.then(endConsecutive)
  return ++consecutiveSync
}

/** The facts of a key that each signature needs, kept because Node asks OpenSSL again each time. */
interface KeyFacts {
  readonly publicKey: KeyObject
  readonly type: string | undefined
  readonly curve: string | undefined
  readonly modulusBits: number | undefined
  readonly isStrong: boolean
}

const factsByKey = new WeakMap<PublicKey, KeyFacts>()

function factsOf(key: PublicKey): KeyFacts {
  let facts = factsByKey.get(key)
  if (!facts) factsByKey.set(key, (facts = readFacts(key)))
  return facts
}

/** This engine makes KeyObjects; a key source of the application may bring CryptoKeys. */
function readFacts(key: PublicKey): KeyFacts {
  const publicKey = decodedByOpenssl(key instanceof nodeCrypto().KeyObject ? key : nodeCrypto().KeyObject.from(key))
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = publicKey
  const { namedCurve: curve, modulusLength: modulusBits, publicExponent } = details
  const isStrong = modulusBits === undefined || isStrongRsa({ modulusBits, exponent: Number(publicExponent) })
  return { publicKey, type, curve, modulusBits, isStrong }
}

/** Returns the same key, decoded by OpenSSL itself. Measured: OpenSSL 3.0 verifies with it in three quarters of the time. */
function decodedByOpenssl(key: KeyObject): KeyObject {
  // A key source of the application may bring a private key, which verifies, or a secret, which does not.
  if (key.type !== 'public') return key
  return nodeCrypto().createPublicKey({ key: key.export({ type: 'spki', format: 'der' }), type: 'spki', format: 'der' })
}

export function digest(text: string): MaybePromise<string> {
  const { hash, createHash } = nodeCrypto()
  // crypto.hash is younger than some runtimes that call themselves Node.
  return hash ? hash('sha256', text, 'binary') : createHash('sha256').update(text).digest('binary')
}
