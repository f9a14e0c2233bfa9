// Keycloak: its tokens by the table, whom it takes for an application, and what its options can never be.
import { keycloak } from 'claimcheck/issuers'
import type { KeycloakOptions } from '../../src/presets/keycloak.ts'
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

const make = (options: object) =>
  keycloak({ realmUrl: 'https://sso.example.com/realms/acme', audience: 'api', ...options } as KeycloakOptions)

async function principalOf(changes: object) {
  const { verifyToken } = createFixtureVerifier(fixtureOf('keycloak'))
  const { claims } = fixtureOf('keycloak').accepted[0] ?? expect.fail('no user')
  return (await verifyToken(tokenOf(fixtureOf('keycloak'), { claims: { ...claims, ...changes } }))).principal
}

describe('the URL of the realm', () => {
  it.each([
    ['https://sso.example.com', 'https://sso.example.com/realms/<realm>'],
    ['https://sso.example.com/realms/', 'https://sso.example.com/realms/<realm>'],
    ['https://sso.example.com/realms/acme/', 'https://sso.example.com/realms/acme'],
    ['https://sso.example.com/auth/realms/acme/', 'https://sso.example.com/auth/realms/acme'],
    ['https://SSO.example.com/realms/acme', 'https://sso.example.com/realms/acme'],
    ['https://sso.example.com:443/realms/acme', 'https://sso.example.com/realms/acme'],
    ['https://sso.example.com/realms/café', 'https://sso.example.com/realms/caf%C3%A9'],
    ['https://sso.example.com/a/../realms/acme', 'https://sso.example.com/realms/acme'],
  ])('is not %s', (url, instead) => {
    for (const name of ['realmUrl', 'issuer']) {
      const message = `${name} must be the URL of a realm: write '${instead}', not '${url}'.`
      expect(() => make({ [name]: url })).toThrow(new TypeError(message))
    }
  })

  it('may have a path before it, and be http where the options say so', () => {
    const issuerOf = (options: object) => make(options).endpoints[0]
    expect(issuerOf({ realmUrl: 'https://sso.example.com/auth/realms/acme' })?.issuer).toBe(
      'https://sso.example.com/auth/realms/acme',
    )
    expect(issuerOf({ realmUrl: 'http://keycloak:8080/realms/acme', insecureAllowHttp: true })).toMatchObject({
      issuer: 'http://keycloak:8080/realms/acme',
      insecureAllowHttp: true,
    })
    const message =
      "realmUrl must be https: if the server has TLS, write 'https://keycloak:8080/realms/acme'; if not, set insecureAllowHttp: true."
    for (const insecureAllowHttp of [undefined, false])
      expect(() => make({ realmUrl: 'http://keycloak:8080/realms/acme', insecureAllowHttp })).toThrow(message)
    for (const insecureAllowHttp of ['true', 1, null])
      expect(() => make({ insecureAllowHttp })).toThrow(
        /^insecureAllowHttp must be true or false, not ('(true|false)'|1|null|an object)\.$/,
      )
  })
})

it.each([
  [{ realmUrl: '' }, "realmUrl must be a non-empty string, not ''."],
  [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
  [{ issuer: null }, 'issuer must be a non-empty string, not null.'],
  [{ audience: undefined }, 'audience[] must be a non-empty string, not undefined.'],
  [{ algorithms: ['HS256'] }, /^algorithms may hold/],
  [
    { audience: ['api', 'account'] },
    "audience 'account' is in most tokens of a realm, for every purpose: add an audience mapper for this API, and write what it adds.",
  ],
  [
    { realm: 'acme' },
    'keycloak() has no option realm. It has: realmUrl, issuer, audience, algorithms, insecureAllowHttp, groupsAreComplete.',
  ],
])('refuses the options %j', (options, message) => {
  expect(() => make(options)).toThrow(TypeError)
  expect(() => make(options)).toThrow(message)
})

it('says nothing of an audience that has nothing of Keycloak’s own', async () => {
  const { verifyToken } = createFixtureVerifier(fixtureOf('keycloak'))
  const { claims } = fixtureOf('keycloak').accepted[0] ?? expect.fail('no user')
  const token = tokenOf(fixtureOf('keycloak'), { claims: { ...claims, aud: 'invoices' } })
  await expect(verifyToken(token)).rejects.toMatchObject({
    reason: 'audience_mismatch',
    hint: expect.not.stringContaining('account') as string,
  })
})

it('asks only for the keys in the cluster when tokens name another address', async () => {
  const { requests, verifyToken } = createFixtureVerifier(fixtureOf('keycloak'), {
    realmUrl: 'https://keycloak.auth.svc:8443/realms/acme',
    issuer: 'https://sso.example.com/realms/acme',
  })
  const { claims } = fixtureOf('keycloak').accepted[0] ?? expect.fail('no user')
  await verifyToken(tokenOf(fixtureOf('keycloak'), { claims }))
  expect(requests).toEqual(['https://keycloak.auth.svc:8443/realms/acme/protocol/openid-connect/certs'])
})

it.each(['service-account-web', 'service-account-billing', 'SERVICE-ACCOUNT-web', 'service-account-'])(
  'takes no user for an application who chose the user name %s, nor for a user',
  async (preferred_username) => {
    expect((await principalOf({ preferred_username })).kind).toBe('unknown')
  },
)

it('takes no caller for an application by the name of another client', async () => {
  expect((await principalOf({ preferred_username: 'service-account-web', client_id: 'billing' })).kind).toBe('unknown')
  expect((await principalOf({ preferred_username: 'service-account-undefined' })).kind).toBe('unknown')
})

it('keeps the roles of two clients apart, whatever their ids', async () => {
  const { roles } = await principalOf({
    realm_access: undefined,
    resource_access: { 'a:b': { roles: ['c'] }, a: { roles: ['b:c'] }, 'a%3Ab': { roles: ['c'] } },
  })
  expect(roles).toEqual(['a%3Ab:c', 'a:b:c', 'a%253Ab:c'])
})
