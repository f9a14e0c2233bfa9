// Azure AD B2C and Entra External ID: their tokens, and options that can never work.
import { createVerifier } from 'claimcheck'
import { entraB2C, entraExternalId } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { clientId, tenant } from '../support/entra.ts'
import { createFixtureVerifier, describePreset, tokenOf } from '../support/sts-fixture.ts'
import { entraB2CFixture } from './fixtures/entra-b2c.ts'
import { entraExternalIdFixture } from './fixtures/entra-external-id.ts'

describePreset(entraB2CFixture)
describePreset(entraExternalIdFixture)

it('entraB2C fetches the keys of the flow that a token names, and no others', async () => {
  const [{ claims } = { claims: {} }] = entraB2CFixture.accepted
  const { verifyToken, requests } = createFixtureVerifier(entraB2CFixture)
  await verifyToken(tokenOf(entraB2CFixture, { claims }))
  expect(requests).toEqual([
    'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/v2.0/.well-known/openid-configuration',
    'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/discovery/v2.0/keys',
  ])
})

describe('entraB2C refuses', () => {
  const make = (changes: object) =>
    entraB2C({ tenantName: 'contoso', tenantId: tenant, clientId, policies: ['B2C_1_signin'], ...changes })

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
      { tenantId: 'contoso.onmicrosoft.com' },
      "tenantId must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'contoso.onmicrosoft.com'.",
    ],
    [
      { clientId: `https://contoso.onmicrosoft.com/${clientId}` },
      `clientId must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'https://contoso.onmicrosoft.com/${clientId}'.`,
    ],
    [{ policies: [] }, 'policies must be a list of at least one string.'],
    [{ policies: ['../x'] }, "policies[] must be a policy's name such as 'B2C_1_signin', not '../x'."],
    [{ issuerFormat: 'v2' }, 'issuerFormat must be one of tenant, tfp.'],
    [{ policyClaim: 'sub' }, 'policyClaim must be one of tfp, acr.'],
    [
      { policy: 'x' },
      'entraB2C() has no option policy. It has: tenantName, tenantId, clientId, policies, issuerFormat, policyClaim.',
    ],
  ])('%j', (changes, message) => {
    expect(() => make(changes)).toThrow(new TypeError(message))
  })

  it('a policy that is there twice', () => {
    const twice = make({ policies: ['B2C_1_signin', 'b2c_1_signin'] })
    expect(() => createVerifier({ issuer: twice })).toThrow(
      new TypeError(`Two configured issuers answer to 'https://contoso.b2clogin.com/${tenant}/v2.0/': leave one out.`),
    )
  })
})

describe('entraExternalId refuses', () => {
  it.each([
    [
      { subdomain: 'contoso.ciamlogin.com' },
      "subdomain must be the name alone: write 'contoso', not 'contoso.ciamlogin.com'.",
    ],
    [
      { tenantId: 'contoso' },
      "tenantId must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'contoso'.",
    ],
    [{ clientId: `api://${clientId}` }, `clientId must be a GUID, write '${clientId}', not 'api://${clientId}'.`],
    [{ audiences: [''] }, 'audiences[] must be a non-empty string.'],
    [{ appTokens: {} }, "appTokens must be 'require-role', 'reject' or { acl: ['<client id>', …] }."],
    [{ groupResolver: 1 }, 'groupResolver must be a function.'],
    [
      { cloud: 'public' },
      'entraExternalId() has no option cloud. It has: tenantId, subdomain, clientId, audiences, appTokens, groupsAreComplete, groupResolver.',
    ],
  ])('%j', (changes, message) => {
    const make = () => entraExternalId({ tenantId: tenant, subdomain: 'contoso', clientId, ...(changes as object) })
    expect(make).toThrow(new TypeError(message))
  })
})
