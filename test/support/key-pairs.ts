// Key pairs of every kind, written and read again. In Node 20, a KeyObject straight from generateKeyPairSync can stop the process for
// ever (src/testing/signing-key.ts says when and why), so no other test calls that function.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

type Kind = 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'x25519' | 'x448'

export function newKeyPair(kind: Kind, options: { namedCurve?: string; modulusLength?: number } = {}): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync(kind as 'ed25519', {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey) }
}
