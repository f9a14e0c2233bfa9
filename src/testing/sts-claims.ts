// What the tokens of each STS have that its description does not say: ids in its form, and what goes with them. `{client}` stands for
// the client, `{now}` for the time; null takes a claim out. In no bundle of "claimcheck/issuers".
import type { JsonObject } from '../internal/json.ts'

/** The claims of one STS's tokens. A kind that is null does not exist there. */
export interface StsClaims {
  readonly user?: JsonObject | null
  readonly application?: JsonObject | null
  readonly id?: JsonObject
  /** Default 3600. */
  readonly lifetimeSeconds?: number
}

const alice = '5c1fb0a2-0000-4000-8000-00000000a11c'
const login = { auth_time: '{now}', amr: ['pwd'] }
const job = { ref: 'refs/heads/main', repository_id: '74', repository_owner_id: '65' }
const xsuaa = { zid: alice, ext_attr: { enhancer: 'XSUAA', subaccountid: alice } }
const account = { namespace: 'orders', serviceaccount: { name: 'web', uid: alice } }

/** By the name of the preset. */
export const stsClaims: Readonly<Record<string, StsClaims>> = {
  adfs: { application: { sub: null }, id: { nonce: 'n-1' } },
  auth0: {
    user: { sub: 'auth0|65a1c0ffee0000000000a11c', scope: 'openid profile' },
    application: { sub: '{client}@clients', gty: 'client-credentials' },
    lifetimeSeconds: 86_400,
  },
  authentik: { user: { sub: '5f3b1a9c0d2e4f60'.repeat(4), ...login, sid: 'session-1' }, application: null },
  betterAuth: { user: { id: 'alice', name: 'Alice', email: 'alice@example.com' }, application: null },
  clerk: {
    user: { sub: 'user_2vYVabcDEF', sid: 'sess_2vYVabcDEF', azp: 'https://www.example.com', v: 2 },
    application: null,
  },
  cloudflareAccess: {
    user: { sub: alice, email: 'alice@example.com' },
    application: { sub: '', common_name: 'e367826f93b8d71185e03fe518aff3b4.access' },
  },
  cognito: {
    user: { sub: alice, token_use: 'access', username: 'alice', auth_time: '{now}', 'cognito:groups': ['staff'] },
    application: { token_use: 'access', auth_time: '{now}' },
    id: { token_use: 'id' },
  },
  descope: { user: { sub: 'U2abcDEFghiJKLmnoPQRstuVWxyz' }, application: { sub: 'K2abcDEFghiJKLmnoPQRstuVWxyz' } },
  duende: { user: login, application: { sub: null } },
  fusionAuth: {
    user: { sub: alice, roles: [], auth_time: '{now}' },
    application: { sub: alice, applicationId: null, gty: ['client_credentials'] },
  },
  githubActions: {
    user: null,
    application: { ...job, sub: 'repo:octo-org@65/octo-repo@74:ref:refs/heads/main', event_name: 'push' },
    lifetimeSeconds: 300,
  },
  gitlabCi: {
    user: null,
    application: { sub: 'project_path:acme/orders:ref_type:branch:ref:main', project_id: '20', namespace_id: '72' },
    id: { sub: '7' },
    lifetimeSeconds: 300,
  },
  google: {
    user: { sub: '110169484474386276334', email: 'alice@example.com', email_verified: true },
    application: {
      sub: '102030405060708090100',
      email: 'robot@orders.iam.gserviceaccount.com',
      email_verified: true,
    },
    id: { events: {} },
  },
  keycloak: {
    user: { sub: alice, preferred_username: 'alice', sid: 'session-1', auth_time: '{now}', acr: '1' },
    application: { sub: alice, preferred_username: 'service-account-{client}', clientHost: '127.0.0.1' },
    id: { typ: 'ID' },
    lifetimeSeconds: 300,
  },
  kinde: {
    user: { sub: 'kp_4b1d2f6a8c', scp: ['openid', 'profile'] },
    application: { sub: null, gty: ['client_credentials'], scp: ['read'] },
  },
  kubernetes: {
    user: null,
    application: { sub: 'system:serviceaccount:orders:web', 'kubernetes.io': account },
  },
  okta: {
    user: { sub: 'alice@example.com', uid: '00u1alice', scp: ['openid'], auth_time: '{now}' },
    application: { scp: ['api'] },
  },
  pingOne: { user: { sub: alice, acr: 'Single_Factor', auth_time: '{now}' }, application: { sub: null } },
  sapXsuaa: {
    user: { sub: alice, user_id: alice, grant_type: 'authorization_code', ...xsuaa, scope: ['openid'] },
    application: { grant_type: 'client_credentials', ...xsuaa, scope: ['uaa.resource'] },
    id: { user_id: alice, grant_type: 'authorization_code', scope: ['openid'], zid: alice },
  },
  stytch: {
    user: { sub: `user-test-${alice}`, 'https://stytch.com/session': { id: `session-test-${alice}`, roles: [] } },
    application: { sub: `m2m-client-test-${alice}` },
  },
  supabase: {
    user: { sub: alice, role: 'authenticated', aal: 'aal1', session_id: alice, is_anonymous: false },
    application: null,
    id: { aud: 'anon', role: 'anon' },
  },
  workos: {
    user: { sub: 'user_01HBEQKA6K4QJAS93VPE39W1JT', sid: 'session_01HQ', client_id: '{client}' },
    application: null,
  },
  zitadel: {
    user: { sub: '170000000000000002' },
    application: { sub: '170000000000000003', azp: null },
    id: login,
    lifetimeSeconds: 43_200,
  },
}
