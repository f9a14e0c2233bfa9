// What the other profiles say, written out.
import {
  cloudflareAccessLike,
  entraB2cLike,
  entraExternalIdLike,
  gitlabCiLike,
  hydraLike,
  kubernetesLike,
  logtoLike,
  pingOneLike,
  supabaseLike,
  zitadelLike,
} from 'claimcheck/testing'
import { atJwt, bare, hour, jwt, now, type Sample } from './sample.ts'

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
const gitlab = {
  iss: 'https://gitlab.com',
  iat: now,
  exp: now + 300,
  nbf: now,
  jti: 'token-N',
  sub: 'project_path:my-group/my-project:ref_type:branch:ref:main',
  namespace_id: '72',
  namespace_path: 'my-group',
  project_id: '20',
  project_path: 'my-group/my-project',
  user_id: '1',
  user_login: 'alice',
  pipeline_id: '574',
  job_id: '302',
  ref: 'main',
  ref_type: 'branch',
  ref_protected: 'true',
}
const cluster = 'https://kubernetes.default.svc.cluster.local'
const kubernetes = {
  ...hour,
  iss: cluster,
  nbf: now,
  jti: 'token-N',
  sub: 'system:serviceaccount:shop:web',
  'kubernetes.io': {
    namespace: 'shop',
    node: { name: 'node-1', uid: '646e7c5e-0000-4000-8000-000000000001' },
    pod: { name: 'web-5d4f', uid: '5eb21023-0000-4000-8000-000000000002' },
    serviceaccount: { name: 'web', uid: 'a087d5a0-0000-4000-8000-000000000003' },
  },
}
const team = { iss: 'https://example.cloudflareaccess.com', ...hour }
const teamAlice = {
  ...team,
  nbf: now,
  email: 'alice@example.com',
  sub: '7335d417-0000-4000-8000-00000000a11c',
  type: 'app',
}
const environmentId = 'e1f60000-0000-4000-8000-000000000001'
const ping = { iss: `https://auth.pingone.com/${environmentId}/as`, ...hour }
const pingAccess = { ...ping, client_id: 'web-app', aud: ['https://api.example.com'], env: environmentId }
const pingAlice = { sub: '11ce0000-0000-4000-8000-00000000a11c', acr: 'Single_Factor', auth_time: now }
const zitadel = { iss: 'https://example.zitadel.cloud', iat: now, exp: now + 43_200, aud: ['web-app', '1700'] }
const zitadelAccess = {
  ...zitadel,
  nbf: now,
  jti: 'token-N',
  'urn:zitadel:iam:org:project:roles': { reader: { '170000000000000001': 'acme.example' } },
}
const logto = { iss: 'https://example.logto.app/oidc', ...hour }
const logtoAccess = {
  ...logto,
  jti: 'token-N',
  aud: 'https://api.example.com',
  client_id: 'web-app',
  scope: 'read:orders',
}
const supabase = { iss: 'https://abcdefghij.supabase.co/auth/v1', ...hour }
const hydra = { iss: 'https://sts.example.com', ...hour, jti: 'token-N' }
const hydraAccess = {
  ...hydra,
  aud: ['https://api.example.com'],
  client_id: 'web-app',
  ext: {},
  scp: ['openid'],
  nbf: now,
}
const atHash = { at_hash: 'preyPO8SicRtjUYH2cqDJw' }

