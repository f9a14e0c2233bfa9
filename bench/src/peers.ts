// What a candidate lets pass, or cannot do, that others refuse or can, for a skipped check is quick. Each was tried on these versions
// where it says that something is accepted.

export const claimcheckNames = ['claimcheck', 'claimcheck, cache off']

export const doesNotCheck: Readonly<Record<string, string>> = {
  'jose, local keys': 'that a bound token (`cnf`) comes with its proof; which kind of token it is, beyond `typ`',
  'jose, remote keys': 'the same',
  'fast-jwt, static key': '`kid`; `exp`, `iss` and `aud` when the claim is missing; `cnf`',
  'fast-jwt, static key, its cache':
    'the same; forged tokens drive good ones out of its cache, all requests share one mutable object',
  'fast-jwt, get-jwks':
    '`exp`, `iss` and `aud` when the claim is missing; `cnf`; that a key was withdrawn; a fetch for each unknown `kid`',
  'aws-jwt-verify': '`typ`, an unknown `crit`, a missing `exp`, `cnf`; that a key was withdrawn',
  'express-oauth2-jwt-bearer': '`typ`, unless strict; `cnf`, unless DPoP is on',
  'express-jwt, jwks-rsa': '`typ`, an unknown `crit`, a missing `exp`, `cnf`; a fetch for each unknown `kid`',
  oauth4webapi: 'nothing of these; it takes a Request, whose making is in its time',
  'hono/jwk, local keys': 'a missing `exp`, `cnf`; with `jwks_uri` a fetch for every request',
  'hono/jwk, jwks_uri': 'a missing `exp`, `cnf`; a fetch for every request',
  '@fastify/jwt, static key, its cache': 'as fast-jwt with its cache',
  'koa-jwt, static key': '`kid`, `typ`, an unknown `crit`, a missing `exp`, `cnf`',
}
