// The tokens of every STS at the presets of all others. Most fixtures sign with one and the same key, so it is not the luck of
// another key that keeps a token out.
import { AuthError } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { allFixtures, createFixtureVerifier, tokenOf } from '../support/sts-fixture.ts'

// Those of oidc() and rfc9068() are of one and the same STS.
const fixtures = allFixtures().filter(({ name }) => name !== 'rfc9068' && name !== 'oidc')

const foreignTokens = fixtures.map((fixture) => ({
  name: fixture.name,
  tokens: fixture.accepted.map((sample) => tokenOf(fixture, sample)),
}))

describe.each(fixtures)('$name', (fixture) => {
  it('takes no token of another STS, and fetches nothing for one', { timeout: 30_000 }, async () => {
    const { verifyToken, requests } = createFixtureVerifier(fixture)
    for (const { name, tokens } of foreignTokens.filter((other) => other.name !== fixture.name)) {
      for (const token of tokens) {
        const error: unknown = await verifyToken(token).catch((reason: unknown) => reason)
        expect(error, name).toBeInstanceOf(AuthError)
        expect([name, (error as AuthError).status]).toEqual([name, 401])
      }
    }
    expect(requests).toEqual([])
  })
})
