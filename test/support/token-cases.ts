// Tokens and key sets for the comparison with another implementation: good ones, and ones that are wrong in one or two places.
import fc from 'fast-check'
import { asAlgorithm, everyAlgorithm, quickKeyFor } from './every-algorithm.ts'
import { audience, createKey, goodClaims, signatureOf, type TestKey } from './tokens.ts'
import type { Algorithm, JsonWebKey } from './types.ts'
import { now } from './clock.ts'

type Members = Readonly<Record<string, unknown>>

/** A token while it is made. Each change takes one and gives another. */
interface Draft {
  readonly key: TestKey
  readonly header: Members
  readonly claims: Members
  /** The texts that become segments. */
  readonly headerText?: string
  readonly claimsText?: string
  /** Changes the segments, or the signature, after signing. */
  readonly finish?: (token: string) => string
  readonly keys: readonly unknown[]
}

export interface TokenCase {
  /** The names of its changes, in alphabetical order. */
  readonly changes: readonly string[]
  readonly algorithm: Algorithm
  readonly token: string
  readonly jwks: { readonly keys: readonly unknown[] }
}

type Change = (draft: Draft) => Draft

const header =
  (members: Members): Change =>
  (draft) => ({ ...draft, header: { ...draft.header, ...members } })
const claims =
  (members: Members): Change =>
  (draft) => ({ ...draft, claims: { ...draft.claims, ...members } })
const finish =
  (change: (token: string) => string): Change =>
  (draft) => ({ ...draft, finish: change })
const keys =
  (change: (key: JsonWebKey, draft: Draft) => readonly unknown[]): Change =>
  (draft) => ({ ...draft, keys: change(draft.keys[0] as JsonWebKey, draft) })

const stranger = new Map<Algorithm, TestKey>()

/** A second key of each kind, with the kid of the first. */
function strangerFor(alg: Algorithm): TestKey {
  const family = /^[RP]S/.test(alg) ? 'RS256' : alg
  const key = stranger.get(family) ?? createKey(family)
  stranger.set(family, key)
  return asAlgorithm(key, alg)
}

const texts: Readonly<Record<string, Change>> = {
  'white space in the header': (draft) => ({ ...draft, headerText: JSON.stringify(draft.header, null, 1) }),
  'white space in the claims': (draft) => ({ ...draft, claimsText: JSON.stringify(draft.claims, null, '\t') }),
  'a repeated header name': (draft) => ({
    ...draft,
    headerText: JSON.stringify(draft.header).replace('{', '{"typ":"x",'),
  }),
  'a repeated claim': (draft) => ({ ...draft, claimsText: JSON.stringify(draft.claims).replace('{', '{"sub":"eve",') }),
  'a repeated claim, escaped': (draft) => ({
    ...draft,
    claimsText: JSON.stringify(draft.claims).replace('{', '{"s\\u0075b":"eve",'),
  }),
  'a repeated name below': (draft) => ({
    ...draft,
    claimsText: JSON.stringify(draft.claims).replace('{', '{"a":{"b":1,"b":2},'),
  }),
  'a byte order mark': (draft) => ({ ...draft, claimsText: `\ufeff${JSON.stringify(draft.claims)}` }),
  'text after the object': (draft) => ({ ...draft, claimsText: `${JSON.stringify(draft.claims)} x` }),
  'claims in a list': (draft) => ({ ...draft, claimsText: `[${JSON.stringify(draft.claims)}]` }),
  'claims that are null': (draft) => ({ ...draft, claimsText: 'null' }),
  'a lone surrogate': (draft) => ({
    ...draft,
    claimsText: JSON.stringify(draft.claims).replace('{', '{"x":"\\ud800",'),
  }),
  'deep nesting': (draft) => ({
    ...draft,
    claimsText: JSON.stringify(draft.claims).replace('{', `{"x":${'['.repeat(200)}${']'.repeat(200)},`),
  }),
  'a member __proto__': (draft) => ({
    ...draft,
    claimsText: JSON.stringify(draft.claims).replace('{', '{"__proto__":{"exp":1},'),
  }),
}

