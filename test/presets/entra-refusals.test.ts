// Microsoft Entra ID: the tokens that look almost right. All of them are signed with the tenant's own key.
import { describe, expect, it } from 'vitest'
import {
  appOnlyV2,
  clientId,
  createEntraVerifier,
  delegatedV1,
  delegatedV2,
  entraToken,
  idToken,
  otherTenant,
  spaId,
  tenant,
} from '../support/entra.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

type Claims = Readonly<Record<string, unknown>>

const { verifyToken } = createEntraVerifier()
const refuse = (claims: Claims, code: Parameters<typeof expectInvalidToken>[1], header = {}) =>
  expectInvalidToken(verifyToken(entraToken(claims, { header })), code)

describe('an ID token with roles', () => {
  it('[RFC8725bis-3.11-1] [RFC8725bis-3.12-1] is refused for want of azp', async () => {
    expect((await refuse(idToken, 'claim_missing')).details.claim).toBe('azp')
  })

  it.each([
    { azp: clientId },
    { appid: clientId },
    { azp: clientId, idtyp: 'user' },
    { azp: clientId, idtyp: 'user', oid: 'same', sub: 'same' },
    { azp: clientId, idtyp: 'agent', oid: 'same', sub: 'same' },
    { azp: clientId, oid: undefined },
  ])('[RFC8725bis-3.11-1] [RFC8725bis-3.12-1] is refused also with %j', async (claims) => {
    const error = await refuse({ ...idToken, ...claims }, 'token_without_permissions')
    expect(error.hint).toMatch(/no scope \(scp\)|app-only|no oid/)
  })

  it.each([
    ['nonce', 'n-0S6_WzA2Mj'],
    ['nonce', ''],
    ['at_hash', '77QmUPtjPfzWtF2AnpK9RQ'],
    ['c_hash', 'LDktKdoQak3Pk0cnXxCltA'],
  ])('[RFC8725bis-3.12-1] is refused for its %s of %j, whatever else it carries', async (name, value) => {
    const error = await refuse({ ...delegatedV2, [name]: value }, 'not_an_access_token')
    expect(error.details.claim).toBe(name)
    expect(error.hint).toContain(`the claim ${name} says`)
  })
})

describe('a token of an application', () => {
  it.each([
    ['without roles', { roles: undefined }],
    ['with an empty list of roles', { roles: [] }],
    ['with roles that are no strings', { roles: [1, null, ''] }],
    ['whose scp is only a slash, without roles', { roles: undefined, scp: '/' }],
    ['without an oid: no service principal', { oid: undefined }],
    ['with an empty oid', { oid: '' }],
    ['that is not known to be one', { idtyp: undefined, sub: 'not-the-oid' }],
    ['that has no service principal and no idtyp', { idtyp: undefined, oid: undefined }],
  ])('is refused %s', async (_, claims) => {
    await refuse({ ...appOnlyV2, ...claims }, 'token_without_permissions')
  })
})

describe('a token of a device', () => {
  const device = { ...appOnlyV2, idtyp: 'device' }

  it.each([
    ['without a role and a scope', { roles: undefined }],
    ['with an empty list of roles', { roles: [] }],
    ['whose scp is only a slash', { roles: undefined, scp: '/' }],
    ['known by its relation alone, without a role', { idtyp: undefined, xms_idrel: '9', roles: undefined }],
  ])('is refused %s', async (_, claims) => {
    const error = await refuse({ ...device, ...claims }, 'token_without_permissions')
    expect(error.hint).toContain("the token is a device's, and carries neither a scope (scp) nor an app role (roles)")
  })

  it("is refused with a role where appTokens: 'reject' takes users only, or acl lists its client", async () => {
    const users = createEntraVerifier({ appTokens: 'reject' })
    await expectInvalidToken(users.verifyToken(entraToken(device)), 'token_without_permissions')
    const listed = createEntraVerifier({ appTokens: { acl: [spaId] } })
    await expectInvalidToken(
      listed.verifyToken(entraToken({ ...device, roles: undefined })),
      'token_without_permissions',
    )
  })
})

