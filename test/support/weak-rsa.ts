// RSA keys that are weak and verify all the same: the signature that each of them verifies comes with it.
import { createHash } from 'node:crypto'
import { newKeyPair } from './key-pairs.ts'
import type { JsonWebKey } from './types.ts'

export interface SigningRsaKey {
  readonly publicJwk: JsonWebKey
  /** RSASSA-PKCS1-v1_5 with SHA-256 over the text. */
  readonly signature: Uint8Array<ArrayBuffer>
}

/** A key made to fit one signature: n is s^e less the encoded message, so that no prime is needed. For `exponent` 1, 2 and 3. */
export function keyAround(text: string, bits: number, exponent: 1 | 2 | 3): SigningRsaKey {
  const message = encodedMessage(text, bits)
  const lowest = rootAbove((1n << BigInt(bits - 1)) + message, exponent)
  const isOdd = (lowest ** BigInt(exponent) - message) % 2n === 1n
  const s = isOdd ? lowest : lowest + 1n
  if (exponent === 1) return toKey((1n << BigInt(bits)) - 1n, 1n, message, bits)
  return toKey(s ** BigInt(exponent) - message, BigInt(exponent), s, bits)
}

/** A key of 2048 bits with any odd `exponent` that is a prime. */
export function keyWithExponent(text: string, exponent: bigint): SigningRsaKey {
  const { privateKey } = newKeyPair('rsa', { modulusLength: 2048 })
  const { p = '', q = '' } = privateKey.export({ format: 'jwk' })
  const [one, other] = [numberOf(Buffer.from(p, 'base64url')), numberOf(Buffer.from(q, 'base64url'))]
  const d = inverse(exponent, (one - 1n) * (other - 1n))
  return toKey(one * other, exponent, power(encodedMessage(text, 2048), d, one * other), 2048)
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). */
function encodedMessage(text: string, bits: number): bigint {
  const digest = createHash('sha256').update(text).digest()
  const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest])
  const padding = Buffer.alloc(bits / 8 - info.length - 3, 0xff)
  return numberOf(Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), info]))
}

function toKey(n: bigint, e: bigint, signature: bigint, bits: number): SigningRsaKey {
  const publicJwk = { kty: 'RSA', n: bytesOf(n).toString('base64url'), e: bytesOf(e).toString('base64url') }
  return { publicJwk: publicJwk as JsonWebKey, signature: Uint8Array.from(bytesOf(signature, bits / 8)) }
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function bytesOf(number: bigint, length = Math.ceil(number.toString(16).length / 2)): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex')
}

/** The least number whose power is greater than `value`. */
function rootAbove(value: bigint, exponent: number): bigint {
  const bits = value.toString(16).length * 4
  let [low, high] = [0n, 1n << BigInt(Math.ceil(bits / exponent) + 1)]
  while (low < high) {
    const middle = (low + high) / 2n
    if (middle ** BigInt(exponent) > value) high = middle
    else low = middle + 1n
  }
  return low
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [previous, current, from, to] = [0n, 1n, modulus, value % modulus]
  while (to !== 0n) {
    const quotient = from / to
    ;[from, to] = [to, from - quotient * to]
    ;[previous, current] = [current, previous - quotient * current]
  }
  return ((previous % modulus) + modulus) % modulus
}
