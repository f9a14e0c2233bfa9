// Microsoft Entra ID, many tenants: the algorithm for issuers and for the issuers of keys, step by step, with the shared
// documents of `organizations` and with those of each tenant.
import { type ClaimcheckEvent, createVerifier, type KeySnapshot } from 'claimcheck'
import { type EntraOptions, entra } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import {
  appOnlyV2,
  clientId,
  delegatedV1,
  delegatedV2,
  entraToken,
  login,
  otherTenant,
  spaId,
  tenant,
} from '../support/entra.ts'
import { keyFor, type TestKey } from '../support/tokens.ts'
import { expectInvalidToken, type OtherOptions, refusalOf } from '../support/verifiers.ts'

const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'
const rsa = keyFor('RS256')
const key = (kid: string): TestKey => ({ ...rsa, kid })
const { kty, n, e } = rsa.publicJwk
const jwk = (kid: string, issuer?: string) => ({ kty, n, e, kid, use: 'sig', ...(issuer && { issuer }) })

const template = `${login}/{tenantid}/v2.0`
const v2Keys = [
  jwk('templated', template),
  jwk('capitals', `${login}/{TenantId}/v2.0`),
  jwk('consumers', `${login}/${consumers}/v2.0`),
  jwk('other', `${login}/${otherTenant}/v2.0`),
  jwk('gov', 'https://login.microsoftonline.us/{tenantid}/v2.0'),
  jwk('slash', `${template}/`),
  jwk('plain'),
]

/** The shared documents, and those of every tenant; the v1.0 set holds one key that names its issuer, which real ones do not. */
function answer(url: string): unknown {
  const [, name = ''] = /^https:\/\/login\.microsoftonline\.com\/([^/]+)\//.exec(url) ?? []
  const shown = ['organizations', 'common'].includes(name) ? '{tenantid}' : name === 'consumers' ? consumers : name
  const path = url.slice(`${login}/${name}`.length)
  if (path === '/v2.0/.well-known/openid-configuration')
    return { issuer: `${login}/${shown}/v2.0`, jwks_uri: `${login}/${name}/discovery/v2.0/keys` }
  if (path === '/.well-known/openid-configuration')
    return { issuer: `https://sts.windows.net/${shown}/`, jwks_uri: `${login}/${name}/discovery/keys` }
  if (path === '/discovery/v2.0/keys') return { keys: v2Keys }
  if (path === '/discovery/keys')
    return { keys: [jwk('v1'), jwk('v1-templated', template), jwk('v1-other', `${login}/${otherTenant}/v2.0`)] }
  return undefined
}

function createMany(options: Partial<EntraOptions>, more: OtherOptions = {}) {
  const requests: string[] = []
  const events: ClaimcheckEvent[] = []
  const fetch = async (url: string) => {
    requests.push(url.slice(login.length))
    const page = answer(url)
    return page === undefined ? new Response('', { status: 404 }) : Response.json(page)
  }
  const issuer = entra({ tenant: 'organizations', clientId, ...options })
  const onEvent = (event: ClaimcheckEvent) => events.push(event)
  const verifier = createVerifier({ fetch, clock: createTestClock(), onEvent, ...more, issuer })
  return { ...verifier, requests, events }
}

const of = (tid: string, base: Readonly<Record<string, unknown>> = delegatedV2) => ({
  ...base,
  tid,
  iss: base.ver === '1.0' ? `https://sts.windows.net/${tid}/` : `${login}/${tid}/v2.0`,
})
const token = (claims: Readonly<Record<string, unknown>>, kid = claims.ver === '1.0' ? 'v1' : 'templated') =>
  entraToken(claims, { key: key(kid) })

