// A profile that somebody wrote for an STS of their own, with nothing but what is exported.
import { oidc } from 'claimcheck/issuers'
import { createTestIssuer, type IssuerProfile } from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { expectInvalidToken } from '../support/verifiers.ts'
import { claimsOf, headerOf, verifierFor } from './verifier.ts'

const acme: IssuerProfile = {
  name: 'acme',
  issuer: 'https://login.acme.example/',
  audience: 'orders',
  algorithms: ['EdDSA'],
  lifetimeSeconds: 120,
  metadata: [],
  keySets: [{ url: 'https://keys.acme.example/current', jwk: (jwk) => ({ ...jwk, use: undefined, tier: 'gold' }) }],
  tokens: {
    user: {
      header: (kid) => ({ typ: 'access', x5t: kid }),
      claims: ({ nowSeconds, tokenId }) => ({ aud: 'orders', sub: 'a', jti: tokenId, nbf: nowSeconds, scp: ['read'] }),
    },
    id: { claims: () => ({ aud: 'web', sub: 'a' }) },
  },
}
const trusted = oidc({
  issuer: 'https://login.acme.example/',
  audience: 'orders',
  jwksUri: 'https://keys.acme.example/current',
  typ: ['access'],
})

describe('a profile of one’s own', () => {
  it('is spoken to the letter', async () => {
    const sts = createTestIssuer(acme)
    const token = sts.token({ scp: ['read', 'write'] })
    const now = sts.clock.nowMs() / 1000
    expect(headerOf(token)).toEqual({ alg: 'EdDSA', kid: 'EdDSA-1', typ: 'access', x5t: 'EdDSA-1' })
    expect(claimsOf(token)).toEqual({
      iss: 'https://login.acme.example/',
      iat: now,
      nbf: now,
      exp: now + 120,
      aud: 'orders',
      sub: 'a',
      jti: 'token-1',
      scp: ['read', 'write'],
    })
    expect((await verifierFor(sts, trusted).verifyToken(token)).principal.scopes).toEqual(['read', 'write'])
    const { keys } = (await (await sts.fetch('https://keys.acme.example/current', {})).json()) as { keys: object[] }
    expect(keys).toEqual([expect.objectContaining({ kty: 'OKP', tier: 'gold' })])
    expect(keys[0]).not.toHaveProperty('use')
  })

  it('may have no tokens for applications, and then makes none', () => {
    expect(() => createTestIssuer(acme).applicationToken()).toThrow(
      'The profile acme has no access token for an application.',
    )
  })

  it('may have tokens for applications only: those are then its access tokens, good and bad', async () => {
    const { user, id } = acme.tokens
    const sts = createTestIssuer({ ...acme, tokens: { ...(user && { application: user }), id } })
    const { verifyToken } = verifierFor(sts, trusted)
    await verifyToken(sts.token())
    await expectInvalidToken(verifyToken(sts.badToken('expired')), 'token_expired')
  })

  it('may say in another claim for whom a token is: the bad tokens are then bad there', () => {
    const sts = createTestIssuer({ ...acme, audienceClaim: 'client_id' })
    expect(claimsOf(sts.badToken('wrong-audience'))).toMatchObject({ client_id: 'https://other-api.example' })
    expect(claimsOf(sts.badToken('no-aud', { client_id: 'c' }))).not.toHaveProperty('client_id')
  })

  it.each([
    { name: '' },
    { issuer: new URL('https://login.acme.example') },
    { audience: undefined },
    { metadata: undefined },
    { keySets: [] },
    { tokens: undefined },
    { tokens: { id: acme.tokens.id } },
    { tokens: { user: acme.tokens.user } },
    { algorithms: ['none'] },
  ])('is a TypeError when it cannot work: %j', (changes) => {
    expect(() => createTestIssuer({ ...acme, ...changes } as never)).toThrow(TypeError)
  })
})
