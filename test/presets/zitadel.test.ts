// Zitadel: its samples, its options, and roles in other shapes.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { signTexts } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('zitadel')

const claims = fixture.accepted[0]?.claims ?? {}
const roles = 'urn:zitadel:iam:org:project:170086824411201793:roles'

describe('zitadel()', () => {
  it.each([
    [
      { domain: 'https://example-abc123.zitadel.cloud/' },
      "domain must be a host name, and nothing else: write 'example-abc123.zitadel.cloud', not 'https://example-abc123.zitadel.cloud/'.",
    ],
    [{ projectId: 'a:roles' }, "projectId must look like '223281986649719041', not 'a:roles'."],
    [{ projectId: '' }, "projectId must be a non-empty string, not ''."],
    [{ organization: '' }, "organization must be a non-empty string, not ''."],
    [{ serviceAccounts: 7 }, 'serviceAccounts[] must be a non-empty string, not 7.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it.each([
    null,
    'admin',
    ['admin'],
    { admin: null },
    { admin: 'o' },
    { admin: ['170084658355110145'] },
    { admin: {} },
  ])('reads no roles from %j', async (value) => {
    for (const options of [{}, { organization: '170084658355110145' }, { organization: '0' }]) {
      const token = tokenOf(fixture, { claims: { ...claims, [roles]: value } })
      expect((await createFixtureVerifier(fixture, options).verifyToken(token)).principal.roles).toEqual([])
    }
  })

  it('reads a role that is called __proto__ like any other, and inherits none', async () => {
    const { verifyToken } = createFixtureVerifier(fixture, { organization: 'o1' })
    const payload = JSON.stringify({ ...claims, [roles]: undefined })
    const evil = `${payload.slice(0, -1)},"${roles}":{"__proto__":{"o1":"x"},"admin":{"__proto__":{"o1":"x"}}}}`
    const token = signTexts(JSON.stringify({ alg: 'RS256', kid: 'zi-1' }), evil, fixture.key)
    expect((await verifyToken(token)).principal.roles).toEqual(['__proto__'])
  })

  it('refuses an empty sub', async () => {
    const { verifyToken } = createFixtureVerifier(fixture)
    await expectInvalidToken(verifyToken(tokenOf(fixture, { claims: { ...claims, sub: '' } })), 'claim_missing')
  })
})
