// What the other profiles say, written out.
import { entraB2cLike, entraExternalIdLike } from 'claimcheck/testing'
import { hour, jwt, now, type Sample } from './sample.ts'

const tenantId = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const clientId = 'b1c2d3e4-0000-4000-8000-00000000beef'
const oid = 'a11ce000-0000-4000-8000-000000000002'
const daemon = 'dae00000-0000-4000-8000-000000000003'
const caller = 'c0ffee00-0000-4000-8000-000000000001'
const b2c = { ...hour, ver: '1.0', aud: clientId, sub: oid, tfp: 'B2C_1_signin', nbf: now, auth_time: now }
const b2cFlow = 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin'
const b2cPlace = {
  jwksUri: `${b2cFlow}/discovery/v2.0/keys`,
  addresses: [`${b2cFlow}/v2.0/.well-known/openid-configuration`, `${b2cFlow}/discovery/v2.0/keys`],
  unseen: ['id-token'],
} as const
const b2cIssuer = `https://contoso.b2clogin.com/${tenantId}/v2.0/`
const b2cTfpIssuer = `https://contoso.b2clogin.com/tfp/${tenantId}/B2C_1_signin/v2.0/`
const customPlace = `https://login.contoso.example/${tenantId}`
const ciamIssuer = `https://${tenantId}.ciamlogin.com/${tenantId}/v2.0`
const ciamPlace = `https://contoso.ciamlogin.com/${tenantId}`
const ciam = {
  iss: ciamIssuer,
  iat: now,
  exp: now + 3900,
  nbf: now,
  tid: tenantId,
  uti: 'token-N',
  ver: '2.0',
  aud: clientId,
}
const ciamAlice = { oid, sub: 'pairwise-subject-of-alice', name: 'Alice' }

export const samples: readonly Sample[] = [
  {
    name: 'entraB2cLike',
    profile: entraB2cLike({ tenantName: 'contoso', tenantId, policy: 'B2C_1_signin', clientId }),
    issuer: b2cIssuer,
    ...b2cPlace,
    access: { header: jwt, claims: { ...b2c, iss: b2cIssuer, scp: 'access_as_user', azp: caller } },
    id: { header: jwt, claims: { ...b2c, iss: b2cIssuer, nonce: 'n-1' } },
  },
  {
    name: 'entraB2cLike, policy in the issuer',
    profile: entraB2cLike({
      tenantName: 'contoso',
      tenantId,
      policy: 'B2C_1_signin',
      clientId,
      policyInIssuer: true,
    }),
    issuer: b2cTfpIssuer,
    ...b2cPlace,
    access: { header: jwt, claims: { ...b2c, iss: b2cTfpIssuer, scp: 'access_as_user', azp: caller } },
    id: { header: jwt, claims: { ...b2c, iss: b2cTfpIssuer, nonce: 'n-1' } },
  },
  {
    name: 'entraB2cLike, at a custom domain',
    profile: entraB2cLike({ domain: 'login.contoso.example', tenantId, policy: 'B2C_1_signin', clientId }),
    issuer: `${customPlace}/v2.0/`,
    jwksUri: `${customPlace}/B2C_1_signin/discovery/v2.0/keys`,
    unseen: ['id-token'],
    addresses: [
      `${customPlace}/B2C_1_signin/v2.0/.well-known/openid-configuration`,
      `${customPlace}/B2C_1_signin/discovery/v2.0/keys`,
    ],
    access: { header: jwt, claims: { ...b2c, iss: `${customPlace}/v2.0/`, scp: 'access_as_user', azp: caller } },
    id: { header: jwt, claims: { ...b2c, iss: `${customPlace}/v2.0/`, nonce: 'n-1' } },
  },
  {
    name: 'entraExternalIdLike',
    profile: entraExternalIdLike({ subdomain: 'contoso', tenantId, clientId }),
    issuer: ciamIssuer,
    jwksUri: `${ciamPlace}/discovery/v2.0/keys`,
    addresses: [`${ciamPlace}/v2.0/.well-known/openid-configuration`, `${ciamPlace}/discovery/v2.0/keys`],
    access: { header: jwt, claims: { ...ciam, ...ciamAlice, azp: caller, azpacr: '0', scp: 'access_as_user' } },
    application: {
      header: jwt,
      claims: { ...ciam, oid: daemon, sub: daemon, idtyp: 'app', azp: caller, azpacr: '1', roles: ['Access.All'] },
    },
    id: { header: jwt, claims: { ...ciam, ...ciamAlice, preferred_username: 'alice@contoso.example' } },
    unseen: ['id-token'],
  },
]
