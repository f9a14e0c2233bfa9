// Microsoft Entra ID: the tokens that are accepted, and whom they speak for, written out.
import { describe, expect, it } from 'vitest'
import {
  appOnlyV2,
  clientId,
  createEntraVerifier,
  delegatedV1,
  delegatedV2,
  entraToken,
  keyV1,
  keyV2,
  login,
  pages,
  spaId,
  tenant,
} from '../support/entra.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const { verifyToken } = createEntraVerifier()
const principalOf = async (claims: Readonly<Record<string, unknown>>) =>
  (await verifyToken(entraToken(claims))).principal

const alice = {
  kind: 'user',
  key: 'entra|8eaef023-2b34-4da1-9baa-8bc8c9d6a490|a11ce000-0000-4000-8000-000000000002',
  subject: 'a11ce000-0000-4000-8000-000000000002',
  issuer: 'https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0',
  tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490',
  client: { id: 'c0ffee00-0000-4000-8000-000000000001', type: 'public' },
  scopes: ['Orders.Read', 'Orders.Write'],
  roles: [],
  permissions: [],
  groups: { values: [], complete: false, claim: 'groups' },
  actor: { subject: 'c0ffee00-0000-4000-8000-000000000001', traits: [] },
  authentication: {},
  traits: ['delegated'],
}

const { actor: _, ...nobodyActs } = alice
const daemon = {
  ...nobodyActs,
  kind: 'application',
  key: 'entra|8eaef023-2b34-4da1-9baa-8bc8c9d6a490|dae00000-0000-4000-8000-000000000003',
  subject: 'dae00000-0000-4000-8000-000000000003',
  client: { id: 'c0ffee00-0000-4000-8000-000000000001', type: 'confidential' },
  scopes: [],
  roles: ['Orders.Read.All'],
  groups: { values: [], complete: false, claim: 'groups' },
  traits: [],
}

describe('accepts', () => {
  it('a v2.0 token of a user', async () => {
    expect(await principalOf(delegatedV2)).toEqual(alice)
  })

  it('a v1.0 token of the same user, with the same key', async () => {
    const principal = await principalOf(delegatedV1)
    expect(principal).toEqual({
      ...alice,
      issuer: 'https://sts.windows.net/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/',
      authentication: { acr: '1', amr: ['pwd', 'mfa'] },
    })
    expect(principal.key).toBe((await principalOf(delegatedV2)).key)
  })

  it('a token of an application with an app role, by idtyp', async () => {
    expect(await principalOf(appOnlyV2)).toEqual(daemon)
    expect(await principalOf({ ...appOnlyV2, sub: 'not-the-oid' })).toEqual(daemon)
  })

  it('a token of an application with an app role, by oid equal to sub', async () => {
    expect(await principalOf({ ...appOnlyV2, idtyp: undefined })).toEqual(daemon)
  })

  it('a token of an application whose scp is only a slash, as agents have it', async () => {
    expect(await principalOf({ ...appOnlyV2, scp: '/' })).toEqual(daemon)
  })

  it('a user with roles and groups', async () => {
    const claims = { ...delegatedV2, scp: 'Orders.Read /', roles: ['Manager'], groups: ['g1', 'g2'] }
    expect(await principalOf(claims)).toEqual({
      ...alice,
      scopes: ['Orders.Read'],
      roles: ['Manager'],
      groups: { values: ['g1', 'g2'], complete: false, claim: 'groups' },
    })
  })

  it.each([{ hasgroups: true }, { _claim_names: { groups: 'src1' } }])(
    'a user of too many groups, and says that they are incomplete: %j',
    async (overage) => {
      expect((await principalOf({ ...delegatedV2, ...overage })).groups).toEqual({
        values: [],
        complete: false,
        claim: 'groups',
      })
    },
  )

  it('a user without an oid, under a key that no oid has', async () => {
    const principal = await principalOf({ ...delegatedV2, oid: undefined, sub: 's|1' })
    expect(principal).toMatchObject({ kind: 'user', subject: 's|1', key: `entra|${tenant}|sub|s%7C1` })
  })
})