describe('allowed tenants', () => {
  it('come in, each under its own name, with the keys of the shared document', async () => {
    const { verifyToken, requests } = createMany({ allowedTenants: [tenant, otherTenant.toUpperCase()] })
    for (const tid of [tenant, otherTenant]) {
      const auth = await verifyToken(token(of(tid)))
      expect(auth.issuer).toBe(`https://login.microsoftonline.com/${tid}/v2.0`)
      expect(auth.principal).toMatchObject({ issuer: `https://login.microsoftonline.com/${tid}/v2.0`, tenant: tid })
      expect(auth.principal.key).toBe(`entra|${tid}|a11ce000-0000-4000-8000-000000000002`)
    }
    expect(requests).toEqual([
      '/organizations/v2.0/.well-known/openid-configuration',
      '/organizations/discovery/v2.0/keys',
    ])
  })

  it('have one key for the v1.0 and v2.0 tokens of a user', async () => {
    const { verifyToken } = createMany({ allowedTenants: [tenant] })
    const [one, two] = [await verifyToken(token(of(tenant, delegatedV1))), await verifyToken(token(of(tenant)))]
    expect(one.issuer).toBe(`https://sts.windows.net/${tenant}/`)
    expect(one.principal.key).toBe(two.principal.key)
  })

  it('alone come in: others are refused before anything is fetched', async () => {
    const { verifyToken, requests } = createMany({ allowedTenants: [tenant] })
    for (const base of [delegatedV1, delegatedV2]) {
      const error = await expectInvalidToken(verifyToken(token(of(otherTenant, base))), 'tenant_mismatch')
      expect(error.details.received).toBe(otherTenant)
    }
    expect(requests).toEqual([])
  })

  it('come in again with a remembered token, also where a claims schema leaves the tenant out', async () => {
    const asked: string[] = []
    const allowedTenants = (one: string) => asked.push(one) > 0
    const claims = { '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ value: {} }) } }
    const { verifyToken } = createMany({ allowedTenants }, { claims })
    const text = token(of(tenant))
    for (let count = 0; count < 2; count++) expect((await verifyToken(text)).claims).not.toHaveProperty('tid')
    expect(asked).toEqual([tenant, tenant])
  })

  it('may be named by a function, asked with the tenant alone, before anything is fetched', async () => {
    const asked: unknown[][] = []
    const allowedTenants = async (...parts: unknown[]) => (asked.push(parts), parts[0] === tenant)
    const { verifyToken, requests } = createMany({ allowedTenants })
    await expectInvalidToken(verifyToken(token(of(otherTenant))), 'tenant_mismatch')
    expect(requests).toEqual([])
    await verifyToken(token(of(tenant)))
    expect(asked).toEqual([[otherTenant], [tenant]])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no directory')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no directory'))],
    ['answers a text', () => 'true' as never],
    ['answers nothing', () => undefined as never],
  ])('whose function %s are a 503, and no fetch', async (_, allowedTenants) => {
    const { verifyToken, requests } = createMany({ allowedTenants })
    const error = await refusalOf(verifyToken(token(of(tenant))))
    expect([error.reason, error.status]).toEqual(['verification_unavailable', 503])
    expect(requests).toEqual([])
  })

  it('of which one is the tenant of all personal accounts need common', async () => {
    const error = await expectInvalidToken(
      createMany({ anyTenant: true }).verifyToken(token(of(consumers), 'consumers')),
      'tenant_mismatch',
    )
    expect(error.hint).toMatch(/personal account.*write 'common' to take both/)
    const { principal } = await createMany({ tenant: 'common', anyTenant: true }).verifyToken(
      token(of(consumers), 'consumers'),
    )
    expect(principal).toMatchObject({ tenant: consumers, traits: ['consumer', 'delegated'] })
  })
})

describe('consumers', () => {
  it('is one tenant, which needs no anyTenant, with the documents of that tenant', async () => {
    const { verifyToken, requests } = createMany({ tenant: 'consumers' })
    expect((await verifyToken(token(of(consumers), 'consumers'))).principal.traits).toEqual(['consumer', 'delegated'])
    await expectInvalidToken(verifyToken(token(of(tenant))), 'issuer_unknown')
    expect(requests[0]).toBe(`/${consumers}/v2.0/.well-known/openid-configuration`)
  })
})

describe('any tenant', () => {
  it('comes in where one says so', async () => {
    const { verifyToken } = createMany({ anyTenant: true })
    for (const tid of [tenant, otherTenant, '00000000-0000-0000-0000-000000000000']) {
      expect((await verifyToken(token(of(tid)))).principal.tenant).toBe(tid)
    }
  })

  it('causes no fetch by its name: a hundred made-up ones cost the two documents', async () => {
    const { verifyToken, requests } = createMany({ anyTenant: true })
    for (let index = 0; index < 100; index++) {
      const tid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
      await expectInvalidToken(verifyToken(token(of(tid), 'consumers')), 'key_not_found')
    }
    expect(requests).toHaveLength(2)
  })
})

