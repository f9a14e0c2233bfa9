// Key pairs of an issuer for tests and what they sign (RFC 7515), by node:crypto: it signs at once, so a token is a plain string.
import {
  constants,
  createPrivateKey,
  createPublicKey,
  type ED25519KeyPairOptions,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import type { JsonObject } from '../internal/json.ts'
import type { Algorithm } from '../crypto/algorithms.ts'

/** Never leaves the closures of a test issuer. Each issuer generates its own and stores it nowhere. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

const pem: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}

/** Generates a key pair. An RSA one takes a tenth of a second. */
export function createSigningKey(algorithm: Algorithm, kid: string): SigningKey {
  return { kid, algorithm, ...generate(algorithm) }
}

/** The public part of `key`, as a JWK Set publishes it. */
export function publicJwk({ publicKey, kid, algorithm }: SigningKey): JsonObject {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
}

/** Signs a compact JWS. `header` and `payload` may be text that no serializer would write. The `alg` in it changes nothing. */
export function signToken(header: JsonObject, payload: JsonObject | string, key: SigningKey): string {
  const signingInput = `${encodeJson(header)}.${encodeJson(payload)}`
  return `${signingInput}.${signatureOf(signingInput, key).toString('base64url')}`
}

export function signatureOf(signingInput: string, { algorithm, privateKey }: SigningKey): Buffer {
  const hash = algorithm.startsWith('Ed') ? null : `sha${algorithm.slice(2)}`
  return sign(hash, Buffer.from(signingInput), { key: privateKey, ...signOptions(algorithm) })
}

/** A segment of a token: JSON text in base64url. Members that are `undefined` are left out. */
export function encodeJson(value: JsonObject | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/**
 * A pair that was written and read again. In Node 20, a `KeyObject` straight from `generateKeyPairSync`, or a copy of it, can stop the
 * process for ever when it is exported as a JWK or asked for its details: it is locked then, and the garbage collector, which locks it
 * too to clear up after the generator, waits.
 */
function generate(algorithm: Algorithm): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const { privateKey, publicKey } = generatePem(algorithm)
  return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey) }
}

function generatePem(algorithm: Algorithm): { readonly privateKey: string; readonly publicKey: string } {
  const namedCurve = curves[algorithm]
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve, ...pem })
  if (algorithm.startsWith('Ed')) return generateKeyPairSync('ed25519', pem)
  return generateKeyPairSync('rsa', { modulusLength: 2048, ...pem })
}

function signOptions(algorithm: Algorithm): { padding?: number; saltLength?: number; dsaEncoding?: 'ieee-p1363' } {
  if (algorithm.startsWith('PS')) {
    return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  }
  // "the octet sequences R || S", RFC 7518 §3.4, not the DER that node:crypto writes by default.
  return algorithm.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' } : {}
}