const headers: Readonly<Record<string, Change>> = {
  'alg none': header({ alg: 'none' }),
  'alg HS256': header({ alg: 'HS256' }),
  'alg in small letters': (draft) => header({ alg: String(draft.header.alg).toLowerCase() })(draft),
  'no alg': header({ alg: undefined }),
  'alg of another family': (draft) => header({ alg: draft.key.alg.startsWith('RS') ? 'ES256' : 'RS256' })(draft),
  'the other name of Ed25519': (draft) =>
    header({ alg: { EdDSA: 'Ed25519', Ed25519: 'EdDSA' }[String(draft.header.alg)] ?? draft.header.alg })(draft),
  'another hash': (draft) => header({ alg: `${draft.key.alg.slice(0, 2)}384` })(draft),
  'no kid': header({ kid: undefined }),
  'an empty kid': header({ kid: '' }),
  'a foreign kid': header({ kid: 'foreign' }),
  'a kid that is a number': header({ kid: 7 }),
  'a long kid': header({ kid: 'k'.repeat(300) }),
  'no typ': header({ typ: undefined }),
  'typ JWT': header({ typ: 'JWT' }),
  'typ with its prefix': header({ typ: 'application/at+jwt' }),
  'typ in capitals': header({ typ: 'AT+JWT' }),
  'typ that is a number': header({ typ: 1 }),
  'cty JWT': header({ cty: 'JWT' }),
  'cty text': header({ cty: 'text/plain' }),
  'crit exp': header({ crit: ['exp'], exp: 1 }),
  'crit empty': header({ crit: [] }),
  'crit b64': header({ crit: ['b64'], b64: true }),
  'b64 true': header({ b64: true }),
  'b64 false': header({ b64: false, crit: ['b64'] }),
  zip: header({ zip: 'DEF' }),
  'jwk of a stranger': (draft) => header({ jwk: strangerFor(draft.key.alg).publicJwk })(draft),
  'jku and x5u': header({ jku: 'https://evil.example/jwks', x5u: 'https://evil.example/cert' }),
  'an unknown member': header({ 'https://example.com/x': [1, { y: null }] }),
}

const payloads: Readonly<Record<string, Change>> = {
  'no iss': claims({ iss: undefined }),
  'another iss': claims({ iss: 'https://sts.example.org' }),
  'iss with a slash': claims({ iss: 'https://sts.example.com/' }),
  'iss in a list': claims({ iss: ['https://sts.example.com'] }),
  'no aud': claims({ aud: undefined }),
  'another aud': claims({ aud: 'https://other.example.com' }),
  'aud in a list': claims({ aud: ['https://other.example.com', audience] }),
  'aud in a list with a number': claims({ aud: [audience, 1] }),
  'an empty list as aud': claims({ aud: [] }),
  'aud with a slash': claims({ aud: `${audience}/` }),
  'aud that is an object': claims({ aud: { [audience]: true } }),
  'no exp': claims({ exp: undefined }),
  'exp null': claims({ exp: null }),
  'exp as text': claims({ exp: String(now + 300) }),
  'exp long ago': claims({ exp: now - 3600 }),
  'exp within the tolerance': claims({ exp: now - 10 }),
  'exp at the tolerance': claims({ exp: now - 30 }),
  'exp with a fraction': claims({ exp: now + 0.5 }),
  'exp in milliseconds': claims({ exp: (now + 300) * 1000 }),
  'exp negative': claims({ exp: -1 }),
  'exp without end': (draft) => ({
    ...draft,
    claimsText: JSON.stringify({ ...draft.claims, exp: 0 }).replace('"exp":0', '"exp":1e400'),
  }),
  'nbf now': claims({ nbf: now }),
  'nbf ahead': claims({ nbf: now + 3600 }),
  'nbf within the tolerance': claims({ nbf: now + 10 }),
  'nbf as text': claims({ nbf: '1' }),
  'no iat': claims({ iat: undefined }),
  'iat ahead': claims({ iat: now + 3600 }),
  'iat within the tolerance': claims({ iat: now + 10 }),
  'iat as text': claims({ iat: '1' }),
  'sub that is a number': claims({ sub: 1 }),
  'no sub': claims({ sub: undefined }),
  'jti that is a number': claims({ jti: 1 }),
  'a confirmation': claims({ cnf: { jkt: 'x' } }),
  'a nonce': claims({ nonce: 'n' }),
  'an at_hash': claims({ at_hash: 'x' }),
  'other claims': claims({ name: 'Zoë 漢', list: [1, { a: null }], n: 1e-7, t: true }),
  'a long claim': claims({ text: 'x'.repeat(4000) }),
  'a very long claim': claims({ text: 'x'.repeat(16_000) }),
}

