// Descope: its samples, its options, and tenants of other shapes.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('descope')

const claims = fixture.accepted[0]?.claims ?? {}

describe('descope()', () => {
  it.each([
    [
      { projectId: 'https://api.descope.com/P2abcDEFghiJ' },
      "projectId must look like 'P2abcDEFghiJKLmnoPQRstuVWxyz', not 'https://api.descope.com/P2abcDEFghiJ'.",
    ],
    [{ projectId: 'P2abcDEFghiJ/x' }, "projectId must look like 'P2abcDEFghiJKLmnoPQRstuVWxyz', not 'P2abcDEFghiJ/x'."],
    [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
    [{ tenant: 7 }, 'tenant must be a non-empty string, not 7.'],
    [{ accessKeyPrefix: '' }, "accessKeyPrefix must be a non-empty string, not ''."],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it.each([null, 'T2acme', ['T2acme'], { T2acme: null }, { T2acme: 'admin' }, {}, undefined])(
    'sees no member of a tenant in %j',
    async (tenants) => {
      const { verifyToken } = createFixtureVerifier(fixture, { tenant: 'T2acme' })
      await expectInvalidToken(verifyToken(tokenOf(fixture, { claims: { ...claims, tenants } })), 'tenant_mismatch')
    },
  )

  it('is of no tenant where the only one has no name', async () => {
    const { verifyToken } = createFixtureVerifier(fixture)
    const { principal } = await verifyToken(tokenOf(fixture, { claims: { ...claims, tenants: { '': {} } } }))
    expect(principal).not.toHaveProperty('tenant')
  })

  it.each(['toString', '__proto__', 'constructor'])('has no member of the tenant %s by accident', async (tenant) => {
    const { verifyToken } = createFixtureVerifier(fixture, { tenant })
    await expectInvalidToken(verifyToken(tokenOf(fixture, { claims })), 'tenant_mismatch')
  })

  it('gives no caller in a tenant the roles of the top level', async () => {
    const { verifyToken } = createFixtureVerifier(fixture, { tenant: 'T2other' })
    expect((await verifyToken(tokenOf(fixture, { claims }))).principal).toMatchObject({ roles: [], permissions: [] })
  })
})
