// Imports the keys of a JWK Set (RFC 7517) one by one: an unusable key is skipped, the rest serve.
import { importPublicKey } from '#engine'
import type { webcrypto } from 'node:crypto'
import { decodeBase64url } from '../internal/base64url.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { type Algorithm, algorithms as table, isAlgorithm } from '../crypto/algorithms.ts'
import { bitLength, isOfOrder8, isStrongRsa, type PublicKey, toNumber } from '../crypto/engine.ts'
import type { VerificationKey } from './key-source.ts'

export const maxKeys = 1000
const maxKidLength = 256
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
const coordinateBytes: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66, Ed25519: 32 }

export interface ImportedKeys {
  readonly keys: readonly VerificationKey[]
  /** The same keys by the text of their JWK, for the next import. */
  readonly byJwk: KeysByJwk
  /** How many members of the set cannot verify a token here. */
  readonly skipped: number
  /** The JWK Set of the usable keys alone, without any other member. */
  readonly jwks: { readonly keys: readonly JsonObject[] }
}

export type KeysByJwk = ReadonlyMap<string, VerificationKey>

export interface ImportOptions {
  /** The required value of `use`, where a key has one. Default `sig`. */
  readonly use?: string | undefined
  readonly earlier?: KeysByJwk | undefined
}

/**
 * Imports the usable keys of `jwks` for an issuer that signs with `allowed`. A key of the `earlier` import stays the same object.
 * Answers synchronously where the engine does.
 *
 * @throws Error when `jwks` is no JWK Set, has more than 1000 keys, or has no usable key. Such an answer is a fault of the STS
 * and must never replace keys that work. Rejects only where the engine is asynchronous.
 */
export function importKeys(
  jwks: unknown,
  allowed: readonly Algorithm[],
  { use = 'sig', earlier }: ImportOptions = {},
): MaybePromise<ImportedKeys> {
  const members = isJsonObject(jwks) ? jwks.keys : undefined
  if (!Array.isArray(members)) throw new Error('the answer is not a JWK Set')
  if (members.length > maxKeys) throw new Error(`the JWK Set has more than ${maxKeys} keys`)
  const checked = members.map((member) => checkJwk(member, allowed, use)).filter((one) => one !== undefined)
  if (checked.length === 0) throw new Error(noUsableKey)
  const imported = checked.map((one) => importKey(one, earlier))
  if (!imported.some(isPromise)) return collect(imported as (ImportedKey | undefined)[], members.length)
  return Promise.all(imported.map(async (one) => one)).then((outcomes) => collect(outcomes, members.length))
}

const noUsableKey = 'the JWK Set has no usable key'

interface ImportedKey {
  readonly key: VerificationKey
  readonly jwkText: string
}

function collect(outcomes: readonly (ImportedKey | undefined)[], members: number): ImportedKeys {
  const usable = outcomes.filter((one) => one !== undefined)
  if (usable.length === 0) throw new Error(noUsableKey)
  // A key that is listed twice is one key, not two to choose from.
  const byJwk = new Map(usable.map(({ jwkText, key }) => [jwkText, key]))
  return {
    keys: [...byJwk.values()],
    byJwk,
    skipped: members - byJwk.size,
    jwks: { keys: [...byJwk.keys()].map((text) => JSON.parse(text) as JsonObject) },
  }
}

/** A JWK that passes every check that needs no cryptography. */
interface CheckedJwk {
  readonly names: Pick<VerificationKey, 'kid' | 'issuer'>
  readonly algorithms: readonly [Algorithm, ...Algorithm[]]
  readonly material: webcrypto.JsonWebKey
  readonly jwkText: string
}

function checkJwk(member: unknown, allowed: readonly Algorithm[], use: string): CheckedJwk | undefined {
  if (!isJsonObject(member) || !isForVerifying(member, use)) return undefined
  const [algorithm, ...more] = algorithmsOf(member, allowed)
  const material = algorithm && publicMembers(member)
  if (!material) return undefined
  const { kid, alg, issuer } = member
  const names = { ...(typeof kid === 'string' && { kid }), ...(typeof issuer === 'string' && { issuer }) }
  const jwkText = JSON.stringify({ ...material, ...names, ...(alg !== undefined && { alg }) })
  return { names, algorithms: [algorithm, ...more], material, jwkText }
}

