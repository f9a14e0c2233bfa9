// Tokens that `testApiOptions` refuses, each for another reason, though a client must not be able to tell which.
import { now } from './clock.ts'
import { createKey, createToken, encode, goodClaims, keyFor } from './tokens.ts'

/** The subject whose tokens count as revoked. */
export const revokedSubject = 'mallory'

const good = createToken()

export const badTokens: readonly string[] = [
  'garbage',
  'a.b.c',
  'x'.repeat(17 * 1024),
  createToken({ claims: { aud: 'https://other.example.com' } }),
  createToken({ claims: { exp: now - 30 } }),
  createToken({ claims: { nbf: now + 31 } }),
  createToken({ claims: { iss: 'https://evil.example.com' } }),
  createToken({ claims: { sub: revokedSubject } }),
  createToken({ claims: { cnf: { jkt: 'x' } } }),
  createToken({ claims: { at_hash: 'x' } }),
  createToken({ header: { typ: 'dpop+jwt' } }),
  createToken({ header: { kid: 'unknown' } }),
  createToken({ header: { crit: ['x'] } }),
  createToken({ key: createKey('ES256', { kid: keyFor('ES256').kid }) }),
  `${encode('{"alg":"none"}')}.${encode(JSON.stringify(goodClaims()))}.`,
  `${good.slice(0, -8)}AAAAAAAA`,
  `${good}.AA.AA`,
]
