// Azure AD B2C and Entra External ID: their tokens, and options that can never work.
import { createVerifier } from 'claimcheck'
import { entraB2C, entraExternalId } from 'claimcheck/issuers'
import type { JsonObject } from '../../src/internal/json.ts'
import type { EntraB2COptions } from '../../src/presets/entra/b2c.ts'
import type { EntraExternalIdOptions } from '../../src/presets/entra/external-id.ts'
import { createTestIssuer, entraB2cLike, entraExternalIdLike } from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { clientId, tenant } from '../support/entra.ts'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

it('entraB2C fetches the keys of the flow that a token names, and no others', async () => {
  const [{ claims } = { claims: {} }] = fixtureOf('entraB2C').accepted
  const { verifyToken, requests } = createFixtureVerifier(fixtureOf('entraB2C'))
  await verifyToken(tokenOf(fixtureOf('entraB2C'), { claims }))
  expect(requests).toEqual([
    'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/v2.0/.well-known/openid-configuration',
    'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/discovery/v2.0/keys',
  ])
})

describe('entraB2C refuses', () => {
  const make = (changes: object) =>
    entraB2C({
      tenantName: 'contoso',
      tenantId: tenant,
      clientId,
      policies: ['B2C_1_signin'],
      ...changes,
    } as EntraB2COptions)

  it.each([
    [
      { tenantName: 'contoso.onmicrosoft.com' },
      "tenantName must be the short name alone: write 'contoso', not 'contoso.onmicrosoft.com'.",
    ],
    [
      { tenantName: 'https://contoso.b2clogin.com/' },
      "tenantName must be the short name alone: write 'contoso', not 'https://contoso.b2clogin.com/'.",
    ],
    [
      { tenantName: 'http://contoso.b2clogin.com/' },
      "tenantName must be the short name alone: write 'contoso', not 'http://contoso.b2clogin.com/'.",
    ],
    [
      { tenantName: undefined },
      "Write tenantName: 'contoso' (of contoso.b2clogin.com), or domain: 'login.example.com' for a custom domain; not both.",
    ],
    [
      { domain: 'login.contoso.example' },
      "Write tenantName: 'contoso' (of contoso.b2clogin.com), or domain: 'login.example.com' for a custom domain; not both.",
    ],
    [
      { tenantName: undefined, domain: 'https://login.contoso.example/' },
      "domain must be a host name such as 'login.contoso.example', without scheme, port or path, not 'https://login.contoso.example/'.",
    ],
    [
      { tenantName: undefined, domain: 'contoso.b2clogin.com' },
      "domain is for a custom domain: write tenantName: 'contoso'.",
    ],
    [
      { tenantName: undefined, domain: 'contoso.ciamlogin.com' },
      "domain 'contoso.ciamlogin.com' is of another STS: write entraExternalId({ subdomain: 'contoso', tenantId: '<tenant id>', clientId: '<client id>' }).",
    ],
    [
      { tenantName: undefined, domain: 'login.microsoftonline.com' },
      "domain 'login.microsoftonline.com' is of another STS: write entra({ tenant: '<tenant id>', clientId: '<client id>' }).",
    ],
    [
      { tenantId: 'contoso.onmicrosoft.com' },
      "tenantId must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'contoso.onmicrosoft.com'.",
    ],
    [
      { clientId: `https://contoso.onmicrosoft.com/${clientId}` },
      `clientId must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'https://contoso.onmicrosoft.com/${clientId}'.`,
    ],
    [{ policies: [] }, 'policies must be a list of at least one string, not [].'],
    [{ policies: ['x/../y'] }, "policies[] must be a policy's name such as 'B2C_1_signin', not 'x/../y'."],
    [{ policies: ['../x'] }, "policies[] must be a policy's name such as 'B2C_1_signin', not '../x'."],
    [{ issuerFormat: 'v2' }, 'issuerFormat must be one of tenant, tfp.'],
    [{ policyClaim: 'sub' }, 'policyClaim must be one of tfp, acr.'],
    [
      { policy: 'x' },
      'entraB2C() has no option policy. It has: tenantName, domain, tenantId, clientId, policies, issuerFormat, policyClaim.',
    ],
  ])('%j', (changes, message) => {
    expect(() => make(changes)).toThrow(new TypeError(message))
  })

  it('a policy that is there twice', () => {
    const policies = ['B2C_1_signin', 'b2c_1_SIGNIN']
    expect(() => createVerifier({ issuer: make({ policies }) })).toThrow(
      new TypeError(`Two configured issuers answer to 'https://contoso.b2clogin.com/${tenant}/v2.0/': leave one out.`),
    )
    expect(() => createVerifier({ issuer: make({ policies, issuerFormat: 'tfp' }) })).toThrow(
      new TypeError(
        `Two configured issuers answer to 'https://contoso.b2clogin.com/tfp/${tenant}/b2c_1_signin/v2.0/': leave one out.`,
      ),
    )
  })
})

