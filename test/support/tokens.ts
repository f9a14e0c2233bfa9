// Tokens made by hand, good ones and forged ones: nothing here checks that what it signs makes sense.
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { newKeyPair } from './key-pairs.ts'
import type { Algorithm, JsonWebKey } from './types.ts'
import { now } from './clock.ts'

/** A key pair of an issuer: the private half signs, the public half is what a JWK Set publishes. */
export interface TestKey {
  readonly alg: Algorithm
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicJwk: JsonWebKey
}

let made = 0

/** Generates a key for `alg`. Slow for RSA: use `keyFor` unless the test needs a second key of one kind. */
export function createKey(alg: Algorithm, { kid = `key-${++made}`, rsaBits = 2048 } = {}): TestKey {
  const { privateKey, publicKey } = generate(alg, rsaBits)
  return {
    alg,
    kid,
    privateKey,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } as JsonWebKey,
  }
}

const keys = new Map<Algorithm, TestKey>()

/** The one key of the test run for `alg`, made when first asked for; its kid is the algorithm's name. */
export function keyFor(alg: Algorithm): TestKey {
  const key = keys.get(alg) ?? createKey(alg, { kid: alg })
  keys.set(alg, key)
  return key
}

/** From a private JWK, such as an embedded STS signs with. */
export function keyFromJwk(jwk: JsonWebKey & { readonly alg: string; readonly kid: string }): TestKey {
  const privateKey = createPrivateKey({ key: jwk as never, format: 'jwk' })
  const { kty, crv, x, y, n, e, kid, alg } = jwk
  return { alg: alg as Algorithm, kid, privateKey, publicJwk: { kty, crv, x, y, n, e, kid, alg, use: 'sig' } }
}

export const issuer = 'https://sts.example.com'
export const audience = 'https://api.example.com'

/** The claims of a token that every test's verifier accepts, with `changes`; `undefined` takes a claim out. */
export function goodClaims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'alice',
    client_id: 'web',
    iat: now - 60,
    exp: now + 300,
    jti: 'j1',
  }
  return Object.fromEntries(Object.entries({ ...claims, ...changes }).filter(([, value]) => value !== undefined))
}

export interface TokenParts {
  readonly key?: TestKey
  /** Joins `alg`, `kid` and `typ: at+jwt`; `undefined` takes a member out. */
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Signs a token. What its header says of `alg` does not change how it is signed. */
export function createToken({ key = keyFor('ES256'), header = {}, claims = {} }: TokenParts = {}): string {
  const headerText = JSON.stringify({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
  return signTexts(headerText, JSON.stringify(goodClaims(claims)), key)
}

/** Signs any header and payload text, JSON or not. */
export function signTexts(header: string | Uint8Array, payload: string | Uint8Array, key: TestKey): string {
  return signSegments(encode(header), encode(payload), key)
}

/** Signs two segments as they are, well encoded or not. */
export function signSegments(header: string, payload: string, key: TestKey): string {
  const signingInput = `${header}.${payload}`
  return `${signingInput}.${signatureOf(Buffer.from(signingInput), key).toString('base64url')}`
}

export function signatureOf(signingInput: Uint8Array, { alg, privateKey }: TestKey): Buffer {
  return sign(hashOf(alg), signingInput, { key: privateKey, ...signOptions(alg) })
}

export function encode(data: string | Uint8Array): string {
  return Buffer.from(data as Uint8Array).toString('base64url')
}

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

function generate(alg: Algorithm, rsaBits: number): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg.startsWith('ES')) return newKeyPair('ec', { namedCurve: curves[alg] ?? '' })
  if (alg.startsWith('E')) return newKeyPair('ed25519')
  return newKeyPair('rsa', { modulusLength: rsaBits })
}

function hashOf(alg: Algorithm): string | null {
  return alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`
}

function signOptions(alg: Algorithm): { padding?: number; saltLength?: number; dsaEncoding?: 'ieee-p1363' } {
  if (alg.startsWith('PS')) return { padding: 6, saltLength: Number(alg.slice(2)) / 8 }
  return alg.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' } : {}
}
