// Each STS that can be imitated: its tokens written out, its keys found by its own metadata, its bad tokens refused.
import { oidc } from 'claimcheck/issuers'
import { badTokenKinds, createTestClock, createTestIssuer } from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../support/verifiers.ts'
import { samples } from './samples.ts'
import { claimsOf, headerOf, verifierFor } from './verifier.ts'

const clock = createTestClock(new Date('2030-01-01T00:00:00Z'))

describe.each(samples)('$name', ({ profile, issuer, addresses, access, application, id, withoutAudience = false }) => {
  const sts = createTestIssuer(profile, { algorithms: ['ES256'], clock })
  const audience = withoutAudience ? null : sts.audience
  const trusted = oidc({ issuer, audience })
  /** The id differs from token to token. */
  const unnumbered = (token: string) => {
    const claims = JSON.stringify(claimsOf(token)).replace(/token-\d+/, 'token-N')
    return { header: headerOf(token), claims: JSON.parse(claims) as unknown }
  }

  it('has the issuer and the addresses of its kind', () => {
    expect(sts.issuer).toBe(issuer)
    expect(sts.addresses).toEqual(addresses)
  })

  it('makes an access token for a user, or for who else there is', () => {
    expect(unnumbered(sts.token())).toEqual(access)
  })

  it('makes an access token for an application', () => {
    expect(unnumbered(sts.applicationToken())).toEqual(application)
  })

  it('makes a token that is none for an API', () => {
    expect(unnumbered(sts.idToken())).toEqual(id)
  })

  it('is found by its own metadata, and its tokens are accepted', async () => {
    const { verifyToken } = verifierFor(sts, trusted)
    expect((await verifyToken(sts.token({ sub: 'somebody' }))).principal.subject).toBe('somebody')
    await verifyToken(sts.applicationToken({ sub: 'somebody' }))
  })

  // What only a preset can see is tested with the preset.
  const unseen = withoutAudience ? ['wrong-audience', 'no-aud'] : []
  it.each(badTokenKinds.filter((kind) => !unseen.includes(kind)))('makes bad tokens: %s', async (kind) => {
    const error = await refusalOf(verifierFor(sts, trusted).verifyToken(sts.badToken(kind)))
    expect(error.status).toBe(401)
  })
})
