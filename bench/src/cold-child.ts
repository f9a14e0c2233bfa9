// One cold start: imports one library, lets it fetch its keys and verify one token, says how long that took, and ends.
// Arguments: the candidate, the address of the JWK Set, a token.
import type { expressJwt } from './middleware-candidates.ts'
import { audience, issuer } from './names.ts'

/** Imports, and returns what then makes the first verification. */
type ColdStart = () => Promise<(keysUrl: string, token: string) => Promise<unknown>>

export const coldStarts = {
  'jose, remote keys': async () => {
    const { createRemoteJWKSet, jwtVerify } = await import('jose')
    return async (keysUrl, token) =>
      jwtVerify(token, createRemoteJWKSet(new URL(keysUrl)), { issuer, audience, typ: 'at+jwt' })
  },
  claimcheck: async () => {
    const { createVerifier } = await import('claimcheck')
    return async (jwksUri, token) => {
      // An issuer that publishes metadata needs nothing of it. Here the keys have another address, so it counts as part of the start.
      const { oidc } = await import('claimcheck/issuers')
      return createVerifier({ issuer: oidc({ issuer, audience, jwksUri }) }).verifyToken(token)
    }
  },
  oauth4webapi: async () => {
    const oauth = await import('oauth4webapi')
    return async (keysUrl, token) => {
      const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } })
      const options = { [oauth.allowInsecureRequests]: true }
      return oauth.validateJwtAccessToken({ issuer, jwks_uri: keysUrl }, request, audience, options)
    }
  },
  'fast-jwt, get-jwks': async () => {
    const { createVerifier } = await import('fast-jwt')
    const { default: buildGetJwks } = await import('get-jwks')
    return async (keysUrl, token) => {
      const keys = buildGetJwks() as { getPublicKey(query: object): Promise<string> }
      const domain = new URL(keysUrl).origin
      const key = async ({ header: { alg, kid } }: { header: Record<string, unknown> }): Promise<string> =>
        keys.getPublicKey({ domain, alg, kid })
      return createVerifier({ key, allowedIss: issuer, allowedAud: audience, checkTyp: 'at+jwt' })(token) as unknown
    }
  },
  'express-oauth2-jwt-bearer': async () => {
    const { auth } = await import('express-oauth2-jwt-bearer')
    return async (jwksUri, token) =>
      passed(auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' }) as ReturnType<typeof expressJwt>, token)
  },
  'express-jwt, jwks-rsa': async () => {
    const { expressjwt } = await import('express-jwt')
    const { default: jwksRsa } = await import('jwks-rsa')
    return async (jwksUri, token) => {
      const secret = jwksRsa.expressJwtSecret({ jwksUri, cache: true }) as Parameters<typeof expressjwt>[0]['secret']
      return passed(expressjwt({ secret, audience, issuer, algorithms: ['RS256'] }), token)
    }
  },
  'hono/jwk, jwks_uri': async () => {
    const { verifyWithJwks } = await import('hono/jwt')
    const verification = { iss: issuer, aud: audience, typ: 'at+jwt' }
    return async (keysUrl, token) =>
      verifyWithJwks(token, { jwks_uri: keysUrl, allowedAlgorithms: ['RS256'], verification })
  },
} satisfies Record<string, ColdStart>

async function passed(middleware: ReturnType<typeof expressJwt>, token: string): Promise<void> {
  const get = (): string => 'orders.example.com'
  const req = {
    headers: { authorization: `Bearer ${token}` },
    method: 'GET',
    url: '/',
    query: {},
    get,
    is: () => false,
    app: { get },
  }
  await new Promise<void>((resolve, reject) => {
    void middleware(req as never, {} as never, (error?: unknown) =>
      error instanceof Error ? reject(error) : resolve(),
    )
  })
}

const [name, keysUrl, token] = process.argv.slice(2) as [keyof typeof coldStarts, string, string]
const start = performance.now()
const first = await coldStarts[name]()
const importMillis = performance.now() - start
await first(keysUrl, token)
console.log(JSON.stringify({ importMillis, totalMillis: performance.now() - start }))
process.exit(0)
