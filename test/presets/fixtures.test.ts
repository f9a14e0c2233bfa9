// The fixtures of all presets: what each must accept, as which principal, and what it must refuse.
import type { AuthErrorReason } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../src/errors/reasons.ts'
import type { JsonObject } from '../../src/internal/json.ts'
import type { UnverifiedToken } from '../../src/issuer/issuer.ts'
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

const reasons = Object.keys(errorTable) as AuthErrorReason[]

it.each(allFixtures())('$name says nothing of reasons that no sample has words for', (fixture) => {
  const refused = [...fixture.wrongNeighbours, ...fixture.naive.filter((sample) => 'reason' in sample)]
  const explained = new Set(refused.flatMap(({ hint, reason }) => (hint === undefined ? [] : reason)))
  for (const { header = {}, claims, options = {} } of [...refused, ...fixture.accepted]) {
    const { hint } = fixture.makeIssuer(options)
    const token = { header: { alg: 'RS256', ...header }, claims, issuer: String(claims.iss) } as UnverifiedToken
    const said = reasons.filter((reason) => !explained.has(reason) && hint?.(reason, token) !== undefined)
    expect(said).toEqual([])
  }
})

describe.each(allFixtures())('the preset $name', (fixture) => {
  const { name, accepted, naive, makeIssuer, optionsFor } = fixture

  it('has its own name', () => {
    expect(makeIssuer({}).preset).toBe(name)
  })

  it('allows no plain http, unless an option says so', () => {
    for (const { options = {} } of accepted) {
      const allowed = makeIssuer(options).endpoints.map(({ insecureAllowHttp }) => insecureAllowHttp)
      expect(new Set(allowed)).toEqual(new Set([options.insecureAllowHttp ?? false]))
    }
  })

  it('has a hint about its own tokens alone, but for one about the issuer', () => {
    const [{ claims, header, options = {} } = expect.fail('no sample')] = accepted
    const hintOf = (reason: AuthErrorReason, changes: object, alg = 'HS256') =>
      makeIssuer(options).hint?.(reason, {
        header: { ...header, alg },
        claims: { ...(claims as JsonObject), aud: [], ...changes },
      })
    for (const reason of reasons.filter((one) => one !== 'issuer_unknown'))
      for (const iss of ['https://sts.example.org/other', null]) expect(hintOf(reason, { iss })).toBeUndefined()
    expect(hintOf('algorithm_not_allowed', {}, 'ES256K')).toBeUndefined()
  })

  it('has a token of every type that it accepts', () => {
    const seen = [...accepted, ...naive.filter((sample) => 'principal' in sample)].map((sample) => {
      const [header = ''] = tokenOf(fixture, sample).split('.')
      return (JSON.parse(Buffer.from(header, 'base64url').toString()) as JsonObject).typ ?? null
    })
    expect(makeIssuer({}).types.filter((one) => !seen.includes(one))).toEqual([])
  })

  it('has a name that its options are refused by', () => {
    expect(() => makeIssuer({ nope: 1 })).toThrow(`${name}() has no option nope.`)
  })

  // A JWK Set is looked at when the verifier is made.
  const given = accepted.flatMap(({ options = {} }) => Object.entries(optionsFor(options)))
  const texts = given.filter(([, value]) => typeof value !== 'object' || Array.isArray(value))
  it.each([...new Set(texts.map(([option]) => option))])('names the option that is wrong: %s', (option) => {
    for (const value of [7, '', [7], {}]) {
      expect(() => makeIssuer({ [option]: value })).toThrow(TypeError)
      expect(() => makeIssuer({ [option]: value })).toThrow(new RegExp(`\\b${option}\\b`))
    }
  })
})
