// Firebase: its samples, its options, and a `firebase` claim that is none.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

const fixture = fixtureOf('firebase')

describe('firebase()', () => {
  it.each([
    [{ projectId: '123456789012' }, "projectId must look like 'my-project-a1b2c', not '123456789012'."],
    [{ projectId: 'Shop' }, "projectId must look like 'my-project-a1b2c', not 'Shop'."],
    [{ projectId: 'shop-a1b2c/' }, "projectId must look like 'my-project-a1b2c', not 'shop-a1b2c/'."],
    [{ projectId: '' }, "projectId must be a non-empty string, not ''."],
    [{ sessionCookies: 'false' }, "sessionCookies must be true or false, not 'false'."],
    [{ rolesClaim: ['roles'] }, 'rolesClaim must be a non-empty string, not a list.'],
    [{ audience: 'x' }, 'firebase() has no option audience. It has: projectId, sessionCookies, rolesClaim.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it.each([undefined, null, 'anonymous', ['anonymous'], { sign_in_provider: ['anonymous'], tenant: 7 }])(
    'reads nothing from the claim firebase of %j',
    async (about) => {
      const claims = { ...fixture.accepted[0]?.claims, firebase: about }
      const { principal } = await createFixtureVerifier(fixture).verifyToken(tokenOf(fixture, { claims }))
      expect(principal).toEqual(fixture.accepted[0]?.principal)
    },
  )

  it('takes a subject of 128 characters, and a project whose only letter is its last', async () => {
    const sub = 'a'.repeat(128)
    const token = tokenOf(fixture, { claims: { ...fixture.accepted[0]?.claims, sub } })
    expect((await createFixtureVerifier(fixture).verifyToken(token)).principal.subject).toBe(sub)
    expect(fixture.makeIssuer({ projectId: '1234-a' }).audience).toEqual(['1234-a'])
  })

  it('lets neither key set verify the other’s tokens', async () => {
    const url = 'https://www.googleapis.com/identitytoolkit/v3/relyingparty/publicKeys'
    const { verifyToken, requests } = createFixtureVerifier(fixture, { sessionCookies: true })
    await verifyToken(tokenOf(fixture, { claims: fixture.accepted[0]?.claims ?? {} }))
    expect(requests).not.toContain(url)
    await verifyToken(tokenOf(fixture, { claims: fixture.accepted.at(-1)?.claims ?? {} }))
    expect(requests).toContain(url)
  })
})
