// Microsoft Entra ID: what entra() makes of its options, and which of them can never work.
import { createVerifier } from 'claimcheck'
import { type EntraOptions, entra } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
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

it('is called entra, for messages', () => {
  expect(make().preset).toBe('entra')
})

describe('refuses', () => {
  it.each(['common', 'organizations', 'consumers', 'Common'])('the tenant %s, which stands for many', (many) => {
    const message = `tenant: '${many}' stands for many tenants, which entra() does not support yet: write one tenant's id.`
    expect(() => make({ tenant: many })).toThrow(new TypeError(message))
  })

  it.each([
    'contoso.onmicrosoft.com',
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
      `${name} must be a GUID such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not '${text}'.`
    expect(() => make({ tenant: text })).toThrow(new TypeError(message('tenant')))
    expect(() => make({ clientId: text })).toThrow(new TypeError(message('clientId')))
  })

  it.each([
    [{ tenant: undefined }, 'tenant must be a non-empty string.'],
    [{ clientId: '' }, 'clientId must be a non-empty string.'],
    [{ cloud: 'germany' }, 'cloud must be one of public, usGov, china.'],
    [{ cloud: '__proto__' }, 'cloud must be one of public, usGov, china.'],
    [{ audiences: 'api://orders' }, 'audiences must be a list of strings.'],
    [{ audiences: [''] }, 'audiences[] must be a non-empty string.'],
    [{ audience: 'api://orders' }, 'entra() has no option audience. It has: tenant, clientId, audiences, cloud.'],
  ])('%j', (changes, message) => {
    expect(() => make(changes)).toThrow(new TypeError(message))
  })

  it('to be called without options', () => {
    expect(() => entra(undefined as never)).toThrow(new TypeError('entra() needs an options object, a plain one.'))
  })
})
