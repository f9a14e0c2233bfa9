// Supabase: its samples, its options, and members of other types.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

const fixture = fixtureOf('supabase')

const claims = fixture.accepted[0]?.claims ?? {}
const principalOf = async (changes: object, options = {}) =>
  (await createFixtureVerifier(fixture, options).verifyToken(tokenOf(fixture, { claims: { ...claims, ...changes } })))
    .principal

describe('supabase()', () => {
  it.each([
    [
      { projectRef: 'https://abcdefghijklmnopqrst.supabase.co' },
      "projectRef must look like 'abcdefghijklmnopqrst', not 'https://abcdefghijklmnopqrst.supabase.co'.",
    ],
    [
      { projectRef: 'ABCDEFGHIJKLMNOPQRST' },
      "projectRef must look like 'abcdefghijklmnopqrst', not 'ABCDEFGHIJKLMNOPQRST'.",
    ],
    [{ rolesMember: '' }, "rolesMember must be a non-empty string, not ''."],
    [{ audience: 'anon' }, 'supabase() has no option audience. It has: projectRef, rolesMember.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it.each([null, 'roles', ['roles'], { roles: { admin: true } }, { roles: null }])(
    'reads no roles from the app_metadata %j',
    async (app_metadata) => {
      expect((await principalOf({ app_metadata }, { rolesMember: 'roles' })).roles).toEqual([])
    },
  )

  it.each([null, {}, [null], [{ method: 7 }], [['password']]])('reads no methods from the amr %j', async (amr) => {
    expect((await principalOf({ amr })).authentication).toEqual({ acr: 'aal2' })
  })

  it('does not take a user for the application, nor the application for a user, by their names', async () => {
    expect((await principalOf({ sub: 'role|service_role' })).key).toBe(
      'https://abcdefghijklmnopqrst.supabase.co/auth/v1|role%7Cservice_role',
    )
    expect((await principalOf({ role: ['service_role'] })).kind).toBe('user')
  })
})
