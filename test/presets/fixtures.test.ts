// The fixtures of all presets: what each must accept, as which principal, and what it must refuse.
import { expect, it } from 'vitest'
import { allFixtures, createFixtureVerifier, describePreset, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

for (const fixture of allFixtures()) describePreset(fixture)

/** Whose tokens are ID tokens, or hold claims of other parties. */
const unmarked = ['awsAlb', 'google', 'spiffe']

it.each(allFixtures().filter(({ name }) => !unmarked.includes(name)))(
  '$name refuses a token with the hash of an access token, as ID tokens have',
  async (fixture) => {
    const [sample = expect.fail('no sample')] = fixture.accepted
    const token = tokenOf(fixture, { ...sample, claims: { ...sample.claims, at_hash: 'preyPO8SicRtjUYH2cqDJw' } })
    const { verifyToken } = createFixtureVerifier(fixture, sample.options)
    const { details } = await expectInvalidToken(verifyToken(token), 'not_an_access_token')
    expect(details.claim).toBe('at_hash')
  },
)
