// Keys that an STS publishes as PEM text instead of JWKs: certificates (RFC 7468 §5) and public keys (§13). Only taken
// apart here; what may verify is decided by the same import as for every JWK.
import type { JsonObject } from '../internal/json.ts'
import { nodeCrypto } from '../internal/node-crypto.ts'

const maxPemLength = 16_384
// The label decides: createPublicKey would also take a private key, and make its public half.
const label = /^-----BEGIN (CERTIFICATE|PUBLIC KEY)-----\s/

/**
 * The JWK of one PEM text, or an empty object, which no import accepts. Does not check a certificate's dates, names or chain.
 *
 * @throws TypeError on a runtime without node:crypto.
 */
export function readPem(pem: unknown): JsonObject {
  if (typeof pem !== 'string' || pem.length > maxPemLength) return {}
  const kind = label.exec(pem.trimStart())?.[1]
  if (kind === undefined) return {}
  const { createPublicKey, X509Certificate } = nodeCrypto()
  try {
    const key = kind === 'CERTIFICATE' ? new X509Certificate(pem).publicKey : createPublicKey(pem)
    return { ...key.export({ format: 'jwk' }) }
  } catch {
    return {}
  }
}

/** The JWK Set of an object from `kid` to PEM text. */
export function jwksFromPemMap(map: JsonObject): { readonly keys: readonly JsonObject[] } {
  return { keys: Object.entries(map).map(([kid, pem]) => ({ ...readPem(pem), kid })) }
}