describe('the kind of subject', () => {
  it.each([
    ['user', {}],
    ['user', { idtyp: 'user' }],
    ['device', { idtyp: 'device' }],
    ['device', { xms_idrel: '9' }],
    ['device', { xms_idrel: '1 9 5' }],
    ['user', { xms_idrel: '19 91' }],
    ['user', { xms_idrel: 9 }],
    ['application', { idtyp: 'app', roles: ['Orders.Read.All'] }],
    ['unknown', { idtyp: 'agent' }],
    ['unknown', { idtyp: null }],
    ['unknown', { idtyp: '' }],
    ['user', { oid: 'same', sub: 'same' }],
  ])('is %s for %j and a scope', async (kind, claims) => {
    expect((await principalOf({ ...delegatedV2, ...claims })).kind).toBe(kind)
  })

  it.each([
    ['public', { azpacr: '0' }],
    ['confidential', { azpacr: '1' }],
    ['confidential', { azpacr: '2' }],
    ['confidential', { azpacr: undefined, appidacr: '1' }],
    ['public', { azpacr: undefined, appidacr: '0' }],
    ['unknown', { azpacr: undefined }],
    ['unknown', { azpacr: 0 }],
    ['unknown', { azpacr: '3' }],
  ])('has a %s client for %j', async (type, claims) => {
    expect((await principalOf({ ...delegatedV2, ...claims })).client).toEqual({ id: spaId, type })
  })

  it('has the client of azp before that of appid', async () => {
    expect((await principalOf({ ...delegatedV2, appid: 'other' })).client?.id).toBe(spaId)
  })
})

describe('the audience', () => {
  it.each([clientId, `${clientId}/`, `api://${clientId}`, `api://${clientId}/`])('is derived: %s', async (aud) => {
    expect((await verifyToken(entraToken({ ...delegatedV1, aud }))).claims.aud).toBe(aud)
  })

  it('may be further ones, with and without a slash at the end', async () => {
    const own = createEntraVerifier({ audiences: ['https://api.contoso.example', 'api://orders/'] })
    for (const aud of ['https://api.contoso.example', 'https://api.contoso.example/', 'api://orders', 'api://orders/'])
      expect((await own.verifyToken(entraToken({ ...delegatedV1, aud }))).claims.aud).toBe(aud)
    await expectInvalidToken(verifyToken(entraToken({ ...delegatedV1, aud: 'api://orders' })), 'audience_mismatch')
  })

  it.each([spaId, `api://${clientId}/extra`, `API://${clientId}`, clientId.toUpperCase(), `https://${clientId}`])(
    'is not %s',
    async (aud) => {
      await expectInvalidToken(verifyToken(entraToken({ ...delegatedV1, aud })), 'audience_mismatch')
    },
  )
})

describe('the keys', () => {
  it('of each format come from its own metadata, and nothing else is asked', async () => {
    const v2 = createEntraVerifier()
    await v2.verifyToken(entraToken(delegatedV2))
    expect(v2.requests).toEqual([
      `${login}/${tenant}/v2.0/.well-known/openid-configuration`,
      `${login}/${tenant}/discovery/v2.0/keys`,
    ])
    const v1 = createEntraVerifier()
    await v1.verifyToken(entraToken(delegatedV1))
    expect(v1.requests).toEqual([
      `${login}/${tenant}/.well-known/openid-configuration`,
      `${login}/${tenant}/discovery/keys`,
    ])
  })

  it('[RFC8725bis-3.8-1] of one format verify no token of the other', async () => {
    await expectInvalidToken(verifyToken(entraToken(delegatedV1, { key: keyV2 })), 'key_not_found')
    await expectInvalidToken(verifyToken(entraToken(delegatedV2, { key: keyV1 })), 'key_not_found')
  })

  it('without alg serve RS256 only, whatever the token says', async () => {
    for (const alg of ['PS256', 'RS384', 'RS512'] as const) {
      const token = entraToken(delegatedV2, { key: { ...keyV2, alg } })
      await expectInvalidToken(verifyToken(token), 'algorithm_not_allowed')
    }
  })

  it('[ENTRA-ISS-1] are not taken from metadata with a templated issuer', async () => {
    const metadata = `${login}/${tenant}/v2.0/.well-known/openid-configuration`
    const templated = { issuer: `${login}/{tenantid}/v2.0`, jwks_uri: `${login}/${tenant}/discovery/v2.0/keys` }
    const verifier = createEntraVerifier({}, { ...pages, [metadata]: templated })
    const error = await refusalOf(verifier.verifyToken(entraToken(delegatedV2)))
    expect({ reason: error.reason, status: error.status }).toEqual({ reason: 'keys_unavailable', status: 503 })
    expect(verifier.requests).toEqual([metadata])
  })
})
