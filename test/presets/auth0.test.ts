// Auth0: its tokens by the table, and what its options can never be.
import { auth0 } from 'claimcheck/issuers'
import type { JsonObject } from '../../src/internal/json.ts'
import type { Auth0Options } from '../../src/presets/auth0.ts'
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const make = (options: object) =>
  auth0({ domain: 'acme.eu.auth0.com', audience: 'urn:api', ...options } as Auth0Options)

describe('the domain', () => {
  it.each([
    ['https://acme.eu.auth0.com', 'acme.eu.auth0.com'],
    ['https://acme.eu.auth0.com/', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com/', 'acme.eu.auth0.com'],
    ['ACME.eu.auth0.com', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com/authorize', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com?x=1', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com#x', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com:443', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com:8443', 'acme.eu.auth0.com'],
    ['me@acme.eu.auth0.com', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com.', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com\\x', 'acme.eu.auth0.com'],
    ['acme.eu.auth0.com\n', 'acme.eu.auth0.com'],
    ['acmé.example.com', 'xn--acm-dma.example.com'],
    ['ａcme.example.com', 'acme.example.com'],
    ['acme', 'tenant.example.com'],
    ['acme..auth0.com', 'tenant.example.com'],
    [' ', 'tenant.example.com'],
    ['[::1]', 'tenant.example.com'],
  ])('is not %j', (domain, instead) => {
    const message = `domain must be a host name such as '${instead}', without scheme, port or path, not '${domain.replace('me@', '...')}'.`
    expect(() => make({ domain })).toThrow(new TypeError(message))
  })

  it('is a string, not a URL', () => {
    expect(() => make({ domain: new URL('https://acme.eu.auth0.com') })).toThrow(/^domain must be a string, not a URL/)
  })
})

it.each([
  [{ domain: '' }, "domain must be a non-empty string, not ''."],
  [{ domain: ['acme.eu.auth0.com'] }, 'domain must be a non-empty string, not a list.'],
  [{ domain: '0x7f.1' }, "domain must be a host name such as '127.0.0.1', without scheme, port or path, not '0x7f.1'."],
  [
    { domain: 'acme.eu.auth0.com..' },
    "domain must be a host name such as 'acme.eu.auth0.com', without scheme, port or path, not 'acme.eu.auth0.com..'.",
  ],
  [{ audience: undefined }, 'audience[] must be a non-empty string, not undefined.'],
  [{ audience: [] }, 'audience must be a list of at least one string, not [].'],
  [{ rolesClaim: '' }, "rolesClaim must be a non-empty string, not ''."],
  [{ groupsClaim: ['x'] }, 'groupsClaim must be a non-empty string, not a list.'],
  [
    { issuer: 'x' },
    'auth0() has no option issuer. It has: domain, audience, rolesClaim, groupsClaim, groupsAreComplete.',
  ],
  [
    { audience: ['urn:api', 'https://acme.eu.auth0.com/userinfo'] },
    "audience 'https://acme.eu.auth0.com/userinfo' is in tokens for every API: write the identifier of yours.",
  ],
])('refuses the options %j', (options, message) => {
  expect(() => make(options)).toThrow(new TypeError(message))
})

it('has a hint for another tenant of Auth0 alone', () => {
  const hintOf = (iss: unknown) => {
    const claims = { iss } as JsonObject
    return make({ audience: null }).hint?.('issuer_unknown', { header: { alg: 'RS256' }, claims })
  }
  expect(hintOf('https://acme.us.auth0.com/')).toContain('the token comes from https://acme.us.auth0.com/')
  for (const iss of ['see https://acme.us.auth0.com/', 'https://acme.us.auth0.com/x', 'https://sts.example.com/', null])
    expect(hintOf(iss)).toBeUndefined()
})

it('refuses the opaque token of a client that asked for no audience', async () => {
  await expectInvalidToken(createFixtureVerifier(fixtureOf('auth0')).verifyToken('mF_9.B5f-4.1JqM'), 'token_malformed')
  await expectInvalidToken(
    createFixtureVerifier(fixtureOf('auth0')).verifyToken('eyJhbGciOiJkaXIifQ'),
    'token_malformed',
  )
})

it('takes a user for no application, whatever id a connection let them choose', async () => {
  const { verifyToken } = createFixtureVerifier(fixtureOf('auth0'))
  const { claims } = fixtureOf('auth0').accepted[0] ?? expect.fail('no user')
  for (const sub of ['auth0|mallory@clients', 'oauth2|db|anon@x@clients', 'x|anon@1']) {
    const { principal } = await verifyToken(tokenOf(fixtureOf('auth0'), { claims: { ...claims, sub } }))
    expect(principal).toMatchObject({ kind: 'user', traits: [] })
  }
})
