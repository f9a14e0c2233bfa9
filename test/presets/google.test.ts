// Google: ID tokens and the assertions of Identity-Aware Proxy by the tables, in one verifier, each from its own header.
import { createVerifier } from 'claimcheck'
import { google, googleIap } from 'claimcheck/issuers'
import { expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const service = fixtureOf('google').accepted[0] ?? expect.fail('no service account')
const assertion = fixtureOf('googleIap').accepted[0] ?? expect.fail('no user')

it('takes an assertion from its own header and an ID token from Authorization, and neither from the other', async () => {
  const served = { ...fixtureOf('google').served, ...fixtureOf('googleIap').served }
  const { verifyToken } = createVerifier({
    issuer: [fixtureOf('google').makeIssuer({}), fixtureOf('googleIap').makeIssuer({})],
    clock: createTestClock(),
    fetch: async (url) => Response.json(served[url]),
  })
  const [idToken, iapToken] = [tokenOf(fixtureOf('google'), service), tokenOf(fixtureOf('googleIap'), assertion)]
  const [own, header] = [{ header: 'x-goog-iap-jwt-assertion' }, { header: 'authorization' }]
  expect((await verifyToken(idToken, header)).issuer).toBe('https://accounts.google.com')
  expect((await verifyToken(iapToken, own)).issuer).toBe('https://cloud.google.com/iap')
  await expectInvalidToken(verifyToken(idToken, own), 'token_in_wrong_header')
  await expectInvalidToken(verifyToken(iapToken, header), 'token_in_wrong_header')
})

it('refuses the opaque access token of a user', async () => {
  await expectInvalidToken(createFixtureVerifier(fixtureOf('google')).verifyToken('ya29.a0AfH6SMBx'), 'token_malformed')
})

it('grants 300 seconds of clock skew where the verifier does', async () => {
  const { claims } = service
  const late = tokenOf(fixtureOf('google'), { claims: { ...claims, iat: 1_795_435_499 } })
  await expectInvalidToken(createFixtureVerifier(fixtureOf('google')).verifyToken(late), 'token_not_yet_valid')
  const { verifyToken } = createFixtureVerifier(fixtureOf('google'), {}, { clockToleranceSeconds: 300 })
  expect((await verifyToken(late)).principal.kind).toBe('application')
})

it.each([
  [{}, 'audience[] must be a non-empty string, not undefined.'],
  [{ audience: '' }, "audience[] must be a non-empty string, not ''."],
  [{ audience: [] }, 'audience must be a list of at least one string, not [].'],
  [{ audience: new URL('https://api.example.com') }, /^audience\[\] must be a string, not a URL object/],
  [{ audience: 'x', hd: 'example.com' }, /^google(Iap)?\(\) has no option hd\. It has: audience\.$/],
])('refuses the options %j', (options, message) => {
  for (const make of [google, googleIap] as readonly ((options: never) => unknown)[]) {
    expect(() => make(options as never)).toThrow(TypeError)
    expect(() => make(options as never)).toThrow(message)
  }
})

it('never trusts every project’s proxy', () => {
  expect(google({ audience: null }).audience).toBeNull()
  expect(() => googleIap({ audience: null as never })).toThrow(
    new TypeError(
      "audience must not be null: every project's proxy has this issuer and these keys. Write the signed header JWT audience of the backend.",
    ),
  )
})