function atEnd(token: string, change: (signature: Buffer) => Uint8Array): string {
  const at = token.lastIndexOf('.') + 1
  return token.slice(0, at) + Buffer.from(change(Buffer.from(token.slice(at), 'base64url'))).toString('base64url')
}

function segments(token: string, change: (header: string, claims: string, signature: string) => string): string {
  const [one = '', two = '', three = ''] = token.split('.')
  return change(one, two, three)
}

const spellings: Readonly<Record<string, Change>> = {
  'one bit of the signature': finish((token) => atEnd(token, (bytes) => bytes.with(5, (bytes[5] ?? 0) ^ 1))),
  'the first byte of the signature': finish((token) => atEnd(token, (bytes) => bytes.with(0, (bytes[0] ?? 0) ^ 0x80))),
  'a signature of zeros': finish((token) => atEnd(token, (bytes) => new Uint8Array(bytes.length))),
  'a short signature': finish((token) => atEnd(token, (bytes) => bytes.subarray(0, -1))),
  'a long signature': finish((token) => atEnd(token, (bytes) => Uint8Array.of(...bytes, 0))),
  'no signature': finish((token) => atEnd(token, () => new Uint8Array())),
  padding: finish((token) => segments(token, (one, two, three) => `${one}=.${two}==.${three}==`)),
  'padding of the signature': finish((token) => `${token}=`),
  'unused bits of the signature': finish(withUnusedBits),
  'plain base64': finish((token) =>
    segments(
      token,
      (one, two, three) => `${one}.${two}.${Buffer.from(three, 'base64url').toString('base64').replace(/=+$/, '')}`,
    ),
  ),
  'a line break': finish((token) =>
    segments(token, (one, two, three) => `${one}.${two}.${three.slice(0, 20)}\n${three.slice(20)}`),
  ),
  'a blank before': finish((token) => ` ${token}`),
  'two segments': finish((token) => segments(token, (one, two) => `${one}.${two}`)),
  'four segments': finish((token) => `${token}.x`),
  'five segments': finish((token) => `${token}.x.y`),
  'an empty payload': finish((token) => segments(token, (one, _, three) => `${one}..${three}`)),
  'another payload': finish((token) =>
    segments(
      token,
      (one, two, three) =>
        `${one}.${Buffer.from(Buffer.from(two, 'base64url').toString().replace('alice', 'admin')).toString('base64url')}.${three}`,
    ),
  ),
  'signed by a stranger': (draft) => ({ ...draft, key: strangerFor(draft.key.alg) }),
}

/** The last character of a segment may have bits that stand for nothing. */
function withUnusedBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const signature = token.slice(token.lastIndexOf('.') + 1)
  if (signature.length % 4 === 0) return token
  return token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.at(-1) ?? '') + 1)
}

function without(key: JsonWebKey, member: string): Members {
  return Object.fromEntries(Object.entries(key).filter(([name]) => name !== member))
}