describe('a token of a user is refused', () => {
  it.each([undefined, '', '/', ' / ', '/ /', [], ['/'], 42, { a: 'Orders.Read' }])('with the scp %j', async (scp) => {
    expect((await refuse({ ...delegatedV2, scp }, 'token_without_permissions')).details.claim).toBe('scp')
  })

  it('with a scope that is not in scp', async () => {
    await refuse({ ...delegatedV2, scp: undefined, scope: 'Orders.Read' }, 'token_without_permissions')
  })

  it.each([{ azp: undefined }, { azp: '' }])('without a client: %j', async (claims) => {
    expect((await refuse({ ...delegatedV2, ...claims }, 'claim_missing')).details.claim).toBe('azp')
    expect((await refuse({ ...delegatedV1, appid: undefined }, 'claim_missing')).details.claim).toBe('azp')
  })

  it.each([undefined, ''])('without a subject: %j', async (sub) => {
    expect((await refuse({ ...delegatedV2, oid: undefined, sub }, 'claim_missing')).details.claim).toBe('sub')
  })

  it('[RFC8725bis-3.11-1] with another typ, or none', async () => {
    for (const typ of ['at+jwt', 'dpop+jwt', undefined]) await refuse(delegatedV2, 'token_type_not_accepted', { typ })
  })

  it('with cnf', async () => {
    await refuse({ ...delegatedV2, cnf: { kid: 'x' } }, 'sender_constrained')
  })
})

describe('the tenant', () => {
  const hidden = JSON.parse(`{"__proto__":1,"tid":"${tenant}"}`) as Claims

  it.each([
    ['is another one', { tid: otherTenant }, otherTenant],
    ['is written in capitals', { tid: tenant.toUpperCase() }, tenant.toUpperCase()],
    ['is there twice, in two spellings', { TID: tenant }, tenant],
    ['is there twice, the other one wrong', { Tid: otherTenant }, tenant],
    ['is only there in capitals', { tid: undefined, TID: tenant }, undefined],
    ['is empty', { tid: '' }, ''],
  ])('[ENTRA-ISS-1] %s: refused', async (_, claims, received) => {
    const error = await refuse(
      { ...delegatedV2, ...claims },
      received === undefined ? 'claim_missing' : 'tenant_mismatch',
    )
    expect(error.details.claim).toBe('tid')
    if (received !== undefined) expect(error.details).toMatchObject({ expected: tenant, received })
  })

  it('is told from a member that is called __proto__', async () => {
    expect((await verifyToken(entraToken({ ...delegatedV2, ...hidden }))).principal.tenant).toBe(tenant)
  })

  it.each([
    ['https://login.microsoftonline.com/{tenantid}/v2.0', 'a template'],
    [`https://login.microsoftonline.com/${otherTenant}/v2.0`, 'another tenant, v2.0'],
    [`https://sts.windows.net/${otherTenant}/`, 'another tenant, v1.0'],
    [`https://login.microsoftonline.com/${tenant}/v2.0/`, 'a slash too much'],
    [`https://login.microsoftonline.com/${tenant}`, 'half of it'],
    [`https://sts.windows.net/${tenant}`, 'a slash too few'],
    ['https://login.microsoftonline.com/common/v2.0', 'common'],
    [`https://login.microsoftonline.us/${tenant}/v2.0`, 'another cloud'],
    [`https://sts.chinacloudapi.cn/${tenant}/`, 'China'],
  ])('[ENTRA-ISS-1] is not that of iss %s, %s', async (iss) => {
    await refuse({ ...delegatedV2, iss }, 'issuer_unknown')
  })
})

describe('a token for another API', () => {
  const graphHint = `the token is for Microsoft Graph (aud 00000003-0000-0000-c000-000000000000), and only that API can verify it: ask for a scope of this API, such as api://${clientId}/access_as_user`

  it.each(['00000003-0000-0000-c000-000000000000', 'https://graph.microsoft.com', 'https://graph.microsoft.com/'])(
    'is refused with a hint for Microsoft Graph: %s',
    async (aud) => {
      for (const header of [{}, { nonce: 'x' }]) {
        const error = await refuse({ ...delegatedV2, aud }, 'token_for_other_resource', header)
        expect(error.hint).toBe(graphHint.replace('00000003-0000-0000-c000-000000000000', aud))
        expect(error.details).toMatchObject({ claim: 'aud', expected: [clientId, `api://${clientId}`], received: aud })
      }
    },
  )

  it.each(['x', '', null, 0])('is refused with a hint for a header nonce of %j', async (nonce) => {
    const error = await refuse(delegatedV2, 'token_for_other_resource', { nonce })
    expect(error.hint).toContain(
      `the token is for a Microsoft API (aud ${clientId}), and only that API can verify it: ask for a scope of this API`,
    )
  })

  it('is refused by its audience otherwise', async () => {
    await refuse({ ...delegatedV2, aud: 'https://management.azure.com' }, 'audience_mismatch')
  })
})
