// An STS signs ID tokens with the keys of its access tokens. Each preset knows which of its documents' claims tell the two apart, and
// its fixture shows the ID tokens of its STS; `describePreset` sees them refused.
import { describe, expect, it } from 'vitest'
import type { RefusedToken, StsFixture } from '../support/sts-fixture.ts'
import { allFixtures } from '../support/sts-fixture.ts'

const fixtures = allFixtures()

/** An STS that makes no other JWT for a login, or whose ID tokens are what it has its callers send. */
const withoutIdTokens: Readonly<Record<string, string>> = {
  firebase: 'ID tokens are what its clients send to an API',
  githubActions: 'a job has one kind of token',
  google: 'ID tokens are what service accounts send to an API',
  kubernetes: 'a service account has one kind of token',
  spiffe: 'a workload has one kind of token',
}

function idTokensOf({ wrongNeighbours }: StsFixture): readonly RefusedToken[] {
  return wrongNeighbours.filter(({ title }) => /\bID token\b/.test(title))
}

it('the STSs without ID tokens of another kind are presets', () => {
  const names = fixtures.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(Object.keys(withoutIdTokens)))
})

describe.each(fixtures.filter(({ name }) => !Object.hasOwn(withoutIdTokens, name)))('$name', (fixture) => {
  it('has an ID token of its STS that is refused, and not only for its aud', () => {
    const others = idTokensOf(fixture).filter(
      ({ reason, claim = 'aud' }) => reason !== 'audience_mismatch' || claim !== 'aud',
    )
    expect(others.length, 'the fixture has no foreign sample with "ID token" in its title').toBeGreaterThan(0)
  })
})
