// Microsoft Entra ID: what entra() makes of its options, and which of them can never work.
import { createVerifier } from 'claimcheck'
import { type EntraOptions, entra } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/internal/json.ts'
import { clientId, tenant } from '../support/entra.ts'

const make = (changes: object = {}) => entra({ tenant, clientId, ...changes } as EntraOptions)

describe('the clouds', () => {
  it.each([
    [undefined, 'login.microsoftonline.com', 'sts.windows.net'],
    ['public', 'login.microsoftonline.com', 'sts.windows.net'],
    ['usGov', 'login.microsoftonline.us', 'sts.windows.net'],
    ['china', 'login.partner.microsoftonline.cn', 'sts.chinacloudapi.cn'],
  ])('%s has its own issuers and metadata', (cloud, login, v1) => {
    const { endpoints } = make(cloud === undefined ? {} : { cloud })
    expect(endpoints).toEqual([
      {
        issuer: `https://${login}/${tenant}/v2.0`,
        keys: { metadataUrls: [`https://${login}/${tenant}/v2.0/.well-known/openid-configuration`] },
        insecureAllowHttp: false,
      },
      {
        issuer: `https://${v1}/${tenant}/`,
        keys: { metadataUrls: [`https://${login}/${tenant}/.well-known/openid-configuration`] },
        insecureAllowHttp: false,
      },
    ])
  })

  it.each([
    ['bleu', 'login.sovcloud-identity.fr'],
    ['delos', 'login.sovcloud-identity.de'],
    ['govSg', 'login.sovcloud-identity.sg'],
  ] as const)('%s, a sovereign one, has v2.0 issuers alone', (cloud, login) => {
    expect(make({ cloud }).endpoints).toEqual([
      {
        issuer: `https://${login}/${tenant}/v2.0`,
        keys: { metadataUrls: [`https://${login}/${tenant}/v2.0/.well-known/openid-configuration`] },
        insecureAllowHttp: false,
      },
    ])
    expect(make({ cloud, versions: ['2.0'] }).endpoints).toHaveLength(1)
    for (const versions of [['1.0'], ['2.0', '1.0']]) {
      const message = `versions: no token of format 1.0 is known of the cloud ${cloud}: leave versions out.`
      expect(() => make({ cloud, versions })).toThrow(new TypeError(message))
    }
  })

  it('public and usGov of one tenant share an issuer, and so cannot both be trusted', () => {
    const both = () => createVerifier({ issuer: [make(), make({ cloud: 'usGov' })] })
    expect(both).toThrow(
      new TypeError(`Two configured issuers answer to 'https://sts.windows.net/${tenant}/': leave one out.`),
    )
  })
})

it('takes GUIDs in any letter case, and compares them in small letters as Entra writes them', () => {
  const { audience, endpoints } = make({ tenant: tenant.toUpperCase(), clientId: clientId.toUpperCase() })
  expect(endpoints[0]?.issuer).toBe(`https://login.microsoftonline.com/${tenant}/v2.0`)
  expect(audience).toEqual([clientId, `${clientId}/`, `api://${clientId}`, `api://${clientId}/`])
})

it('takes the tenant of personal accounts among others where they may come in, too', async () => {
  const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'
  const { isTenantAllowed } = make({ tenant: 'common', allowedTenants: [tenant, consumers] })
  const allows = (tid: string) => isTenantAllowed?.({ header: { alg: 'RS256' }, claims: { tid } })
  expect([allows(consumers), allows(tenant), allows(clientId)]).toEqual([true, true, false])
})

it('has the keys of all registrations, of tenants together, unless an option says otherwise', () => {
  const address = (options: object) => make(options).endpoints[0]?.keys
  const base = `https://login.microsoftonline.com/${tenant}/v2.0/.well-known/openid-configuration`
  expect(address({})).toEqual({ metadataUrls: [base] })
  expect(address({ customSigningKeys: true })).toEqual({ metadataUrls: [`${base}?appid=${clientId}`] })
  const many = make({ tenant: 'common', anyTenant: true }).endpoints[0]
  expect(many?.tenants?.keys).toBe('shared')
})

