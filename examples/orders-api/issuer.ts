// An issuer that fits on a page: one key, and tokens for whoever asks. For this example only; a real STS checks who asks.
import { generateKeyPair, sign } from 'node:crypto'
import { promisify } from 'node:util'

export type JsonObject = Readonly<Record<string, unknown>>

export interface Issuer {
  readonly issuer: string
  readonly jwks: { readonly keys: readonly JsonObject[] }
  token(claims: JsonObject): string
}

export async function createIssuer(issuer: string, audience: string): Promise<Issuer> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const jwk: JsonObject = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }
  const encode = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    issuer,
    jwks: { keys: [jwk] },
    token(claims) {
      const now = Math.floor(Date.now() / 1000)
      const payload = { iss: issuer, aud: audience, client_id: 'web', iat: now, exp: now + 300, ...claims }
      const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })}.${encode(payload)}`
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${signed}.${signature.toString('base64url')}`
    },
  }
}