describe('the hint of entraB2C', () => {
  const hintOf = (format: string, iss: unknown, reason = 'issuer_unknown', more = {}) => {
    const { hint } = fixtureOf('entraB2C').makeIssuer({ issuerFormat: format, policies: ['B2C_1_signin'] })
    return hint?.(reason as 'issuer_unknown', { header: { alg: 'RS256' }, claims: { iss, ...more } as JsonObject })
  }
  const own = `https://contoso.b2clogin.com/${tenant}/v2.0/`
  const ofPolicy = `https://contoso.b2clogin.com/tfp/${tenant}/b2c_1_signin/v2.0/`

  it('is about issuers of the tenant, and of its policies', () => {
    expect(hintOf('tenant', own.replace('contoso.', 'other.'))).toContain('made at other.b2clogin.com')
    expect(hintOf('tenant', ofPolicy)).toContain("write issuerFormat: 'tfp'")
    expect(hintOf('tfp', own)).toContain("write issuerFormat: 'tenant'")
    expect(hintOf('tfp', ofPolicy)).toContain('spells the policy b2c_1_signin')
    expect(hintOf('tfp', ofPolicy.replace('_signin', '_reset'))).toContain('of the policy b2c_1_reset')
    expect(hintOf('tenant', own, 'claim_invalid', { tfp: 'B2C_1_reset' })).toContain('of the policy B2C_1_reset')
  })

  it.each([
    ['what the API trusts', own],
    ['another tenant', own.replace(tenant, clientId)],
    ['more before it', `x${ofPolicy}`],
    ['more behind it', `${ofPolicy}x`],
    ['a policy that is not there', ofPolicy.replace('b2c_1_signin/', '')],
    ['a policy without its mark', ofPolicy.replace('tfp/', '')],
    ['no text', 7],
  ])('is none for %s', (_, iss) => {
    expect(hintOf('tenant', iss)).toBeUndefined()
    expect(hintOf('tenant', iss, 'claim_invalid')).toBeUndefined()
    expect(hintOf('tenant', iss, 'token_expired', { tfp: 'B2C_1_reset' })).toBeUndefined()
  })
})

it('entraB2C trusts the default and the custom domain of a tenant beside each other, with one key for a user', async () => {
  const [{ claims } = { claims: {} }] = fixtureOf('entraB2C').accepted
  const domain = 'login.contoso.example'
  const issuer = [{}, { tenantName: undefined, domain }].map((options) =>
    fixtureOf('entraB2C').makeIssuer({ ...options, policies: ['B2C_1_signin'] }),
  )
  const fetch = async (url: string) => Response.json(fixtureOf('entraB2C').served[url])
  const { verifyToken } = createVerifier({ issuer, fetch, clock: createTestClock() })
  const one = await verifyToken(tokenOf(fixtureOf('entraB2C'), { claims }))
  const iss = `https://${domain}/${tenant}/v2.0/`
  const two = await verifyToken(tokenOf(fixtureOf('entraB2C'), { claims: { ...claims, iss } }))
  expect(two.issuer).toBe(iss)
  expect(two.principal.key).toBe(one.principal.key)
})

