// Tokens that `testApiOptions` refuses, each for another reason, though a client must not be able to tell which.
import { badTokenKinds, createTestClock, createTestIssuer, oidcLike } from 'claimcheck/testing'
import { now } from './clock.ts'
import { audience, createToken, encode, goodClaims, issuer } from './tokens.ts'
import type { JsonWebKey } from './types.ts'

/** The subject whose tokens count as revoked. */
export const revokedSubject = 'mallory'

const sts = createTestIssuer(oidcLike({ issuer, audience }), {
  algorithms: ['ES256'],
  clock: createTestClock(new Date(now * 1000)),
})
const published = await sts.fetch(`${issuer}/jwks`, {})

/** What signs most of the bad tokens. `testApiOptions` trusts it, so that each is refused for nothing but its own reason. */
export const { keys: keysOfBadTokens } = (await published.json()) as { readonly keys: readonly JsonWebKey[] }

/** A good one, to show that. */
export const goodToken = sts.token()

export const badTokens: readonly string[] = [
  ...badTokenKinds.map((kind) => sts.badToken(kind)),
  'a.b.c',
  createToken({ claims: { exp: now - 30 } }),
  createToken({ claims: { nbf: now + 31 } }),
  createToken({ claims: { sub: revokedSubject } }),
  createToken({ claims: { at_hash: 'x' } }),
  createToken({ header: { typ: 'dpop+jwt' } }),
  `${encode('{"alg":"none"}')}.${encode(JSON.stringify(goodClaims()))}.`,
  `${createToken().slice(0, -8)}AAAAAAAA`,
]