export const moreSamples: readonly Sample[] = [
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
  {
    name: 'gitlabCiLike',
    profile: gitlabCiLike({ audience: 'https://api.example.com' }),
    issuer: 'https://gitlab.com',
    addresses: ['https://gitlab.com/.well-known/openid-configuration', 'https://gitlab.com/oauth/discovery/keys'],
    access: { header: jwt, claims: { ...gitlab, aud: 'https://api.example.com' } },
    application: { header: jwt, claims: { ...gitlab, aud: 'https://api.example.com' } },
    id: { header: jwt, claims: { ...gitlab, aud: 'https://vault.example' } },
  },
  {
    name: 'kubernetesLike',
    profile: kubernetesLike({ audience: 'orders' }),
    issuer: cluster,
    addresses: [`${cluster}/.well-known/openid-configuration`, `${cluster}/openid/v1/jwks`],
    access: { header: bare, claims: { ...kubernetes, aud: ['orders'] } },
    application: { header: bare, claims: { ...kubernetes, aud: ['orders'] } },
    id: { header: bare, claims: { ...kubernetes, aud: [cluster] } },
  },
  {
    name: 'cloudflareAccessLike',
    profile: cloudflareAccessLike({ team: 'example', audience: '4714c1358e65fe4b408ad6d432a5f878' }),
    issuer: 'https://example.cloudflareaccess.com',
    jwksUri: 'https://example.cloudflareaccess.com/cdn-cgi/access/certs',
    addresses: ['https://example.cloudflareaccess.com/cdn-cgi/access/certs'],
    access: { header: jwt, claims: { ...teamAlice, aud: ['4714c1358e65fe4b408ad6d432a5f878'] } },
    application: {
      header: jwt,
      claims: {
        ...team,
        aud: '4714c1358e65fe4b408ad6d432a5f878',
        type: 'app',
        common_name: 'e367826f.access',
        sub: '',
      },
    },
    id: { header: jwt, claims: { ...teamAlice, aud: ['another-application'] } },
  },
  {
    name: 'pingOneLike',
    profile: pingOneLike({ environmentId, audience: 'https://api.example.com' }),
    issuer: `https://auth.pingone.com/${environmentId}/as`,
    addresses: [
      `https://auth.pingone.com/${environmentId}/as/.well-known/openid-configuration`,
      `https://auth.pingone.com/${environmentId}/as/jwks`,
    ],
    access: { header: jwt, claims: { ...pingAccess, ...pingAlice, scope: 'openid' } },
    application: { header: jwt, claims: { ...pingAccess, scope: 'api' } },
    id: { header: jwt, claims: { ...ping, ...pingAlice, aud: 'web-app' } },
  },
  {
    name: 'pingOneLike from 2027 on',
    profile: pingOneLike({ environmentId, audience: 'https://api.example.com', typed: true }),
    issuer: `https://auth.pingone.com/${environmentId}/as`,
    addresses: [
      `https://auth.pingone.com/${environmentId}/as/.well-known/openid-configuration`,
      `https://auth.pingone.com/${environmentId}/as/jwks`,
    ],
    access: { header: atJwt, claims: { ...pingAccess, ...pingAlice, scope: 'openid' } },
    application: { header: atJwt, claims: { ...pingAccess, scope: 'api' } },
    id: { header: jwt, claims: { ...ping, ...pingAlice, aud: 'web-app' } },
  },
  {
    name: 'zitadelLike',
    profile: zitadelLike({ projectId: '1700' }),
    issuer: 'https://example.zitadel.cloud',
    addresses: [
      'https://example.zitadel.cloud/.well-known/openid-configuration',
      'https://example.zitadel.cloud/oauth/v2/keys',
    ],
    access: { header: jwt, claims: { ...zitadelAccess, sub: '170000000000000002', azp: 'web-app' } },
    application: { header: jwt, claims: { ...zitadelAccess, sub: '170000000000000003' } },
    id: {
      header: jwt,
      claims: { ...zitadel, sub: '170000000000000002', azp: 'web-app', auth_time: now, amr: ['pwd'], ...atHash },
    },
  },
  {
    name: 'logtoLike',
    profile: logtoLike({ audience: 'https://api.example.com' }),
    issuer: 'https://example.logto.app/oidc',
    addresses: [
      'https://example.logto.app/oidc/.well-known/openid-configuration',
      'https://example.logto.app/oidc/jwks',
    ],
    access: { header: atJwt, claims: { ...logtoAccess, sub: 'alice0000001' } },
    application: { header: atJwt, claims: { ...logtoAccess, sub: 'web-app' } },
    id: { header: jwt, claims: { ...logto, sub: 'alice0000001', aud: 'web-app', ...atHash } },
  },
  {
    name: 'supabaseLike',
    profile: supabaseLike({ projectRef: 'abcdefghij' }),
    issuer: 'https://abcdefghij.supabase.co/auth/v1',
    addresses: [
      'https://abcdefghij.supabase.co/auth/v1/.well-known/openid-configuration',
      'https://abcdefghij.supabase.co/auth/v1/.well-known/jwks.json',
    ],
    access: {
      header: jwt,
      claims: {
        ...supabase,
        aud: 'authenticated',
        sub: 'a11ce000-0000-4000-8000-000000000007',
        role: 'authenticated',
        email: 'alice@example.com',
        aal: 'aal1',
        amr: [{ method: 'password', timestamp: now }],
        session_id: '5e551000-0000-4000-8000-000000000001',
        is_anonymous: false,
        app_metadata: { provider: 'email', providers: ['email'] },
        user_metadata: {},
      },
    },
    id: { header: jwt, claims: { ...supabase, aud: 'anon', role: 'anon' } },
  },
  {
    name: 'hydraLike',
    profile: hydraLike(),
    issuer: 'https://sts.example.com',
    addresses: [
      'https://sts.example.com/.well-known/openid-configuration',
      'https://sts.example.com/.well-known/jwks.json',
    ],
    access: { header: jwt, claims: { ...hydraAccess, sub: 'alice' } },
    application: { header: jwt, claims: { ...hydraAccess, sub: 'web-app' } },
    id: { header: jwt, claims: { ...hydra, aud: ['web-app'], sub: 'alice', auth_time: now, ...atHash } },
  },
]