it('is called entra, for messages', () => {
  expect(make().preset).toBe('entra')
})

describe('the hint', () => {
  const other = '11111111-2222-4333-8444-555555555555'
  const v2 = (of: string) => `https://login.microsoftonline.com/${of}/v2.0`
  const hintOf = (claims: object, options = {}, reason = 'issuer_unknown') =>
    make(options).hint?.(reason as 'issuer_unknown', { header: { alg: 'RS256' }, claims: claims as JsonObject })

  it.each([
    [{ iss: 'https://contoso.b2clogin.com/x/v2.0/' }, {}, 'write entraB2C('],
    [{ iss: 'https://contoso.ciamlogin.com/x/v2.0' }, {}, 'write entraExternalId('],
    [{ iss: `https://login.microsoftonline.us/${tenant}/v2.0` }, {}, "write cloud: 'usGov'"],
    [{ iss: v2(other), tid: other, aud: 'https://graph.microsoft.com' }, {}, 'Microsoft Graph'],
    [{ iss: v2(other), tid: other }, {}, `the token is of the tenant ${other}`],
    [{ iss: v2(other), tid: other }, { versions: '2.0' }, `the token is of the tenant ${other}`],
    [{ iss: `https://sts.windows.net/${other}/`, tid: other }, {}, `the token is of the tenant ${other}`],
    [
      { iss: `https://sts.windows.net/${other}/`, tid: other },
      { versions: '1.0' },
      `the token is of the tenant ${other}`,
    ],
    [{ iss: `https://sts.windows.net/${tenant}/`, tid: tenant }, { versions: '2.0' }, 'of format 1.0'],
    [{ iss: v2(tenant), tid: tenant }, { versions: '1.0' }, 'of format 2.0'],
  ])('for %j and the options %j says so', (claims, options, words) => {
    expect(hintOf(claims, options)).toContain(words)
  })

  it.each([
    'https://sts.example.com',
    'on https://contoso.b2clogin.com/x/v2.0/',
    'on https://contoso.ciamlogin.com/x/v2.0',
    v2(tenant),
    undefined,
    [v2(other)],
  ])('for the iss %j is none', (iss) => {
    expect(hintOf({ iss, tid: tenant, aud: '' })).toBeUndefined()
  })

  it.each([
    [other, `the API with the id ${other}, and this one is ${clientId}`],
    [other.toUpperCase(), `the API with the id ${other.toUpperCase()}, and this one is ${clientId}`],
    [[other], `this API is ${clientId} or api://${clientId}: if '${other}'`],
    [`api://${clientId.toUpperCase()}/`, "another spelling of this API's id"],
    ['https://orders.contoso.example', "if 'https://orders.contoso.example' is an application ID URI"],
  ])('for the aud %j says what it is of', (aud, words) => {
    expect(hintOf({ iss: v2(tenant), aud }, {}, 'audience_mismatch')).toContain(words)
  })

  it('about a key that no list has names the reasons', () => {
    const own = hintOf({ iss: v2(tenant) }, { customSigningKeys: true }, 'key_not_found')
    expect(own).toContain(`the signing key of the registration ${clientId} is not published yet`)
    expect(hintOf({ iss: v2(tenant) }, {}, 'key_not_found')).toContain('write customSigningKeys: true; ')
  })

  it('about keys and audiences is for tokens of the tenant alone', () => {
    for (const reason of ['key_not_found', 'audience_mismatch']) {
      for (const iss of ['https://sts.example.com', v2(other), `https://login.microsoftonline.us/${tenant}/v2.0`, null])
        expect(hintOf({ iss }, {}, reason)).toBeUndefined()
      expect(hintOf({ iss: v2(tenant) }, {}, reason)).toBeDefined()
      const many = { tenant: 'organizations', anyTenant: true }
      expect(hintOf({ iss: v2(other) }, many, reason)).toBeDefined()
      expect(hintOf({ iss: 'https://sts.example.com' }, many, reason)).toBeUndefined()
    }
  })
})

