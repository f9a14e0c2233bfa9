// authentik: its samples, its options, and hints that are for its own tokens only.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('authentik')

describe('authentik()', () => {
  const modes = 'hashed_user_id, user_id, user_uuid'
  it.each([
    [
      { subMode: 'user_email' },
      `subMode must be one of ${modes}: the others give subjects that can pass to another user.`,
    ],
    [
      { subMode: 'toString' },
      `subMode must be one of ${modes}: the others give subjects that can pass to another user.`,
    ],
    [{ issuerMode: 'both' }, "issuerMode must be 'per_provider' or 'global'."],
    [{ slug: 'orders/' }, "slug must look like 'orders-api', not 'orders/'."],
    [{ slug: '../x' }, "slug must look like 'orders-api', not '../x'."],
    [
      { domain: 'id.example.com/' },
      "domain must be a host name, and nothing else: write 'id.example.com', not 'id.example.com/'.",
    ],
    [{ clientId: '' }, "clientId must be a non-empty string, not ''."],
    [{ serviceAccounts: {} }, 'serviceAccounts[] must be a non-empty string, not an object.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it('gives its hint for its own tokens only', async () => {
    const { verifyToken } = createFixtureVerifier(fixture)
    const claims = fixture.accepted[0]?.claims ?? {}
    const rs384 = tokenOf(fixture, { header: { alg: 'RS384' }, claims })
    expect((await expectInvalidToken(verifyToken(rs384), 'algorithm_not_allowed')).hint).toBeUndefined()
    const foreign = tokenOf(fixture, { header: { alg: 'HS256' }, claims: { ...claims, iss: 'https://x.example' } })
    expect((await expectInvalidToken(verifyToken(foreign), 'issuer_unknown')).hint).not.toContain('signing key')
  })
})
