// GitLab CI: its samples, its options, and that ids and booleans are text.
import { gitlabCi } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('gitlabCi')

describe('gitlabCi()', () => {
  it.each([
    [{ issuer: 'https://gitlab.com/' }, "issuer must not end in a slash: write 'https://gitlab.com'."],
    [{ issuer: 'https://gitlab.com//' }, "issuer must not end in a slash: write 'https://gitlab.com'."],
    [{ issuer: 'gitlab.com' }, "issuer must be an absolute URL such as 'https://sts.example.com', not 'gitlab.com'."],
    [{ issuer: 'http://gitlab.com' }, "issuer must be https: write 'https://gitlab.com'."],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
    [{ audience: [] }, 'audience must be a list of at least one string, not [].'],
    [{ projects: ['20'] }, 'gitlabCi() has no option projects. It has: audience, issuer.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
    expect(() => gitlabCi(undefined as never)).toThrow(TypeError)
  })

  it('leaves ids and booleans as the text that they are', async () => {
    const claims = fixture.accepted[0]?.claims ?? {}
    const auth = await createFixtureVerifier(fixture).verifyToken(tokenOf(fixture, { claims }))
    expect(auth.claims).toMatchObject({ ref: 'main', ref_protected: 'true', project_id: '20' })
  })

  it.each([20, '', null, ['20'], { id: '20' }])('refuses the project_id %j, which names no project', async (id) => {
    const claims = { ...fixture.accepted[0]?.claims, project_id: id }
    const { verifyToken } = createFixtureVerifier(fixture)
    await expectInvalidToken(verifyToken(tokenOf(fixture, { claims })), 'claim_missing')
  })
})