it('entraExternalId asks the resolver for the groups of a user', async () => {
  const fixture = fixtureOf('entraExternalId')
  const asked: unknown[] = []
  const groupResolver = async (user: unknown) => (asked.push(user), ['g1'])
  const { verifyToken } = createFixtureVerifier(fixture, { groupResolver })
  const [{ claims } = expect.fail('no user')] = fixture.accepted
  const { principal } = await verifyToken(tokenOf(fixture, { claims }))
  expect(principal.groups).toEqual({ values: ['g1'], complete: true, claim: 'groups' })
  expect(asked).toEqual([{ tenant, oid: claims.oid }])
  expect(fixture.makeIssuer({}).enrichPrincipal).toBeUndefined()
})

it.each([{ domain: 'login.contoso.example' }, { subdomain: 'contoso' }])(
  'entraExternalId finds the keys of the test issuer at %j',
  async (place) => {
    const sts = createTestIssuer(entraExternalIdLike({ ...place, tenantId: tenant, clientId }), {
      algorithms: ['RS256'],
    })
    const issuer = entraExternalId({ ...place, tenantId: tenant, clientId })
    const { verifyToken } = createVerifier({ issuer, fetch: sts.fetch, clock: sts.clock })
    const auth = await verifyToken(sts.token())
    expect(auth.issuer).toBe(`https://${tenant}.ciamlogin.com/${tenant}/v2.0`)
    await expectInvalidToken(verifyToken(sts.idToken()), 'claim_missing')
  },
)

it.each([{ domain: 'login.contoso.example' }, { tenantName: 'contoso' }])(
  'entraB2C finds the keys of the test issuer at %j, also with the policy in its issuer',
  async (place) => {
    for (const issuerFormat of ['tenant', 'tfp'] as const) {
      const policyInIssuer = issuerFormat === 'tfp'
      const profile = entraB2cLike({ ...place, tenantId: tenant, policy: 'B2C_1_signin', clientId, policyInIssuer })
      const sts = createTestIssuer(profile, { algorithms: ['RS256'] })
      const issuer = entraB2C({ ...place, tenantId: tenant, clientId, policies: ['B2C_1_signin'], issuerFormat })
      const { verifyToken } = createVerifier({ issuer, fetch: sts.fetch, clock: sts.clock })
      expect((await verifyToken(sts.token())).principal.kind).toBe('user')
      await expectInvalidToken(verifyToken(sts.idToken()), 'claim_missing')
    }
  },
)

describe('entraExternalId refuses', () => {
  it.each([
    [
      { subdomain: undefined },
      "Write subdomain: 'contoso' (of contoso.ciamlogin.com), or domain: 'login.example.com' for a custom domain; not both.",
    ],
    [
      { domain: 'login.contoso.example' },
      "Write subdomain: 'contoso' (of contoso.ciamlogin.com), or domain: 'login.example.com' for a custom domain; not both.",
    ],
    [
      { subdomain: undefined, domain: 'contoso.ciamlogin.com' },
      "domain is for a custom domain: write subdomain: 'contoso'.",
    ],
    [
      { subdomain: undefined, domain: 'contoso.b2clogin.cn' },
      "domain 'contoso.b2clogin.cn' is of another STS: write entraB2C({ domain: 'contoso.b2clogin.cn', tenantId: '<tenant id>', clientId: '<client id>', policies: ['<policy>'] }).",
    ],
    [
      { subdomain: 'contoso.ciamlogin.com' },
      "subdomain must be the short name alone: write 'contoso', not 'contoso.ciamlogin.com'.",
    ],
    [
      { tenantId: 'contoso' },
      "tenantId must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'contoso'.",
    ],
    [{ clientId: `api://${clientId}` }, `clientId must be a GUID, write '${clientId}', not 'api://${clientId}'.`],
    [{ audiences: [''] }, "audiences[] must be a non-empty string, not ''."],
    [{ appTokens: {} }, "appTokens must be 'require-role', 'reject' or { acl: ['<client id>', …] }."],
    [{ groupResolver: 1 }, 'groupResolver must be a function, not 1.'],
    [
      { cloud: 'public' },
      'entraExternalId() has no option cloud. It has: tenantId, subdomain, domain, clientId, audiences, appTokens, groupsAreComplete, groupResolver.',
    ],
  ])('%j', (changes, message) => {
    const options = { tenantId: tenant, subdomain: 'contoso', clientId, ...(changes as object) }
    const make = () => entraExternalId(options as EntraExternalIdOptions)
    expect(make).toThrow(new TypeError(message))
  })
})