describe('refuses', () => {
  it.each(['common', 'organizations', 'Common'])('the tenant %s, of which no option says which are allowed', (many) => {
    const message = `tenant: '${many.toLowerCase()}' stands for many tenants: write allowedTenants: ['<tenant id>', …], or anyTenant: true for all of the world; not both.`
    expect(() => make({ tenant: many })).toThrow(new TypeError(message))
    expect(() => make({ tenant: many, anyTenant: true, allowedTenants: [tenant] })).toThrow(new TypeError(message))
  })

  it('the domain of a tenant, which no token names', () => {
    for (const domain of ['contoso.onmicrosoft.com', 'Contoso.com']) {
      const message = `tenant must be the tenant's id, since no token names its domain '${domain}': write the issuer's GUID from https://login.microsoftonline.com/${domain.toLowerCase()}/v2.0/.well-known/openid-configuration.`
      expect(() => make({ tenant: domain })).toThrow(new TypeError(message))
    }
  })

  it.each([
    [
      { tenant: `https://login.microsoftonline.com/${tenant}/v2.0` },
      `tenant must be the tenant alone: write '${tenant}', not 'https://login.microsoftonline.com/${tenant}/v2.0'.`,
    ],
    [
      { tenant: 'https://login.microsoftonline.com/common' },
      "tenant must be the tenant alone: write 'common', not 'https://login.microsoftonline.com/common'.",
    ],
    [
      { tenant: `https://contoso.ciamlogin.com/${tenant}/v2.0` },
      `tenant is no issuer of Entra ID: write entraExternalId({ subdomain: 'contoso', tenantId: '${tenant}', clientId: '<client id>' }).`,
    ],
    [
      { tenant: 'contoso.b2clogin.com' },
      "tenant is no issuer of Entra ID: write entraB2C({ tenantName: 'contoso', tenantId: '<tenant id>', clientId: '<client id>', policies: ['<policy>'] }).",
    ],
    [{ clientId: `${clientId}/` }, `clientId must be a GUID, write '${clientId}', not '${clientId}/'.`],
    [
      { clientId: `x${clientId}/y` },
      `clientId must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'x${clientId}/y'.`,
    ],
    [{ clientId: `api://${clientId}/` }, `clientId must be a GUID, write '${clientId}', not 'api://${clientId}/'.`],
    [
      { allowedTenants: [tenant] },
      "allowedTenants is for many tenants: leave it out, or write tenant: 'organizations'.",
    ],
    [{ anyTenant: true }, "anyTenant is for many tenants: leave it out, or write tenant: 'organizations'."],
    [
      { tenant: 'consumers', anyTenant: true },
      "anyTenant is for many tenants: leave it out, or write tenant: 'organizations'.",
    ],
    [
      { tenant: 'Consumers', allowedTenants: [tenant] },
      "allowedTenants is for many tenants: leave it out, or write tenant: 'organizations'.",
    ],
    [{ keysPerTenant: true }, "keysPerTenant is for many tenants: leave it out, or write tenant: 'organizations'."],
    [{ tenant: 'common', anyTenant: false }, 'anyTenant can only be true, or left out.'],
    [{ tenant: 'common', anyTenant: 1 }, 'anyTenant can only be true, or left out.'],
    [{ tenant: 'common', allowedTenants: [] }, 'allowedTenants must be a list of at least one string, not [].'],
    [{ tenant: 'common', allowedTenants: 7 }, 'allowedTenants[] must be a non-empty string, not 7.'],
    [
      { tenant: 'common', allowedTenants: ['contoso.com'] },
      "allowedTenants[] must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'contoso.com'.",
    ],
    [
      { tenant: 'common', anyTenant: true, keysPerTenant: true },
      'keysPerTenant needs allowedTenants: with anyTenant an attacker who makes up a tenant would make us fetch its keys.',
    ],
    [
      { tenant: 'organizations', allowedTenants: [tenant, '9188040D-6c67-4c5b-b112-36a304b66dad'] },
      "allowedTenants holds the tenant of personal accounts (9188040d-6c67-4c5b-b112-36a304b66dad), which 'organizations' leaves out: write tenant: 'common'.",
    ],
    [
      { appTokens: { acl: ['x'] } },
      "appTokens.acl[] must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not 'x'.",
    ],
    [{ appTokens: { acl: [{ client: 'x' }] } }, 'appTokens.acl[] has no option client. It has: clientId, tenant.'],
    [
      { appTokens: { acl: [{ clientId: '', tenant }] } },
      "appTokens.acl[].clientId must be a non-empty string, not ''.",
    ],
    [{ appTokens: { acl: [{ clientId, tenant: '' }] } }, "appTokens.acl[].tenant must be a non-empty string, not ''."],
    [{ versions: [] }, 'versions must be a list of at least one string, not [].'],
    [{ versions: ['2'] }, 'versions[] must be one of 1.0, 2.0.'],
    [{ customSigningKeys: 'yes' }, "customSigningKeys must be true or false, not 'yes'."],
    [{ groupResolver: {} }, 'groupResolver must be a function, not an object.'],
    [{ appTokens: 'acl' }, "appTokens must be 'require-role', 'reject' or { acl: ['<client id>', …] }."],
    [{ appTokens: { acl: [] } }, "appTokens must be 'require-role', 'reject' or { acl: ['<client id>', …] }."],
    [{ appTokens: null }, "appTokens must be 'require-role', 'reject' or { acl: ['<client id>', …] }."],
    [
      { appTokens: { acl: [{ clientId, tenant }] } },
      `appTokens.acl needs no tenant where there is one: write '${clientId}'.`,
    ],
    [
      { tenant: 'common', anyTenant: true, appTokens: { acl: [clientId] } },
      `appTokens.acl must say from which tenant, where there are many: write { clientId: '${clientId}', tenant: '<tenant id>' }.`,
    ],
  ])('%j', (changes, message) => {
    expect(() => make(changes)).toThrow(new TypeError(message))
  })

  it.each([
    `{${tenant}}`,
    ` ${tenant}`,
    `${tenant}0`,
    `${tenant}\n`,
    `0${tenant}`,
    tenant.slice(1),
    tenant.replaceAll('-', ''),
    tenant.replace('8', 'g'),
    tenant.replace('-', ''),
  ])('what is no GUID: %j', (text) => {
    const message = (name: string) =>
      `${name} must be a GUID, such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not '${text}'.`
    expect(() => make({ tenant: text })).toThrow(new TypeError(message('tenant')))
    expect(() => make({ clientId: text })).toThrow(new TypeError(message('clientId')))
  })

  it.each([
    [{ tenant: undefined }, 'tenant must be a non-empty string, not undefined.'],
    [{ clientId: '' }, "clientId must be a non-empty string, not ''."],
    [{ cloud: 'germany' }, 'cloud must be one of public, usGov, china, bleu, delos, govSg.'],
    [{ cloud: '__proto__' }, 'cloud must be one of public, usGov, china, bleu, delos, govSg.'],
    [{ audiences: 7 }, 'audiences[] must be a non-empty string, not 7.'],
    [{ audiences: [''] }, "audiences[] must be a non-empty string, not ''."],
    [
      { audience: 'api://orders' },
      'entra() has no option audience. It has: tenant, clientId, audiences, cloud, versions, allowedTenants, anyTenant, keysPerTenant, customSigningKeys, appTokens, groupsAreComplete, groupResolver.',
    ],
  ])('%j', (changes, message) => {
    expect(() => make(changes)).toThrow(new TypeError(message))
  })

  it('to be called without options', () => {
    expect(() => entra(undefined as never)).toThrow(new TypeError('entra() needs an options object, a plain one.'))
    const two = () => (entra as (...args: object[]) => unknown)({ tenant, clientId }, { anyTenant: true })
    expect(two).toThrow(new TypeError('entra() takes 1 argument, not 2: the rest would be ignored.'))
  })
})
