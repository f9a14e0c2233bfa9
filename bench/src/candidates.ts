// claimcheck and its peers, each set up as its documentation says, each asked to check as much as it can: signature, exp, nbf, iss,
// aud and typ. What one cannot check is in peers.ts.
import { createRequire } from 'node:module'
import { JwtVerifier } from 'aws-jwt-verify'
import { createVerifier, type VerifierOptions } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { createVerifier as createFastJwtVerifier } from 'fast-jwt'
import { verifyWithJwks } from 'hono/jwt'
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify, type JWTVerifyGetKey } from 'jose'
import * as oauth from 'oauth4webapi'
import type { BenchAlgorithm, Fixture } from './fixture.ts'
import { createMiddlewareCandidates } from './middleware-candidates.ts'
import { audience, issuer } from './names.ts'

export interface Candidate {
  readonly name: string
  /** Throws or rejects for a token that it refuses. */
  verify(token: string): unknown
}

export interface Setting {
  readonly fixture: Fixture
  readonly algorithm: BenchAlgorithm
  /** Where the JWK Set is served, on loopback, by another process. */
  readonly keysUrl: string
}

export function createClaimcheck(
  { keysUrl }: Pick<Setting, 'keysUrl'>,
  options: Pick<VerifierOptions<string>, 'tokenCache'> = {},
): Candidate {
  const { verifyToken } = createVerifier({ issuer: oidc({ issuer, audience, jwksUri: keysUrl }), ...options })
  return { name: options.tokenCache === false ? 'claimcheck, cache off' : 'claimcheck', verify: verifyToken }
}

export function createJose({ fixture, keysUrl }: Setting): { local: Candidate; remote: Candidate } {
  const options = { issuer, audience, typ: 'at+jwt', requiredClaims: ['exp'] }
  const using = (name: string, keys: JWTVerifyGetKey): Candidate => ({
    name,
    verify: async (token) => jwtVerify(token, keys, options),
  })
  return {
    local: using('jose, local keys', createLocalJWKSet(fixture.jwks)),
    remote: using('jose, remote keys', createRemoteJWKSet(new URL(keysUrl))),
  }
}

/** `cache`: how many tokens it may remember. */
export function createFastJwt({ fixture, algorithm }: Setting, cache?: number): Candidate {
  const verify = createFastJwtVerifier({
    key: fixture.pems[algorithm],
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
    checkTyp: 'at+jwt',
    ...(cache !== undefined && { cache }),
  }) as (token: string) => unknown
  return { name: cache === undefined ? 'fast-jwt, static key' : 'fast-jwt, static key, its cache', verify }
}

function createFastJwtWithJwks({ algorithm, keysUrl }: Setting): Candidate {
  // A CommonJS package without types.
  const buildGetJwks = createRequire(import.meta.url)('get-jwks') as () => {
    getPublicKey(query: { domain: string; alg: string; kid: string }): Promise<string>
  }
  const keys = buildGetJwks() // its functions may not be taken off it
  const verify = createFastJwtVerifier({
    key: async ({ header }: { header: Record<string, unknown> }) =>
      keys.getPublicKey({ domain: new URL(keysUrl).origin, alg: String(header.alg), kid: String(header.kid) }),
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
    checkTyp: 'at+jwt',
  }) as (token: string) => unknown
  return { name: 'fast-jwt, get-jwks', verify }
}

function createAws({ fixture, keysUrl }: Setting): Candidate {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: keysUrl.replace('http:', 'https:') })
  verifier.cacheJwks(fixture.jwks as unknown as Parameters<typeof verifier.cacheJwks>[0])
  return { name: 'aws-jwt-verify', verify: (token) => verifier.verifySync(token) }
}

function createOauth4webapi({ keysUrl }: Setting): Candidate {
  const server: oauth.AuthorizationServer = { issuer, jwks_uri: keysUrl }
  return {
    name: 'oauth4webapi',
    verify: async (token) => {
      const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } })
      return oauth.validateJwtAccessToken(server, request, audience, { [oauth.allowInsecureRequests]: true })
    },
  }
}

function createHono({ fixture, algorithm }: Setting): Candidate {
  const options = {
    keys: fixture.jwks.keys,
    allowedAlgorithms: [algorithm],
    verification: { iss: issuer, aud: audience, typ: 'at+jwt' },
  } as unknown as Parameters<typeof verifyWithJwks>[1]
  return {
    name: 'hono/jwk, local keys',
    verify: async (token) => verifyWithJwks(token, options),
  }
}

/** All peers without a token cache of their own. */
export function createPeers(setting: Setting): Candidate[] {
  const jose = createJose(setting)
  return [
    jose.local,
    jose.remote,
    createFastJwt(setting),
    createFastJwtWithJwks(setting),
    createAws(setting),
    ...createMiddlewareCandidates(setting),
    createOauth4webapi(setting),
    createHono(setting),
  ]
}
