// From a JWK Set (RFC 7517) to keys that can verify, one by one: a key that must not be used is skipped, the rest serve.
import type { webcrypto } from 'node:crypto'
import { decodeBase64url } from '../internal/base64url.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { type Algorithm, algorithms as table, isAlgorithm } from '../token/algorithms.ts'
import type { VerificationKey } from './key-source.ts'

export const maxKeys = 1000
const minRsaBits = 2048
const maxRsaBits = 16_384
const maxKidLength = 256
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
const coordinateBytes: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66, Ed25519: 32 }

export interface ImportedKeys {
  readonly keys: readonly VerificationKey[]
  /** How many members of the set cannot verify a token here. */
  readonly skipped: number
  /** The JWK Set of the usable keys alone, without any other member. */
  readonly jwks: { readonly keys: readonly JsonObject[] }
}

/**
 * Imports the usable keys of `jwks` for an issuer that signs with `allowed` and gives its keys `use`, where it gives one.
 *
 * @throws Error when `jwks` is no JWK Set, has more than 1000 keys, or not one usable key: such an answer is a fault of
 * the STS, and must never replace keys that work.
 */
export async function importKeys(jwks: unknown, allowed: readonly Algorithm[], use = 'sig'): Promise<ImportedKeys> {
  const members = isJsonObject(jwks) ? jwks.keys : undefined
  if (!Array.isArray(members)) throw new Error('the answer is not a JWK Set')
  if (members.length > maxKeys) throw new Error(`the JWK Set has more than ${maxKeys} keys`)
  const usable = (await Promise.all(members.map((jwk) => importKey(jwk, allowed, use)))).filter(
    (one) => one !== undefined,
  )
  // A key that is listed twice is one key, not two to choose from.
  const imported = [...new Map(usable.map((one) => [JSON.stringify(one.jwk), one])).values()]
  if (imported.length === 0) throw new Error('the JWK Set has no usable key')
  return {
    keys: imported.map(({ key }) => key),
    skipped: members.length - imported.length,
    jwks: { keys: imported.map(({ jwk }) => jwk) },
  }
}

interface ImportedKey {
  readonly key: VerificationKey
  readonly jwk: JsonObject
}

async function importKey(jwk: unknown, allowed: readonly Algorithm[], use: string): Promise<ImportedKey | undefined> {
  if (!isJsonObject(jwk) || !isForVerifying(jwk, use)) return undefined
  const algorithms = algorithmsOf(jwk, allowed)
  const [algorithm] = algorithms
  if (!algorithm) return undefined
  try {
    const material = publicMembers(jwk)
    const key = await crypto.subtle.importKey('jwk', material, table[algorithm].webCrypto, false, ['verify'])
    if (!isStrong(key)) return undefined
    const { kid, alg, issuer } = jwk
    const names = { ...(typeof kid === 'string' && { kid }), ...(typeof issuer === 'string' && { issuer }) }
    return {
      key: { ...names, algorithms, key, material: JSON.stringify(material) },
      jwk: { ...material, ...names, ...(alg !== undefined && { alg }) },
    }
  } catch {
    return undefined
  }
}

/** A public key that its publisher does not reserve for something else (RFC 7517 §4.2, §4.3). */
function isForVerifying(jwk: JsonObject, use: string): boolean {
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return false
  if (jwk.use !== undefined && jwk.use !== use) return false
  // A key that names its issuer in a way we cannot compare must not pass for one that names none.
  if (jwk.issuer !== undefined && typeof jwk.issuer !== 'string') return false
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) return false
  return jwk.kid === undefined || (typeof jwk.kid === 'string' && jwk.kid !== '' && jwk.kid.length <= maxKidLength)
}

/**
 * Binds a key to one algorithm before any token is seen: by its own `alg`, else by its curve, else (RSA) by the first
 * RSA algorithm that the issuer is configured with. The token never chooses (RFC 8725 §3.1).
 */
function algorithmsOf(jwk: JsonObject, allowed: readonly Algorithm[]): readonly Algorithm[] {
  const fitting = allowed.filter((name) => fits(name, jwk))
  if (jwk.kty === 'OKP') return fitting.filter(() => jwk.alg === undefined || isEdwardsName(jwk.alg))
  if (jwk.alg === undefined) return fitting.slice(0, 1)
  return fitting.filter((name) => name === jwk.alg)
}

function fits(name: Algorithm, jwk: JsonObject): boolean {
  const { kty, crv } = table[name]
  return kty === jwk.kty && crv === (kty === 'RSA' ? undefined : jwk.crv)
}

function isEdwardsName(alg: unknown): boolean {
  return isAlgorithm(alg) && table[alg].kty === 'OKP'
}

/** The members that make up the key itself, so that no other can change what is imported. */
function publicMembers(jwk: JsonObject): webcrypto.JsonWebKey {
  const { kty, crv, x, y, n, e } = jwk
  if (kty === 'RSA') return { kty, n, e } as webcrypto.JsonWebKey
  checkCoordinate(crv, x)
  if (kty === 'OKP') return { kty, crv, x } as webcrypto.JsonWebKey
  checkCoordinate(crv, y)
  return { kty, crv, x, y } as webcrypto.JsonWebKey
}

/** "The length of this octet string MUST be the full size of a coordinate", RFC 7518 §6.2.1.2. */
function checkCoordinate(crv: unknown, value: unknown): void {
  const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined
  if (bytes?.length !== coordinateBytes[String(crv)]) throw new Error('a coordinate has the wrong length')
}

/** "A key of size 2048 bits or larger MUST be used", RFC 7518 §3.3. */
function isStrong({ algorithm }: webcrypto.CryptoKey): boolean {
  if (!('modulusLength' in algorithm)) return true
  const { modulusLength, publicExponent } = algorithm as webcrypto.RsaHashedKeyAlgorithm
  // With the exponent 1 a signature is its own message, and anyone can write one; even ones belong to no RSA key.
  const isOdd = ((publicExponent.at(-1) ?? 0) & 1) === 1
  const isOne = publicExponent.length === 1 && publicExponent[0] === 1
  return modulusLength >= minRsaBits && modulusLength <= maxRsaBits && isOdd && !isOne
}
