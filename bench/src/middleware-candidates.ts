// Peers that are middleware and nothing else: called with as much of a request as they look at.
import { expressjwt, type GetVerificationKey } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import jwksRsa from 'jwks-rsa'
import type { Candidate, Setting } from './candidates.ts'
import { audience, issuer } from './names.ts'

type Middleware = (req: never, res: never, next: (error?: unknown) => void) => unknown

export function createMiddlewareCandidates({ algorithm, keysUrl }: Setting): Candidate[] {
  return [
    {
      name: 'express-oauth2-jwt-bearer',
      verify: asking(auth({ issuer, audience, jwksUri: keysUrl, tokenSigningAlg: algorithm }) as Middleware),
    },
    {
      name: 'express-jwt, jwks-rsa',
      verify: asking(expressJwt(keysUrl, algorithm) as Middleware),
    },
  ]
}

export function expressJwt(keysUrl: string, algorithm: 'RS256' | 'ES256'): ReturnType<typeof expressjwt> {
  const secret = jwksRsa.expressJwtSecret({ jwksUri: keysUrl, cache: true }) as GetVerificationKey
  return expressjwt({ secret, audience, issuer, algorithms: [algorithm] })
}

function asking(middleware: Middleware): Candidate['verify'] {
  return async (token) =>
    new Promise((resolve, reject) => {
      const req = {
        headers: { authorization: `Bearer ${token}` },
        method: 'GET',
        protocol: 'https',
        url: '/',
        originalUrl: '/',
        query: {},
        get: () => 'orders.example.com',
        is: () => false,
        app: { get: () => undefined },
        socket: {},
        auth: undefined,
      }
      void middleware(req as never, {} as never, (error) =>
        error instanceof Error ? reject(error) : resolve(req.auth),
      )
    })
}
