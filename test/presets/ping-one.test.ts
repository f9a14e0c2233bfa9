// PingOne: its samples, its options, and a client that is its own subject.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('pingOne')

const claims = fixture.accepted[0]?.claims ?? {}
const verify = (changes: object) =>
  createFixtureVerifier(fixture).verifyToken(tokenOf(fixture, { claims: { ...claims, ...changes } }))

describe('pingOne()', () => {
  it.each([
    [{ environmentId: 'prod' }, "environmentId must look like 'abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6', not 'prod'."],
    [
      { domain: 'https://auth.pingone.eu/' },
      "domain must be a host name, and nothing else: write 'auth.pingone.eu', not 'https://auth.pingone.eu/'.",
    ],
    [
      { domain: 'auth.pingone.eu?x=1' },
      "domain must be a host name, and nothing else: write 'auth.pingone.eu', not 'auth.pingone.eu?x=1'.",
    ],
    [
      { domain: 'Auth.PingOne.EU' },
      "domain must be a host name, and nothing else: write 'auth.pingone.eu', not 'Auth.PingOne.EU'.",
    ],
    [{ domain: 'a b' }, "domain must be a host name, such as 'sts.example.com', not 'a b'."],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
    [{ applications: 7 }, 'applications[] must be a non-empty string, not 7.'],
    [{ applications: [''] }, "applications[] must be a non-empty string, not ''."],
    [{ rolesClaim: '' }, "rolesClaim must be a non-empty string, not ''."],
    [{ groupsClaim: 1 }, 'groupsClaim must be a non-empty string, not 1.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it('sees a login by how it was, or by when', async () => {
    expect((await verify({ acr: undefined })).principal.kind).toBe('user')
    expect((await verify({ auth_time: undefined })).principal.kind).toBe('user')
    expect((await verify({ acr: undefined, auth_time: undefined })).principal.kind).toBe('unknown')
  })

  it('refuses a token that names no caller', async () => {
    await expectInvalidToken(verify({ sub: undefined, client_id: undefined }), 'claim_missing')
    await expectInvalidToken(verify({ sub: '', client_id: '' }), 'claim_missing')
    await expectInvalidToken(verify({ sub: '', acr: undefined, auth_time: undefined }), 'claim_missing')
  })

  it('does not see a user in a client that is its own subject, whatever else the token says', async () => {
    const { principal } = await verify({ sub: claims.client_id })
    expect(principal.kind).toBe('unknown')
    expect(principal.key).toContain('|ambiguous|')
  })
})
