// The engine of Node and of the runtimes that have its crypto. OpenSSL is called on this thread while that is cheaper than the
// way to the thread pool and back; slow curves, and what is left of a burst, go to the pool.
import type { JsonWebKeyInput, KeyObject, verify, webcrypto } from 'node:crypto'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { Algorithm } from './algorithms.ts'
import { isStrongRsa, type PublicKey, signatureBytes } from './engine.ts'
import { nodeCrypto } from './pem.ts'

interface NodeParameters {
  /** What asymmetricKeyType and namedCurve must be. */
  readonly type: string
  readonly curve?: string
  readonly digest: string | null
  readonly saltLength?: number
  /**
   * How many signatures in a row, nothing else coming between, this thread verifies before the next goes to the thread pool.
   * Measured: of these the way to the pool, 20 µs of this thread and 50 µs until the answer, is the greater loss.
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
  const { publicKey } = facts
  const { type, curve, digest, saltLength, maxConsecutiveSync: inRow } = parameters[algorithm]
  if (facts.type !== type || facts.curve !== curve || !facts.isStrong) return false
  if (signature.length !== signatureBytes(algorithm, facts.modulusBits)) return false
  // With nothing but a KeyObject OpenSSL is reached soonest, so ECDSA signatures come as it wants them.
  const material =
    saltLength === undefined
      ? publicKey
      : { key: publicKey, padding: nodeCrypto().constants.RSA_PKCS1_PSS_PADDING, saltLength }
  const encoded = type === 'ec' ? encodeDerSignature(signature) : signature
  if (consecutiveSync() > inRow) return verifyInPool(digest, Buffer.from(signingInput), material, encoded)
  const bytes = bytesOf(signingInput)
  try {
    return nodeCrypto().verify(digest, bytes, material, encoded)
  } catch {
    return false
  } finally {
    // No text of a token stays behind in memory that lives on.
    bytes.fill(0)
  }
}

const scratchBytes = 48 * 1024
let scratch: Buffer | undefined

/** The UTF-8 of `text`, there until the next call: one piece of memory serves all tokens, made for the first of them. */
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

let row = 0
const soon = Promise.resolve()
const endRow = (): void => void (row = 0)

/** A microtask between two signatures ends the row: whoever awaits one result before the next is always the first. */
function consecutiveSync(): number {
  // Like queueMicrotask, for a third of its time.
  if (row === 0) void soon.then(endRow)
  return ++row
}

/** What is asked of a key for each signature: Node asks OpenSSL for it anew each time. */
interface KeyFacts {
  readonly publicKey: KeyObject
  readonly type: string | undefined
  readonly curve: string | undefined
  readonly modulusBits: number | undefined
  readonly isStrong: boolean
}

const known = new WeakMap<PublicKey, KeyFacts>()

function factsOf(key: PublicKey): KeyFacts {
  const facts = known.get(key)
  if (facts) return facts
  const read = readFacts(key)
  known.set(key, read)
  return read
}

/** Keys of our own making are KeyObjects; a key source of the application's may bring WebCrypto's. */
function readFacts(key: PublicKey): KeyFacts {
  const isOurs = key instanceof nodeCrypto().KeyObject
  const publicKey = decodedByOpenssl(isOurs ? key : nodeCrypto().KeyObject.from(key))
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = publicKey
  const { namedCurve: curve, modulusLength: modulusBits, publicExponent } = details
  const isStrong = modulusBits === undefined || isStrongRsa({ modulusBits, exponent: Number(publicExponent) })
  return { publicKey, type, curve, modulusBits, isStrong }
}

/** The same key. Measured: OpenSSL 3.0 takes a quarter less time with one that it has decoded itself than with one put together of numbers. */
function decodedByOpenssl(key: KeyObject): KeyObject {
  // A key source of the application's may bring a private key, which verifies, or a secret, which does not.
  if (key.type !== 'public') return key
  return nodeCrypto().createPublicKey({ key: key.export({ type: 'spki', format: 'der' }), type: 'spki', format: 'der' })
}

export function digest(text: string): string {
  const { hash, createHash } = nodeCrypto()
  // crypto.hash is younger than some runtimes that call themselves Node.
  return hash ? hash('sha256', text, 'binary') : createHash('sha256').update(text).digest('binary')
}

// The two forms of an ECDSA signature: R and S side by side in a token (RFC 7518 §3.4), a DER sequence for OpenSSL (RFC 3279 §2.2.3).

/** Writes `signature`, the halves of which are R and S, as a DER sequence of two integers. Judges neither. */
export function encodeDerSignature(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2
  const r = startOf(signature, 0, half)
  const s = startOf(signature, half, signature.length)
  const rBytes = half - r + signBytes(signature, r)
  const sBytes = signature.length - s + signBytes(signature, s)
  const bodyBytes = rBytes + sBytes + 4
  const long = bodyBytes > 127 ? 1 : 0
  const der = new Uint8Array(bodyBytes + 2 + long)
  der[0] = 0x30
  if (long) der[1] = 0x81
  der[1 + long] = bodyBytes
  const sAt = writeInteger(der, 2 + long, signature.subarray(r, half), rBytes)
  writeInteger(der, sAt, signature.subarray(s), sBytes)
  return der
}

/** Where the number begins: leading zeros do not count, but zero itself is one byte. */
function startOf(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to - 1 && bytes[at] === 0) at++
  return at
}

/** A number whose first bit is set would be negative without a zero before it. */
function signBytes(bytes: Uint8Array, at: number): 0 | 1 {
  return Number(bytes[at]) > 127 ? 1 : 0
}

function writeInteger(der: Uint8Array, at: number, number: Uint8Array, length: number): number {
  der[at] = 0x02
  der[at + 1] = length
  der.set(number, at + 2 + length - number.length)
  return at + 2 + length
}
