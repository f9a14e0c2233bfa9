// Keys for all eleven algorithm names. The six RSA algorithms share one key pair, because making one is slow.
import { keyFor, type TestKey } from './tokens.ts'
import type { Algorithm } from './types.ts'

export const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const satisfies Algorithm[]
export const ecAlgorithms = ['ES256', 'ES384', 'ES512'] as const satisfies Algorithm[]
const edAlgorithms = ['Ed25519', 'EdDSA'] as const satisfies Algorithm[]
export const everyAlgorithm: readonly Algorithm[] = [...rsaAlgorithms, ...ecAlgorithms, ...edAlgorithms]

/** A key for `alg`; its kid is the algorithm's name. */
export function quickKeyFor(alg: Algorithm): TestKey {
  return /^[RP]S/.test(alg) ? asAlgorithm(keyFor('RS256'), alg) : keyFor(alg)
}

/** The same key pair, signing and published as if it were made for `alg`. */
export function asAlgorithm(key: TestKey, alg: Algorithm): TestKey {
  return { ...key, alg, kid: alg, publicJwk: { ...key.publicJwk, alg, kid: alg } }
}
