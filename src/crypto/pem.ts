// Reads keys that an STS publishes as PEM text: certificates (RFC 7468 §5) and public keys (§13). The result goes through the
// same import as every JWK, which decides whether it may verify.
import type { JsonObject } from '../internal/json.ts'

const maxPemLength = 16_384
// Only these labels: createPublicKey would also take a private key, and make its public half.
const label = /^-----BEGIN (CERTIFICATE|PUBLIC KEY)-----\s/

/**
 * Returns the JWK of one PEM text, or an empty object, which no import accepts. Does not check a certificate's dates, names or chain.
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

/** Returns the JWK Set of an object from `kid` to PEM text. */
export function jwksFromPemMap(map: JsonObject): { readonly keys: readonly JsonObject[] } {
  return { keys: Object.entries(map).map(([kid, pem]) => ({ ...readPem(pem), kid })) }
}

let loaded: typeof import('node:crypto') | undefined

/**
 * Loads node:crypto when it is first needed: that takes longer than all of claimcheck. Some importers verify nothing, or run where it
 * does not exist.
 *
 * @throws TypeError on a runtime without it.
 */
export function nodeCrypto(): typeof import('node:crypto') {
  loaded ??= globalThis.process?.getBuiltinModule?.('node:crypto')
  if (!loaded) throw new TypeError('This needs node:crypto, which this runtime does not have.')
  return loaded
}
