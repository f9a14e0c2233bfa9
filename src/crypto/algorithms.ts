// The signature algorithms that claimcheck verifies (RFC 7518 §3, RFC 8037, RFC 9864): asymmetric ones only.
// The table has neither `none` nor HMAC, so no configuration and no token can choose them.

/** A JWS `alg` that claimcheck verifies. `EdDSA` and `Ed25519` are names of one algorithm. */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'Ed25519'
  | 'EdDSA'

interface AlgorithmParameters {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'
  /** R and S, each as long as the order of the curve (RFC 7518 §3.4; RFC 8037 §3.1). RSA signatures are as long as their modulus. */
  readonly signatureBytes?: 64 | 96 | 132
  /** The algorithm for WebCrypto's import and verification. */
  readonly webCrypto: {
    readonly name: string
    readonly hash?: string
    readonly namedCurve?: string
    readonly saltLength?: number
  }
}

export const algorithms: Readonly<Record<Algorithm, AlgorithmParameters>> = {
  RS256: { kty: 'RSA', webCrypto: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } },
  RS384: { kty: 'RSA', webCrypto: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' } },
  RS512: { kty: 'RSA', webCrypto: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' } },
  // "The size of the salt value is the same size as the hash function output", RFC 7518 §3.5.
  PS256: { kty: 'RSA', webCrypto: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 } },
  PS384: { kty: 'RSA', webCrypto: { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 } },
  PS512: { kty: 'RSA', webCrypto: { name: 'RSA-PSS', hash: 'SHA-512', saltLength: 64 } },
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    signatureBytes: 64,
    webCrypto: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  },
  ES384: {
    kty: 'EC',
    crv: 'P-384',
    signatureBytes: 96,
    webCrypto: { name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' },
  },
  ES512: {
    kty: 'EC',
    crv: 'P-521',
    signatureBytes: 132,
    webCrypto: { name: 'ECDSA', hash: 'SHA-512', namedCurve: 'P-521' },
  },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64, webCrypto: { name: 'Ed25519' } },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64, webCrypto: { name: 'Ed25519' } },
}

export const allAlgorithms = Object.keys(algorithms) as readonly Algorithm[]

/** True for an algorithm of the table; names are case-sensitive (RFC 7515 §4.1.1). */
export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(algorithms, name)
}
