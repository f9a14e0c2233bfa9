// From a JWK Set (RFC 7517) to keys that can verify, one by one: a key that must not be used is skipped, the rest serve.
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
  /** The same, by what they were made of: for the next import. */
  readonly known: KnownKeys
  /** How many members of the set cannot verify a token here. */
  readonly skipped: number
  /** The JWK Set of the usable keys alone, without any other member. */
  readonly jwks: { readonly keys: readonly JsonObject[] }
}

/** Keys that were imported before, by the JWK that each was made of. */
export type KnownKeys = ReadonlyMap<string, VerificationKey>

export interface ImportOptions {
  /** What `use` must be, where a key has one. Default `sig`. */
  readonly use?: string | undefined
  readonly known?: KnownKeys | undefined
}

/**
 * Imports the usable keys of `jwks` for an issuer that signs with `allowed` and gives its keys `use`, where it gives one. A key
 * that is `known` stays the same object. Answers at once where the engine does.
 *
 * @throws Error when `jwks` is no JWK Set, has more than 1000 keys, or not one usable key: such an answer is a fault of
 * the STS, and must never replace keys that work. Rejects only where the engine answers later.
 */
export function importKeys(
  jwks: unknown,
  allowed: readonly Algorithm[],
  { use = 'sig', known = new Map() }: ImportOptions = {},
): MaybePromise<ImportedKeys> {
  const members = isJsonObject(jwks) ? jwks.keys : undefined
  if (!Array.isArray(members)) throw new Error('the answer is not a JWK Set')
  if (members.length > maxKeys) throw new Error(`the JWK Set has more than ${maxKeys} keys`)
  const checked = members.map((member) => checkJwk(member, allowed, use)).filter((one) => one !== undefined)
  if (checked.length === 0) throw new Error(noUsableKey)
  const imported = checked.map((one) => importKey(one, known))
  if (imported.some(isPromise)) return collectLater(imported, members.length)
  return collect(imported as (ImportedKey | undefined)[], members.length)
}

const noUsableKey = 'the JWK Set has no usable key'

interface ImportedKey {
  readonly key: VerificationKey
  readonly jwk: JsonObject
  /** The same JWK as text. */
  readonly text: string
}

async function collectLater(
  imported: readonly MaybePromise<ImportedKey | undefined>[],
  members: number,
): Promise<ImportedKeys> {
  const outcomes: (ImportedKey | undefined)[] = []
  for (const one of imported) outcomes.push(await one)
  return collect(outcomes, members)
}

function collect(outcomes: readonly (ImportedKey | undefined)[], members: number): ImportedKeys {
  const usable = outcomes.filter((one) => one !== undefined)
  // A key that is listed twice is one key, not two to choose from.
  const distinct = new Map(usable.map((one) => [one.text, one]))
  const imported = [...distinct.values()]
  if (imported.length === 0) throw new Error(noUsableKey)
  return {
    keys: imported.map(({ key }) => key),
    known: new Map(imported.map(({ text, key }) => [text, key])),
    skipped: members - imported.length,
    jwks: { keys: imported.map(({ jwk }) => jwk) },
  }
}

/** A JWK that passes every check that needs no cryptography. */
interface CheckedJwk {
  readonly names: Pick<VerificationKey, 'kid' | 'issuer'>
  readonly algorithms: readonly [Algorithm, ...Algorithm[]]
  readonly material: webcrypto.JsonWebKey
  readonly jwk: JsonObject
}

function checkJwk(member: unknown, allowed: readonly Algorithm[], use: string): CheckedJwk | undefined {
  if (!isJsonObject(member) || !isForVerifying(member, use)) return undefined
  const [algorithm, ...more] = algorithmsOf(member, allowed)
  const material = algorithm && publicMembers(member)
  if (!material) return undefined
  const { kid, alg, issuer } = member
  const names = { ...(typeof kid === 'string' && { kid }), ...(typeof issuer === 'string' && { issuer }) }
  const jwk = { ...material, ...names, ...(alg !== undefined && { alg }) }
  return { names, algorithms: [algorithm, ...more], material, jwk }
}

/** `undefined` for a key that the engine refuses, such as a point off its curve. */
function importKey(
  { names, algorithms, material, jwk }: CheckedJwk,
  known: KnownKeys,
): MaybePromise<ImportedKey | undefined> {
  const text = JSON.stringify(jwk)
  const earlier = known.get(text)
  if (earlier) return { key: earlier, jwk, text }
  const toKey = (key: PublicKey): ImportedKey => {
    return { key: { ...names, algorithms, key, material: JSON.stringify(material) }, jwk, text }
  }
  try {
    const key = importPublicKey(material, algorithms[0])
    return isPromise(key) ? key.then(toKey, () => undefined) : toKey(key)
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

/** The members that make up the key itself, so that no other can change what is imported; `undefined` when they make up none. */
function publicMembers(jwk: JsonObject): webcrypto.JsonWebKey | undefined {
  const { kty, crv, x, y } = jwk
  if (kty === 'RSA') return rsaMembers(jwk)
  if (!isCoordinate(crv, x)) return undefined
  if (kty === 'OKP') return { kty, crv, x } as webcrypto.JsonWebKey
  return isCoordinate(crv, y) ? ({ kty, crv, x, y } as webcrypto.JsonWebKey) : undefined
}

/**
 * "The length of this octet string MUST be the full size of a coordinate", RFC 7518 §6.2.1.2. One whose inner bytes are all alike is no
 * real key: of Ed25519 these are the points of order 1, 2 and 4, for which anyone can write a signature.
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

/** Some STSs pad these numbers or write them in plain base64 (Oracle Access Manager, old Cloud Foundry UAA): no other key could be meant. */
function readNumber(value: unknown): { readonly text: string; readonly bytes: Uint8Array } | undefined {
  if (typeof value !== 'string') return undefined
  const text = value
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  const bytes = decodeBase64url(text)
  return bytes && { text, bytes }
}