describe('[ENTRA-ISS-1] step by step', () => {
  const { verifyToken } = createMany({ tenant: 'common', anyTenant: true })

  it.each([
    ['is templated', 'templated', tenant],
    ['is templated in another letter case', 'capitals', tenant],
    ['is the very tenant', 'other', otherTenant],
    ['is the tenant of personal accounts', 'consumers', consumers],
    ['is not there', 'plain', tenant],
  ])('1. a key whose issuer %s verifies', async (_, kid, tid) => {
    expect((await verifyToken(token(of(tid), kid))).principal.tenant).toBe(tid)
  })

  it.each([
    ['another tenant', 'other', tenant],
    ['the tenant of personal accounts', 'consumers', tenant],
    ['another tenant, for a personal account', 'other', consumers],
    ['another cloud', 'gov', tenant],
    ['almost the same', 'slash', tenant],
  ])('3. a key whose issuer is %s never verifies', async (_, kid, tid) => {
    const error = await expectInvalidToken(verifyToken(token(of(tid), kid)), 'key_not_found')
    expect(error.hint).toContain('no published key has this kid')
    expect(error.details).toMatchObject({ claim: 'iss', received: `${login}/${tid}/v2.0` })
  })

  it.each([
    ['a list', [tenant], 'claim_invalid'],
    ['a domain', 'contoso.onmicrosoft.com', 'tenant_mismatch'],
    ['in capitals', tenant.toUpperCase(), 'tenant_mismatch'],
    ['empty', '', 'tenant_mismatch'],
    ['not there', undefined, 'claim_missing'],
    ['null', null, 'claim_invalid'],
    ['another one', otherTenant, 'tenant_mismatch'],
  ] as const)('2. a tid that is %s is refused', async (_, tid, code) => {
    await expectInvalidToken(verifyToken(token({ ...of(tenant), tid })), code)
  })

  it('2. a tid that is there twice, in two letter cases, is refused', async () => {
    for (const name of ['TID', 'Tid', 'tiD'])
      await expectInvalidToken(verifyToken(token({ ...of(tenant), [name]: tenant })), 'tenant_mismatch')
  })

  it('3. a v1.0 token is compared with a key that names its issuer by its v2.0 equivalent', async () => {
    await verifyToken(token(of(tenant, delegatedV1), 'v1'))
    await verifyToken(token(of(tenant, delegatedV1), 'v1-templated'))
    await verifyToken(token(of(otherTenant, delegatedV1), 'v1-other'))
    await expectInvalidToken(verifyToken(token(of(tenant, delegatedV1), 'v1-other')), 'key_not_found')
  })

  it('3. a v1.0 token is not looked up among the keys for v2.0, nor the other way round', async () => {
    await expectInvalidToken(verifyToken(token(of(tenant, delegatedV1), 'templated')), 'key_not_found')
    await expectInvalidToken(verifyToken(token(of(tenant), 'v1')), 'key_not_found')
  })

  it.each([
    `${login}/common/v2.0`,
    `${login}/organizations/v2.0`,
    `${login}/{tenantid}/v2.0`,
    `${login}/contoso.onmicrosoft.com/v2.0`,
    `${login}/${tenant.toUpperCase()}/v2.0`,
    `${login}/${tenant}/v2.0/`,
    `${login}/x/${tenant}/v2.0`,
    `${login}/${tenant}/${otherTenant}/v2.0`,
    `${login}/${tenant}`,
    `https://sts.windows.net/${tenant}`,
    `https://sts.windows.net/x/${tenant}/`,
    `https://sts.windows.net/${tenant}//`,
    `https://login.windows.net/${tenant}/v2.0`,
    `${login}.evil.example/${tenant}/v2.0`,
    `${login.replace('o', 'о')}/${tenant}/v2.0`,
    `${login}/${tenant.replace('e', 'е')}/v2.0`,
  ])('4. the iss %s is of no tenant', async (iss) => {
    await expectInvalidToken(verifyToken(token({ ...delegatedV2, iss })), 'issuer_unknown')
  })

  it('4. metadata must name the template, and not one tenant', async () => {
    const fetch = async (url: string) => {
      const page = answer(url) as { issuer?: string }
      return Response.json(page.issuer ? { ...page, issuer: `${login}/${tenant}/v2.0` } : page)
    }
    const error = await refusalOf(createMany({ anyTenant: true }, { fetch }).verifyToken(token(of(tenant))))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  })
})

