// Duende IdentityServer: its tokens by the table, and what its options can never be.
import { duende } from 'claimcheck/issuers'
import type { DuendeOptions } from '../../src/presets/duende.ts'
import { expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

it.each([
  [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
  [{ issuer: 'ids.example.com' }, /^issuer must be an absolute URL/],
  [{ issuer: 'http://ids.example.com' }, /^issuer must be https/],
  [{ audience: undefined }, 'audience[] must be a non-empty string, not undefined.'],
  [
    { audience: ['orders', 'https://ids.example.com/resources'] },
    "audience 'https://ids.example.com/resources' is in tokens for every API of the server: write the name of the API resource, or null and let scopes decide.",
  ],
  [{ typ: 7 }, 'typ[] must be a non-empty string, not 7.'],
  [{ typ: [] }, 'typ must be a list of at least one string, not [].'],
  [{ typ: [''] }, "typ[] must be a non-empty string, not ''."],
  [{ algorithms: ['none'] }, /^algorithms may hold/],
  [
    { authority: 'https://ids.example.com' },
    'duende() has no option authority. It has: issuer, audience, typ, algorithms, insecureAllowHttp.',
  ],
])('refuses the options %j', (options, message) => {
  const make = () => duende({ issuer: 'https://ids.example.com', audience: 'x', ...options } as DuendeOptions)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
})

it('keeps a client apart from a user whose sub is its id', async () => {
  const { verifyToken } = createFixtureVerifier(fixtureOf('duende'))
  const { claims } = fixtureOf('duende').accepted[0] ?? expect.fail('no user')
  const keyOf = async (changes: object) =>
    (await verifyToken(tokenOf(fixtureOf('duende'), { claims: { ...claims, ...changes } }))).principal.key
  expect(await keyOf({ sub: undefined, client_id: 'm2m' })).toBe('https://ids.example.com|client|m2m')
  expect(await keyOf({ sub: 'm2m', client_id: 'm2m' })).toBe('https://ids.example.com|m2m')
  expect(await keyOf({ sub: 'client|m2m' })).toBe('https://ids.example.com|client%7Cm2m')
})
