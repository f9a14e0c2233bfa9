// Every kind of token that no API may accept, by name. Each has one fault only: all else is as the STS makes it.
import { createHmac } from 'node:crypto'
import type { JsonObject } from '../internal/json.ts'
import { tokenBytes } from '../jwt/parse.ts'
import { encodeJson, publicJwk, type SigningKey, signatureOf, signToken } from './signing-key.ts'

/** A kind of bad token, for `issuer.badToken(kind)`. */
export type BadTokenKind =
  | 'expired'
  | 'not-yet-valid'
  | 'issued-in-the-future'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'no-iss'
  | 'no-exp'
  | 'no-aud'
  | 'exp-as-text'
  | 'id-token'
  | 'logout-token'
  | 'sender-constrained'
  | 'forged-signature'
  | 'changed-claims'
  | 'no-signature'
  | 'zero-signature'
  | 'unknown-kid'
  | 'alg-none'
  | 'hs256-with-public-key'
  | 'embedded-jwk'
  | 'remote-jwks'
  | 'crit'
  | 'duplicate-claim'
  | 'nested'
  | 'encrypted'
  | 'oversized'
  | 'garbage'

/** The parts of a good token, and the means to make it invalid. */
export interface BadTokenParts {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly key: SigningKey
  /** The time of the verifier: the clock of the STS may be wrong. */
  readonly nowSeconds: number
  /** The claim that says for whom the token is. */
  readonly audienceClaim: string
  /** A key of the same kind and kid that the issuer does not have. */
  foreignKey(): SigningKey
  /** The issuer's ID token. */
  idToken(): string
}

const attacker = 'https://attacker.example'
const hourSeconds = 3600

const makers: Readonly<Record<BadTokenKind, (parts: BadTokenParts) => string>> = {
  expired: (parts) => {
    const issued = parts.nowSeconds - 2 * hourSeconds
    const nbf = Object.hasOwn(parts.claims, 'nbf') ? issued : undefined
    return withClaims(parts, { iat: issued, nbf, exp: issued + hourSeconds })
  },
  'not-yet-valid': (parts) => withClaims(parts, { nbf: parts.nowSeconds + hourSeconds / 2 }),
  'issued-in-the-future': (parts) => withClaims(parts, { iat: parts.nowSeconds + hourSeconds / 2 }),
  'wrong-issuer': (parts) => withClaims(parts, { iss: attacker }),
  'wrong-audience': (parts) => withClaims(parts, { [parts.audienceClaim]: 'https://other-api.example' }),
  'no-iss': (parts) => withClaims(parts, { iss: undefined }),
  'no-exp': (parts) => withClaims(parts, { exp: undefined }),
  'no-aud': (parts) => withClaims(parts, { [parts.audienceClaim]: undefined }),
  'exp-as-text': (parts) => withClaims(parts, { exp: String(parts.claims.exp) }),
  'id-token': (parts) => parts.idToken(),
  'logout-token': (parts) => {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    return signToken({ ...parts.header, typ: 'logout+jwt' }, { ...parts.claims, events }, parts.key)
  },
  'sender-constrained': (parts) => withClaims(parts, { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }),
  'forged-signature': ({ header, claims, foreignKey }) => signToken(header, claims, foreignKey()),
  'changed-claims': (parts) => {
    const [header, , signature] = withClaims(parts, {}).split('.')
    const admin = Object.hasOwn(parts.claims, 'admin') ? undefined : true
    return `${header}.${encodeJson({ ...parts.claims, admin })}.${signature}`
  },
  'no-signature': (parts) => withClaims(parts, {}).replace(/[^.]*$/, ''),
  'zero-signature': ({ header, claims, key }) => {
    const signingInput = `${encodeJson(header)}.${encodeJson(claims)}`
    return `${signingInput}.${Buffer.alloc(signatureOf(signingInput, key).length).toString('base64url')}`
  },
  'unknown-kid': (parts) => withHeader(parts, { kid: 'no such key' }),
  'alg-none': ({ header, claims }) => `${encodeJson({ ...header, alg: 'none' })}.${encodeJson(claims)}.`,
  'hs256-with-public-key': ({ header, claims, key }) => {
    const signingInput = `${encodeJson({ ...header, alg: 'HS256' })}.${encodeJson(claims)}`
    const secret = key.publicKey.export({ type: 'spki', format: 'pem' })
    return `${signingInput}.${createHmac('sha256', secret).update(signingInput).digest('base64url')}`
  },
  'embedded-jwk': ({ header, claims, foreignKey }) => {
    const key = foreignKey()
    return signToken({ ...header, jwk: publicJwk(key) }, claims, key)
  },
  'remote-jwks': ({ header, claims, foreignKey }) =>
    signToken({ ...header, kid: 'mine', jku: `${attacker}/jwks`, x5u: `${attacker}/cert` }, claims, foreignKey()),
  crit: (parts) => withHeader(parts, { crit: ['urn:example:new'], 'urn:example:new': true }),
  // The first `exp` is the good one; a parser that takes the last sees a token that never ends.
  'duplicate-claim': ({ header, claims, key }) =>
    signToken(header, JSON.stringify(claims).replace(/}$/, ',"exp":9999999999}'), key),
  nested: (parts) => withHeader(parts, { cty: 'JWT' }),
  encrypted: ({ key }) => {
    const header = encodeJson({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: key.kid })
    return [header, ...[256, 12, 600, 16].map((bytes) => Buffer.alloc(bytes, 7).toString('base64url'))].join('.')
  },
  oversized: (parts) => withClaims(parts, { padding: 'x'.repeat(tokenBytes.max) }),
  garbage: () => 'this.is.not-a-token',
}

/** All kinds of bad token. Loop over them to see that your API refuses each. */
export const badTokenKinds: readonly BadTokenKind[] = Object.freeze(Object.keys(makers) as BadTokenKind[])

/** @throws TypeError for a kind that does not exist. */
export function makeBadToken(kind: BadTokenKind, parts: BadTokenParts): string {
  if (!Object.hasOwn(makers, kind)) {
    throw new TypeError(`There is no bad token '${kind}'. There are: ${badTokenKinds.join(', ')}.`)
  }
  return makers[kind](parts)
}

function withClaims({ header, claims, key }: BadTokenParts, changes: JsonObject): string {
  return signToken(header, { ...claims, ...changes }, key)
}

function withHeader({ header, claims, key }: BadTokenParts, changes: JsonObject): string {
  return signToken({ ...header, ...changes }, claims, key)
}