describe('keys for each tenant', () => {
  it('come from its own documents, once it was admitted', async () => {
    const { verifyToken, requests } = createMany({ allowedTenants: [tenant, otherTenant], keysPerTenant: true })
    await expectInvalidToken(verifyToken(token(of(consumers))), 'tenant_mismatch')
    expect(requests).toEqual([])
    await verifyToken(token(of(tenant)))
    await verifyToken(token(of(tenant, delegatedV1)))
    await verifyToken(token(of(otherTenant)))
    await verifyToken(token(of(otherTenant)))
    expect(requests).toEqual([
      `/${tenant}/v2.0/.well-known/openid-configuration`,
      `/${tenant}/discovery/v2.0/keys`,
      `/${tenant}/.well-known/openid-configuration`,
      `/${tenant}/discovery/keys`,
      `/${otherTenant}/v2.0/.well-known/openid-configuration`,
      `/${otherTenant}/discovery/v2.0/keys`,
    ])
  })

  it('of another tenant verify nothing here, either', async () => {
    const { verifyToken } = createMany({ allowedTenants: [tenant], keysPerTenant: true })
    await expectInvalidToken(verifyToken(token(of(tenant), 'other')), 'key_not_found')
  })
})

describe('the list of applications without a role', () => {
  const roleless = { ...appOnlyV2, roles: undefined }

  it('compares client and tenant', async () => {
    const appTokens = { acl: [{ clientId: spaId.toUpperCase(), tenant }] }
    const { verifyToken } = createMany({ anyTenant: true, appTokens })
    expect((await verifyToken(token(of(tenant, roleless)))).principal.kind).toBe('application')
    await expectInvalidToken(verifyToken(token(of(otherTenant, roleless))), 'token_without_permissions')
    await expectInvalidToken(
      verifyToken(token({ ...of(tenant, roleless), azp: clientId })),
      'token_without_permissions',
    )
    await verifyToken(token(of(otherTenant, appOnlyV2)))
  })

  it('lets no user in without a scope', async () => {
    const { verifyToken } = createMany({ anyTenant: true, appTokens: { acl: [{ clientId: spaId, tenant }] } })
    await expectInvalidToken(verifyToken(token({ ...of(tenant), scp: undefined })), 'token_without_permissions')
    await expectInvalidToken(
      verifyToken(token({ ...of(tenant), scp: undefined, idtyp: 'user' })),
      'token_without_permissions',
    )
  })
})

it('keys from a store still name their issuer: one of another tenant verifies nothing after a restart, either', async () => {
  const kept = new Map<string, KeySnapshot>()
  const keyStore = {
    load: async (name: string) => kept.get(name),
    save: async (name: string, snapshot: KeySnapshot) => void kept.set(name, snapshot),
  }
  await createMany({ anyTenant: true }, { keyStore }).verifyToken(token(of(tenant)))
  const fetch = () => Promise.reject(new Error('down'))
  const { verifyToken } = createMany({ anyTenant: true }, { keyStore, fetch })
  await verifyToken(token(of(tenant)))
  await verifyToken(token(of(otherTenant), 'other'))
  await expectInvalidToken(verifyToken(token(of(tenant), 'other')), 'key_not_found')
})

it('a hint names the API of the tenant that the token is of', async () => {
  const other = entra({ tenant: otherTenant, clientId: spaId })
  const { verifyToken } = createVerifier({ issuer: [other, entra({ tenant, clientId })], clock: createTestClock() })
  const error = await expectInvalidToken(verifyToken(token({ ...of(tenant), aud: 'urn:x' })), 'audience_mismatch')
  expect(error.hint).toContain(`this API is ${clientId} or`)
})

describe('two presets for one tenant', () => {
  const allowed = entra({ tenant: 'organizations', clientId, allowedTenants: [otherTenant] })
  const single = entra({ tenant, clientId })

  it('cannot both be trusted, whatever the other one admits', () => {
    expect(() => createVerifier({ issuer: [allowed, single] })).toThrow(
      new TypeError(`Two configured issuers answer to '${login}/${tenant}/v2.0': leave one out.`),
    )
    expect(() => createVerifier({ issuer: [allowed, allowed] })).toThrow(/leave one out/)
  })

  it('can be in two clouds, where their formats tell them apart', () => {
    const gov = (versions: EntraOptions['versions'] = ['2.0']) =>
      entra({ tenant: 'organizations', clientId, anyTenant: true, cloud: 'usGov', versions })
    expect(() => createVerifier({ issuer: [allowed, gov()] })).not.toThrow()
    expect(() => createVerifier({ issuer: [allowed, gov(['1.0', '2.0'])] })).toThrow(/sts\.windows\.net/)
  })
})
