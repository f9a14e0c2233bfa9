// `npm run start:custom-sts`: an Acme ID on loopback, one access token and one ID token of it, and what a verifier makes of them.
// The exit code is 1 when that is not what is expected.
import { once } from 'node:events'
import { generateKeyPair, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { AuthError, createVerifier } from 'claimcheck'
import { acmeId } from './acme-id.ts'

const audience = 'https://api.example.com'
const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })

const sts = createServer((request, response) => {
  const pages: Readonly<Record<string, unknown>> = {
    '/w/shop/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
    '/w/shop/keys': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'acme-1', alg: 'ES256', use: 'sig' }] },
  }
  const page = pages[request.url ?? '']
  response.writeHead(page ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(page ?? {}))
})
sts.listen(0, '127.0.0.1')
await once(sts, 'listening')
const issuer = `http://127.0.0.1:${(sts.address() as AddressInfo).port}/w/shop`

const { verifyToken, close } = createVerifier({ issuer: acmeId({ issuer, audience }) })
const { principal } = await verifyToken(token('acme-access+jwt'))
console.log(
  `${principal.kind} ${principal.subject} of ${principal.tenant}, through ${principal.client?.id}: ${principal.scopes.join(' ')}`,
)
const error: unknown = await verifyToken(token('acme-id+jwt')).catch((reason: unknown) => reason)
const refusal = error instanceof AuthError ? `${error.status} ${error.reason} (${error.hint})` : 'let in'
console.log(`ID token: ${refusal}`)

const isExpected = principal.kind === 'user' && refusal.startsWith('401 token_type_not_accepted (this is an ID token')
process.exitCode = isExpected ? 0 : 1
close()
sts.close()

function token(typ: string): string {
  const now = Math.floor(Date.now() / 1000)
  const header = { alg: 'ES256', kid: 'acme-1', typ }
  const times = { iat: now, exp: now + 300 }
  const claims = { iss: issuer, aud: audience, sub: 'person:alice', via: 'till-app', may: ['orders:read'], ...times }
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