const keySets: Readonly<Record<string, Change>> = {
  'a key without alg': keys((key) => [without(key, 'alg')]),
  'a key without kid': keys((key) => [without(key, 'kid')]),
  'a key without use': keys((key) => [without(key, 'use')]),
  'a key for encryption': keys((key) => [{ ...key, use: 'enc' }]),
  'a key that signs only': keys((key) => [{ ...key, key_ops: ['sign'] }]),
  'a key that verifies': keys((key) => [{ ...without(key, 'use'), key_ops: ['verify'] }]),
  'key_ops that is no list': keys((key) => [{ ...key, key_ops: 'verify' }]),
  'a key of another algorithm': keys((key) => [{ ...key, alg: String(key.alg).startsWith('RS') ? 'PS512' : 'RS512' }]),
  'a key with private members': keys((_, { key }) => [
    { ...key.publicJwk, ...key.privateKey.export({ format: 'jwk' }) },
  ]),
  'a stranger with the same kid before': keys((key, { key: { alg } }) => [strangerFor(alg).publicJwk, key]),
  'a stranger with the same kid after': keys((key, { key: { alg } }) => [key, strangerFor(alg).publicJwk]),
  'a stranger with another kid': keys((key, { key: { alg } }) => [
    { ...strangerFor(alg).publicJwk, kid: 'other' },
    key,
  ]),
  'only a stranger': keys((_, { key: { alg } }) => [strangerFor(alg).publicJwk]),
  'a symmetric key beside it': keys((key) => [{ kty: 'oct', k: 'c2VjcmV0', kid: key.kid, alg: 'HS256' }, key]),
  'keys of all algorithms': keys((key) => [
    ...everyAlgorithm.map((alg) => quickKeyFor(alg).publicJwk).filter(({ kid }) => kid !== key.kid),
    key,
  ]),
  'a damaged key beside it': keys((key) => [
    { ...key, x: '!', n: '!', kid: 'damaged' },
    null,
    5,
    'x',
    { kty: 'XYZ' },
    key,
  ]),
  'a certificate beside it': keys((key) => [{ ...key, x5c: ['AAAA'], x5t: 'x' }]),
  'an unknown member of the key': keys((key) => [{ ...key, issuer: 'x', 'https://example.com': {} }]),
  'a padded coordinate': keys((key) => [{ ...key, ...(key.n ? { n: `${key.n}=` } : { x: `${String(key.x)}=` }) }]),
  'a kid in another case': keys((key) => [{ ...key, kid: String(key.kid).toLowerCase() }]),
  'no keys': keys(() => []),
}

const all = { ...texts, ...headers, ...payloads, ...spellings, ...keySets }

/** The names of all changes. */
export const changeNames: readonly string[] = Object.keys(all)

/** `count` cases, the same for the same `seed`: a fifth has no change at all, most have one, and some have two. */
export function sampleCases(count: number, seed: number): readonly TokenCase[] {
  const change = fc.constantFrom(...changeNames)
  const changes = fc.oneof(
    { weight: 2, arbitrary: fc.constant<string[]>([]) },
    { weight: 6, arbitrary: fc.tuple(change) },
    { weight: 3, arbitrary: fc.tuple(change, change) },
  )
  return fc
    .sample(fc.tuple(fc.constantFrom(...everyAlgorithm), changes), { numRuns: count, seed })
    .map(([algorithm, names]) => createCase(algorithm, [...new Set(names)].toSorted()))
}

/** Makes one case. */
export function createCase(algorithm: Algorithm, changes: readonly string[]): TokenCase {
  const key = quickKeyFor(algorithm)
  const start: Draft = {
    key,
    header: { alg: algorithm, kid: key.kid, typ: 'at+jwt' },
    claims: goodClaims(),
    keys: [key.publicJwk],
  }
  const draft = changes.reduce((made, name) => (all[name] as Change)(made), start)
  const { headerText = JSON.stringify(draft.header), claimsText = JSON.stringify(draft.claims) } = draft
  const input = `${encoded(headerText)}.${encoded(claimsText)}`
  const signed = `${input}.${signatureOf(Buffer.from(input), { ...draft.key, alg: algorithm }).toString('base64url')}`
  return { changes, algorithm, token: draft.finish?.(signed) ?? signed, jwks: { keys: draft.keys } }
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url')
}
