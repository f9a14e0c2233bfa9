// Okta: its tokens by the table, and which issuers are none of a custom authorization server.
import { okta } from 'claimcheck/issuers'
import type { OktaOptions } from '../../src/presets/okta.ts'
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

const make = (options: object) =>
  okta({ issuer: 'https://acme.okta.com/oauth2/default', audience: 'urn:api', ...options } as OktaOptions)

describe('the issuer', () => {
  it('is https: the message names no option that okta() lacks', () => {
    const issuer = 'http://acme.okta.com/oauth2/aus1'
    const message = "issuer must be https: write 'https://acme.okta.com/oauth2/aus1'."
    expect(() => make({ issuer })).toThrow(new TypeError(message))
  })

  it.each([
    ['https://acme.okta.com', 'https://acme.okta.com/oauth2/default'],
    ['https://acme.okta.com/', 'https://acme.okta.com/oauth2/default'],
    ['https://acme.okta.com/oauth2', 'https://acme.okta.com/oauth2/default'],
    ['https://acme.okta.com/oauth2/', 'https://acme.okta.com/oauth2/default'],
    ['https://acme.okta.com/oauth2/v1/token', 'https://acme.okta.com/oauth2/default'],
    ['https://acme.okta.com/oauth2/default/', 'https://acme.okta.com/oauth2/default'],
    ['https://acme.okta.com/oauth2/aus1/v1/token', 'https://acme.okta.com/oauth2/aus1'],
    ['https://acme.okta.com//oauth2/aus1', 'https://acme.okta.com/oauth2/default'],
    ['https://acme-admin.okta.com/oauth2/aus1', 'https://acme.okta.com/oauth2/aus1'],
    ['https://ACME.okta.com/oauth2/aus1', 'https://acme.okta.com/oauth2/aus1'],
    ['https://acme.okta.com:443/oauth2/aus1', 'https://acme.okta.com/oauth2/aus1'],
    ['https://acmé.example.com/oauth2/aus1', 'https://xn--acm-dma.example.com/oauth2/aus1'],
    ['http://127.0.0.1/oauth2/aus1', 'https://127.0.0.1/oauth2/aus1'],
  ])('is not %s', (issuer, instead) => {
    const message = `issuer must be the Issuer URI of a custom authorization server: write '${instead}', or with the id of yours, not '${issuer}'. Tokens of the org authorization server must not be validated.`
    expect(() => make({ issuer })).toThrow(new TypeError(message))
  })

  it.each(['https://login.example.com/oauth2/aus1', 'https://acme.oktapreview.com/oauth2/default'])(
    'is %s',
    (issuer) => {
      expect(make({ issuer }).endpoints[0]?.issuer).toBe(issuer)
    },
  )
})

it.each([
  [
    { issuer: 'acme.okta.com' },
    "issuer must be an absolute URL such as 'https://sts.example.com', not 'acme.okta.com'.",
  ],
  [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
  [{ issuer: null }, 'issuer must be a non-empty string, not null.'],
  [
    { issuer: 'https://acme.okta.com/oauth2/default?x=1' },
    "issuer must have no query, fragment or user name (RFC 8414 §2): write 'https://acme.okta.com/oauth2/default'.",
  ],
  [{ audience: '' }, "audience[] must be a non-empty string, not ''."],
  [{ domain: 'acme.okta.com' }, 'okta() has no option domain. It has: issuer, audience, groupsAreComplete.'],
])('refuses the options %j', (options, message) => {
  expect(() => make(options)).toThrow(new TypeError(message))
})

it('keeps a sub that looks like the uid of a user apart from that user', async () => {
  const { verifyToken } = createFixtureVerifier(fixtureOf('okta'))
  const { claims } = fixtureOf('okta').accepted[0] ?? expect.fail('no user')
  const keyOf = async (changes: object) =>
    (await verifyToken(tokenOf(fixtureOf('okta'), { claims: { ...claims, ...changes } }))).principal.key
  expect(await keyOf({})).toBe('https://acme.okta.com/oauth2/default|00ualice')
  expect(await keyOf({ uid: undefined, sub: '00ualice' })).toBe('https://acme.okta.com/oauth2/default|sub|00ualice')
  expect(await keyOf({ uid: 'sub|00ualice' })).toBe('https://acme.okta.com/oauth2/default|sub%7C00ualice')
})
