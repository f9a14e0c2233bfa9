// Keys and tokens, made once for all processes of a measurement: signing is no part of it. The tokens are like Entra's, complete
// after RFC 9068, with some 800 bytes of claims, and no two are alike.
import { type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { newKeyPair } from '../../test/support/key-pairs.ts'
import { audience, issuer } from './names.ts'

export type BenchAlgorithm = 'RS256' | 'ES256'

/** Each pool is a list of tokens as bytes, so that every request can have a string of its own, as it has from a socket. */
export interface Fixture {
  readonly jwks: { readonly keys: Record<string, unknown>[] }
  readonly pems: Readonly<Record<BenchAlgorithm, string>>
  readonly pools: Readonly<Record<BenchAlgorithm | 'expired' | 'forged' | 'unknownKid' | 'garbage', readonly Buffer[]>>
}

type WrittenFixture = Omit<Fixture, 'pools'> & { readonly pools: Readonly<Record<string, string[]>> }

export interface Signer {
  readonly algorithm: BenchAlgorithm
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export function createSigner(algorithm: BenchAlgorithm): Signer {
  const pair =
    algorithm === 'RS256' ? newKeyPair('rsa', { modulusLength: 2048 }) : newKeyPair('ec', { namedCurve: 'P-256' })
  return { algorithm, kid: randomBytes(20).toString('base64url'), ...pair }
}

export function jwkOf({ algorithm, kid, publicKey }: Signer): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
}

/** `header` and `claims` replace what a good token has. */
export function signToken(
  { algorithm, kid, privateKey }: Signer,
  { header = {}, claims = {} }: { header?: object; claims?: object } = {},
): string {
  const input = `${encode({ typ: 'at+jwt', alg: algorithm, kid, ...header })}.${encode({ ...newClaims(), ...claims })}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

function newClaims(): object {
  const now = Math.floor(Date.now() / 1000)
  const oid = randomUUID()
  return {
    aud: audience,
    iss: issuer,
    iat: now - 60,
    nbf: now - 60,
    exp: now + 86_400,
    aio: randomBytes(66).toString('base64url'),
    azp: '4f1d0c3e-7b1c-4a39-8b0e-2a5e4d1f9c77',
    azpacr: '1',
    client_id: '4f1d0c3e-7b1c-4a39-8b0e-2a5e4d1f9c77',
    auth_time: now - 300,
    jti: randomUUID(),
    name: `Ada Lovelace ${oid.slice(0, 6)}`,
    oid,
    preferred_username: `ada.${oid.slice(0, 6)}@contoso.example.com`,
    rh: `0.${randomBytes(45).toString('base64url')}.`,
    roles: ['Orders.Approver', 'Orders.Auditor'],
    scp: 'Orders.Read Orders.Write Customers.Read',
    scope: 'Orders.Read Orders.Write',
    sub: randomBytes(32).toString('base64url'),
    tid: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490',
    uti: randomBytes(16).toString('base64url'),
    ver: '2.0',
  }
}

function encode(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url')
}

/** Writes what all processes read. `many`: how many ES256 tokens the memory and growth measures get. */
export function writeFixture(folder: string, many: number): void {
  const [rsa, ec] = [createSigner('RS256'), createSigner('ES256')]
  const rs256 = times(2000, () => signToken(rsa))
  const forged = rs256.slice(0, 1000).map(forge)
  const aDayAgo = Math.floor(Date.now() / 1000) - 86_400
  const pools: Record<keyof Fixture['pools'], string[]> = {
    RS256: rs256,
    ES256: times(2000, () => signToken(ec)),
    expired: times(1000, () => signToken(rsa, { claims: { exp: aDayAgo } })),
    forged,
    unknownKid: forged.map(underAnotherKid),
    garbage: times(1000, () => [60, 740, 256].map((bytes) => randomBytes(bytes).toString('base64url')).join('.')),
  }
  const pems = { RS256: pemOf(rsa), ES256: pemOf(ec) }
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/fixture.json`, JSON.stringify({ jwks: { keys: [jwkOf(rsa), jwkOf(ec)] }, pems, pools }))
  writeFileSync(`${folder}/many.txt`, times(many, () => signToken(ec)).join('\n'))
}

export function readFixture(folder: string): Fixture {
  const { pools, ...rest } = JSON.parse(readFileSync(`${folder}/fixture.json`, 'utf8')) as WrittenFixture
  const asBytes = Object.entries(pools).map(([name, tokens]) => [
    name,
    tokens.map((token) => Buffer.from(token, 'latin1')),
  ])
  return { ...rest, pools: Object.fromEntries(asBytes) as Fixture['pools'] }
}

/** The tokens of the memory and growth measures, as slices of one file. */
export function readManyTokens(folder: string, count: number): readonly Buffer[] {
  const bytes = readFileSync(`${folder}/many.txt`)
  const tokens: Buffer[] = []
  for (let start = 0; tokens.length < count && start < bytes.length; ) {
    const end = bytes.indexOf(10, start)
    tokens.push(bytes.subarray(start, end < 0 ? bytes.length : end))
    start = end < 0 ? bytes.length : end + 1
  }
  if (tokens.length < count) throw new Error(`The fixture has ${tokens.length} tokens, not ${count}.`)
  return tokens
}

function pemOf({ publicKey }: Signer): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

/** The same token under another signature of the same length. */
function forge(token: string): string {
  const at = token.length - 171
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

/** A flood names a new kid each time. */
function underAnotherKid(token: string): string {
  const kid = randomBytes(20).toString('base64url')
  return `${encode({ typ: 'at+jwt', alg: 'RS256', kid })}${token.slice(token.indexOf('.'))}`
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}