/** Returns `undefined` for a key that the engine refuses, such as a point off its curve. */
function importKey(
  { names, algorithms, material, jwkText }: CheckedJwk,
  earlier: KeysByJwk | undefined,
): MaybePromise<ImportedKey | undefined> {
  const same = earlier?.get(jwkText)
  if (same) return { key: same, jwkText }
  const toKey = (key: PublicKey): ImportedKey => {
    return { key: { ...names, algorithms, key, material: JSON.stringify(material) }, jwkText }
  }
  try {
    const key = importPublicKey(material, algorithms[0])
    return isPromise(key) ? key.then(toKey, () => undefined) : toKey(key)
  } catch {
    return undefined
  }
}

/** Whether `jwk` is a public key that its publisher does not reserve for another purpose (RFC 7517 §4.2, §4.3). */
function isForVerifying(jwk: JsonObject, use: string): boolean {
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return false
  if (jwk.use !== undefined && jwk.use !== use) return false
  // An `issuer` that cannot be compared must not pass for a key without one.
  if (jwk.issuer !== undefined && typeof jwk.issuer !== 'string') return false
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) return false
  return jwk.kid === undefined || (typeof jwk.kid === 'string' && jwk.kid !== '' && jwk.kid.length <= maxKidLength)
}

/**
 * Binds a key to one algorithm before any token is seen: by its `alg`, else by its curve. An RSA key without `alg` gets the
 * first RSA algorithm of the issuer's configuration. The token never chooses (RFC 8725 §3.1).
 */
function algorithmsOf(jwk: JsonObject, allowed: readonly Algorithm[]): readonly Algorithm[] {
  const { kty, alg } = jwk
  const crv = kty === 'RSA' ? undefined : jwk.crv
  const fitting = allowed.filter((name) => table[name].kty === kty && table[name].crv === crv)
  if (alg === undefined) return kty === 'OKP' ? fitting : fitting.slice(0, 1)
  // A key with either name of Ed25519 verifies tokens with both.
  if (kty === 'OKP') return isAlgorithm(alg) && table[alg].kty === 'OKP' ? fitting : []
  return fitting.filter((name) => name === alg)
}

/** The members that define the key itself, so that no other can change the import. `undefined` when they define none. */
function publicMembers(jwk: JsonObject): webcrypto.JsonWebKey | undefined {
  const { kty, crv, x, y } = jwk
  if (kty === 'RSA') return rsaMembers(jwk)
  if (!isCoordinate(crv, x)) return undefined
  if (kty === 'OKP') return { kty, crv, x } as webcrypto.JsonWebKey
  return isCoordinate(crv, y) ? ({ kty, crv, x, y } as webcrypto.JsonWebKey) : undefined
}

/**
 * "The length of this octet string MUST be the full size of a coordinate", RFC 7518 §6.2.1.2. A value whose inner bytes are all
 * equal is no real key. In Ed25519 these are the points of order 1, 2 and 4, for which anyone can make a signature.
 */
function isCoordinate(crv: unknown, value: unknown): boolean {
  if (typeof value !== 'string' || isOfOrder8(value)) return false
  const bytes = decodeBase64url(value)
  return bytes?.length === coordinateBytes[String(crv)] && new Set(bytes?.subarray(1, -1)).size > 1
}

function rsaMembers({ n, e }: JsonObject): webcrypto.JsonWebKey | undefined {
  const [modulus, exponent] = [readNumber(n), readNumber(e)]
  if (!modulus || !exponent) return undefined
  const strength = { modulusBits: bitLength(modulus.bytes), exponent: toNumber(exponent.bytes) }
  return isStrongRsa(strength) ? { kty: 'RSA', n: modulus.text, e: exponent.text } : undefined
}

/** Accepts padding and plain base64, which some STSs write (Oracle Access Manager, old Cloud Foundry UAA). Neither is ambiguous. */
function readNumber(value: unknown): { readonly text: string; readonly bytes: Uint8Array } | undefined {
  if (typeof value !== 'string') return undefined
  const text = value
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  const bytes = decodeBase64url(text)
  return bytes && { text, bytes }
}
