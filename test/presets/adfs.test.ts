// AD FS: its samples, its options, metadata that names another access_token_issuer, and times that are none.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const fixture = fixtureOf('adfs')

const claims = fixture.accepted[0]?.claims ?? {}
const verify = (changes: object, options = {}) =>
  createFixtureVerifier(fixture, options).verifyToken(tokenOf(fixture, { claims: { ...claims, ...changes } }))

describe('adfs()', () => {
  it.each([
    [
      { subjectClaim: 'UPN' },
      "subjectClaim: a UPN can pass to another user; write 'sub', or a claim with an objectGUID or SID.",
    ],
    [{ subjectClaim: undefined }, 'subjectClaim must be a non-empty string, not undefined.'],
    [
      { domain: 'https://sts.example.com/adfs' },
      "domain must be a host name, and nothing else: write 'sts.example.com', not 'https://sts.example.com/adfs'.",
    ],
    [{ domain: '[::1]' }, "domain must be a host name, such as 'sts.example.com', not '[::1]'."],
    [
      { domain: 'sts.example.com:x' },
      "domain must be a host name, such as 'sts.example.com', not 'sts.example.com:x'.",
    ],
    [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
    [{ applications: 7 }, 'applications[] must be a non-empty string, not 7.'],
    [{ userClaim: true }, 'userClaim must be a non-empty string, not true.'],
    [{ rolesClaim: '' }, "rolesClaim must be a non-empty string, not ''."],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it('takes a host with a port', () => {
    expect(fixture.makeIssuer({ domain: 'sts.example.com:49443' }).endpoints[0]?.keys).toMatchObject({
      metadataUrls: ['https://sts.example.com:49443/adfs/.well-known/openid-configuration'],
    })
  })

  it('takes no keys from metadata that names another access_token_issuer', async () => {
    const metadata = { issuer: 'https://sts.example.com/adfs', jwks_uri: 'https://sts.example.com/adfs/discovery/keys' }
    for (const other of ['http://sts.example.org/adfs/services/trust', undefined]) {
      const served = {
        ...fixture.served,
        'https://sts.example.com/adfs/.well-known/openid-configuration': { ...metadata, access_token_issuer: other },
      }
      const { verifyToken } = createFixtureVerifier({ ...fixture, served })
      expect((await refusalOf(verifyToken(tokenOf(fixture, { claims })))).reason).toBe('keys_unavailable')
    }
  })

  it.each([
    [1_795_431_600, 1_795_431_600],
    ['2026-11-23T11:00:00Z', 1_795_431_600],
    ['2026-11-23T11:00:00.9999999Z', 1_795_431_600],
    ['2026-13-23T11:00:00Z', undefined],
    ['+012026-11-23T11:00:00Z', undefined],
    ['2026-11-23T11:00:00Z ', undefined],
    ['1795431600', undefined],
    [null, undefined],
    [{}, undefined],
  ])('reads the auth_time %j as %s', async (time, expected) => {
    expect((await verify({ auth_time: time })).principal.authentication.time).toBe(expected)
  })

  it('does not see an application in a token that has a subject', async () => {
    const applications = [String(claims.appid)]
    expect((await verify({}, { applications })).principal.kind).toBe('unknown')
    for (const upn of [null, '', [], {}])
      expect((await verify({ upn }, { userClaim: 'upn' })).principal.kind).toBe('unknown')
  })

  it('does not take the subject from a claim that can pass to another user', () => {
    const uri = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/'
    const addresses = ['upn', `${uri}upn`, 'email', 'emailaddress', 'mail']
    const names = ['unique_name', 'preferred_username', 'name', `${uri}name`, 'commonname']
    const accounts = ['windowsaccountname', 'samaccountname', 'winaccountname']
    for (const subjectClaim of [...addresses, ...names, ...accounts])
      expect(() => fixture.makeIssuer({ subjectClaim })).toThrow(`a ${subjectClaim} can pass to another user`)
  })

  it('refuses a user without a subject, whose application would get the key of all its users', async () => {
    const options = { userClaim: 'upn', applications: [String(claims.appid)] }
    for (const sub of [undefined, '']) {
      const error = await expectInvalidToken(verify({ sub }, options), 'claim_missing')
      expect(error.details.claim).toBe('sub')
    }
    expect((await verify({ sub: undefined, upn: undefined }, options)).principal.kind).toBe('application')
  })

  it.each(['', [], ['a', 'b'], null])(
    'refuses the subject %j, which does not make the token the application’s',
    async (objectguid) => {
      const options = { subjectClaim: 'objectguid', applications: [String(claims.appid)] }
      await expectInvalidToken(verify({ objectguid }, options), 'claim_missing')
    },
  )

  it('refuses a token that names no caller', async () => {
    for (const sub of ['', undefined]) {
      const error = await expectInvalidToken(verify({ sub, appid: undefined }), 'claim_missing')
      expect(error.hint).toContain('no claim rule issues it')
    }
  })
})
