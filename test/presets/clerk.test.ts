// Clerk: its samples, its options, and the bits of permissions.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('clerk')

const claims = fixture.accepted[0]?.claims ?? {}
const verify = (changes: object, options = {}) =>
  createFixtureVerifier(fixture, options).verifyToken(tokenOf(fixture, { claims: { ...claims, ...changes } }))

describe('clerk()', () => {
  it.each([
    [
      { domain: 'https://clerk.example.com/' },
      "domain must be a host name, and nothing else: write 'clerk.example.com', not 'https://clerk.example.com/'.",
    ],
    [
      { authorizedParties: ['https://www.example.com/'] },
      "authorizedParties must be origins, and nothing else: write 'https://www.example.com', not 'https://www.example.com/'.",
    ],
    [
      { authorizedParties: ['HTTPS://www.example.com'] },
      "authorizedParties must be origins, and nothing else: write 'https://www.example.com', not 'HTTPS://www.example.com'.",
    ],
    [
      { authorizedParties: ['example.com'] },
      "authorizedParties must be origins, such as 'https://www.example.com', not 'example.com'.",
    ],
    [
      { authorizedParties: ['null'] },
      "authorizedParties must be origins, such as 'https://www.example.com', not 'null'.",
    ],
    [{ authorizedParties: [] }, 'authorizedParties must be a list of at least one string, not [].'],
    [{ authorizedParties: 7 }, 'authorizedParties[] must be a non-empty string, not 7.'],
    [
      { authorizedParties: [], nativeApplications: false },
      'authorizedParties must be a list of at least one string, not [].',
    ],
    [{ nativeApplications: 'true' }, "nativeApplications must be true or false, not 'true'."],
    [{ machine: 'user_1' }, "machine must look like 'mch_2vYVabcDEF', not 'user_1'."],
    [{ machine: 'x mch_1' }, "machine must look like 'mch_2vYVabcDEF', not 'x mch_1'."],
    [{ machine: 'mch_1 x' }, "machine must look like 'mch_2vYVabcDEF', not 'mch_1 x'."],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it.each([
    ['o:a,o:b', 'read,manage', '1,2', ['org:a:read', 'org:b:manage']],
    ['o:a', 'p0,p1,p2', '4', ['org:a:p2']],
    ['o:a', 'p0', '0', []],
    ['u:mine, o:a', 'p0, p1', '2', ['org:a:p1']],
    ['u:mine,o:a', 'p0', '1', ['org:a:p0']],
    ['o:a,o:b', 'p0', '1', ['org:a:p0']],
    ['o:a', 'p0', '1,1', ['org:a:p0']],
    ['o:a', 'p0', '-1', []],
    ['o:a', 'p0', '1e3', []],
    ['o:a', 'p0', '0x1', []],
    ['o:a', '', '1', []],
    ['o:', 'p0', '1', []],
    ['a', 'p0', '1', []],
    ['o:a', 'p0', '1'.repeat(301), []],
    [undefined, 'p0', '1', []],
    [['o:a'], 'p0', '1', []],
    ['o:a', ['p0'], '1', []],
    ['o:a', 'p0', 1, []],
  ])('reads of fea %j, per %j and fpm %j the permissions %j', async (fea, per, fpm, expected) => {
    const o = { id: 'org_1', per, fpm }
    expect((await verify({ fea, o })).principal.permissions).toEqual(expected)
  })

  it('reads the 54th permission, where numbers of JavaScript would end', async () => {
    const per = Array.from({ length: 60 }, (_, index) => `p${index}`).join(',')
    const { principal } = await verify({ fea: 'o:a', o: { id: 'org_1', per, fpm: '18014398509481985' } })
    expect(principal.permissions).toEqual(['org:a:p0', 'org:a:p54'])
  })

  it('does not mix the versions: a custom claim of the other one gives nothing', async () => {
    const former = { org_id: 'org_evil', org_role: 'org:owner', org_permissions: ['org:all'] }
    expect((await verify({ ...former, o: undefined })).principal).toMatchObject({ roles: [], permissions: [] })
    expect((await verify({ v: undefined })).principal).toMatchObject({ roles: [], permissions: [] })
    const { org_id: _, ...orphans } = former
    expect((await verify({ v: undefined, ...orphans })).principal).toMatchObject({ roles: [], permissions: [] })
    const machine = { sub: 'mch_1', azp: undefined, scopes: 'mch_2' }
    for (const version of [undefined, 2]) {
      const { principal } = await verify({ ...former, ...machine, v: version }, { machine: 'mch_2' })
      expect(principal).toMatchObject({ kind: 'application', roles: [], permissions: [] })
      expect(principal).not.toHaveProperty('tenant')
    }
  })

  it('reads no role where the organization names none', async () => {
    expect((await verify({ o: { id: 'org_1' } })).principal).toMatchObject({ tenant: 'org_1', roles: [] })
  })

  it('says why', async () => {
    const { details } = await expectInvalidToken(verify({ sub: 'mch_1', scopes: 'mch_2' }), 'audience_mismatch')
    expect(details).toMatchObject({ claim: 'scopes', expected: '(none)', received: 'mch_2' })
    const native = await expectInvalidToken(verify({ azp: undefined }), 'claim_missing')
    expect(native.hint).toContain('write nativeApplications: true')
    expect((await expectInvalidToken(verify({ sts: 'pending' }), 'claim_invalid')).hint).toContain('not active yet')
  })

  it.each([null, [], 'org_1', { rol: 'admin' }, { id: 7, rol: 'admin' }])('sees no organization in %j', async (o) => {
    const { principal } = await verify({ o })
    expect(principal).not.toHaveProperty('tenant')
    expect(principal.roles).toEqual([])
  })

  it.each(['', 'alice', 'USER_1', 'xuser_1'])(
    'refuses the sub %j, which is neither a user nor a machine',
    async (sub) => {
      expect((await expectInvalidToken(verify({ sub }), 'claim_invalid')).details.claim).toBe('sub')
    },
  )

  it.each([null, true, '', 'expired'])('refuses the session status %j', async (sts) => {
    await expectInvalidToken(verify({ sts }), 'claim_invalid')
  })
})
