// What the profiles of the first STSs say, written out: the facts are those of each STS's documentation.
import {
  auth0Like,
  cognitoLike,
  duendeLike,
  githubActionsLike,
  googleLike,
  keycloakLike,
  oidcProviderLike,
  oktaLike,
} from 'claimcheck/testing'
import { atJwt, bare, hour, jwt, now, type Sample } from './sample.ts'

const auth0 = { iss: 'https://example.eu.auth0.com/', iat: now, exp: now + 86_400 }
const auth0Alice = 'auth0|65a1c0ffee0000000000a11c'
const okta = { iss: 'https://example.okta.com/oauth2/default', ...hour, ver: 1, jti: 'token-N' }
const keycloak = {
  iss: 'https://keycloak.example.com/realms/main',
  iat: now,
  exp: now + 300,
  jti: 'token-N',
  azp: 'web-app',
}
const keycloakAccess = {
  ...keycloak,
  aud: 'account',
  typ: 'Bearer',
  acr: '1',
  realm_access: { roles: ['offline_access', 'uma_authorization'] },
  resource_access: { account: { roles: ['view-profile'] } },
  scope: 'profile email',
}
const keycloakAlice = {
  sub: '5c1fb0a2-0000-4000-8000-00000000a11c',
  auth_time: now,
  sid: 'session-1',
  preferred_username: 'alice',
}
const cognito = {
  iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123',
  ...hour,
  auth_time: now,
  jti: 'token-N',
}
const google = { iss: 'https://accounts.google.com', ...hour }
const googleAlice = { sub: '110169484474386276334', email: 'alice@example.com', email_verified: true }
const sts = { iss: 'https://sts.example.com', ...hour }
const api = { aud: 'https://api.example.com', client_id: 'web-app' }
const github = {
  iss: 'https://token.actions.githubusercontent.com',
  iat: now,
  exp: now + 300,
  nbf: now,
  jti: 'token-N',
  sub: 'repo:octo-org@65/octo-repo@74:ref:refs/heads/main',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  repository: 'octo-org/octo-repo',
  repository_id: '74',
  repository_owner: 'octo-org',
  repository_owner_id: '65',
  repository_visibility: 'private',
  workflow: 'deploy',
  job_workflow_ref: 'octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main',
  event_name: 'push',
  runner_environment: 'github-hosted',
  run_id: '1000',
  actor: 'octocat',
  actor_id: '12',
}

export const samples: readonly Sample[] = [
  {
    name: 'auth0Like',
    profile: auth0Like({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' }),
    issuer: 'https://example.eu.auth0.com/',
    addresses: [
      'https://example.eu.auth0.com/.well-known/openid-configuration',
      'https://example.eu.auth0.com/.well-known/jwks.json',
    ],
    access: {
      header: jwt,
      claims: {
        ...auth0,
        aud: ['https://api.example.com', 'https://example.eu.auth0.com/userinfo'],
        sub: auth0Alice,
        scope: 'openid profile',
        azp: 'auth0-client',
      },
    },
    application: {
      header: jwt,
      claims: {
        ...auth0,
        aud: 'https://api.example.com',
        sub: 'auth0-client@clients',
        gty: 'client-credentials',
        azp: 'auth0-client',
      },
    },
    id: { header: jwt, claims: { ...auth0, aud: 'auth0-client', sub: auth0Alice, sid: 'session-1', nonce: 'n-1' } },
  },
  {
    name: 'auth0Like, RFC 9068 dialect',
    profile: auth0Like({
      domain: 'example.eu.auth0.com',
      audience: 'https://api.example.com',
      dialect: 'rfc9068_profile',
    }),
    issuer: 'https://example.eu.auth0.com/',
    addresses: [
      'https://example.eu.auth0.com/.well-known/openid-configuration',
      'https://example.eu.auth0.com/.well-known/jwks.json',
    ],
    access: {
      header: atJwt,
      claims: {
        ...auth0,
        aud: ['https://api.example.com', 'https://example.eu.auth0.com/userinfo'],
        sub: auth0Alice,
        scope: 'openid profile',
        client_id: 'auth0-client',
        jti: 'token-N',
      },
    },
    application: {
      header: atJwt,
      claims: {
        ...auth0,
        aud: 'https://api.example.com',
        sub: 'auth0-client@clients',
        gty: 'client-credentials',
        client_id: 'auth0-client',
        jti: 'token-N',
      },
    },
    id: { header: jwt, claims: { ...auth0, aud: 'auth0-client', sub: auth0Alice, sid: 'session-1', nonce: 'n-1' } },
  },
  {
    name: 'oktaLike',
    profile: oktaLike({ domain: 'example.okta.com' }),
    issuer: 'https://example.okta.com/oauth2/default',
    addresses: [
      'https://example.okta.com/oauth2/default/.well-known/openid-configuration',
      'https://example.okta.com/oauth2/default/v1/keys',
    ],
    access: {
      header: bare,
      claims: {
        ...okta,
        aud: 'api://default',
        cid: '0oa1webapp',
        uid: '00u1alice',
        scp: ['openid'],
        auth_time: now,
        sub: 'alice@example.com',
      },
    },
    application: {
      header: bare,
      claims: { ...okta, aud: 'api://default', cid: '0oa1webapp', scp: ['api'], sub: '0oa1webapp' },
    },
    id: {
      header: bare,
      claims: {
        ...okta,
        aud: '0oa1webapp',
        sub: '00u1alice',
        amr: ['pwd'],
        auth_time: now,
        at_hash: 'preyPO8SicRtjUYH2cqDJw',
      },
    },
  },
  {
    name: 'keycloakLike',
    profile: keycloakLike(),
    issuer: 'https://keycloak.example.com/realms/main',
    addresses: [
      'https://keycloak.example.com/realms/main/.well-known/openid-configuration',
      'https://keycloak.example.com/realms/main/protocol/openid-connect/certs',
    ],
    access: { header: jwt, claims: { ...keycloakAccess, ...keycloakAlice } },
    application: {
      header: jwt,
      claims: {
        ...keycloakAccess,
        sub: '5c1fb0a2-0000-4000-8000-0000000005ac',
        preferred_username: 'service-account-web-app',
        client_id: 'web-app',
        clientHost: '192.0.2.1',
        clientAddress: '192.0.2.1',
      },
    },
    id: {
      header: jwt,
      claims: { ...keycloak, ...keycloakAlice, aud: 'web-app', typ: 'ID', at_hash: 'preyPO8SicRtjUYH2cqDJw' },
    },
  },
  {
    name: 'cognitoLike',
    profile: cognitoLike({ userPoolId: 'eu-central-1_AbCdEf123', clientId: '1h57kf5cpq17m0eml12EXAMPLE' }),
    issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123',
    unseen: ['wrong-audience', 'no-aud'],
    addresses: [
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123/.well-known/openid-configuration',
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123/.well-known/jwks.json',
    ],
    access: {
      header: bare,
      claims: {
        ...cognito,
        sub: '7a1ce000-0000-4000-8000-00000000a11c',
        client_id: '1h57kf5cpq17m0eml12EXAMPLE',
        origin_jti: 'origin-1',
        token_use: 'access',
        scope: 'openid',
        username: 'alice',
      },
    },
    application: {
      header: bare,
      claims: {
        ...cognito,
        sub: '1h57kf5cpq17m0eml12EXAMPLE',
        client_id: '1h57kf5cpq17m0eml12EXAMPLE',
        token_use: 'access',
        scope: 'api/read',
      },
    },
    id: {
      header: bare,
      claims: {
        ...cognito,
        sub: '7a1ce000-0000-4000-8000-00000000a11c',
        aud: '1h57kf5cpq17m0eml12EXAMPLE',
        token_use: 'id',
        'cognito:username': 'alice',
      },
    },
  },
  {
    name: 'googleLike',
    profile: googleLike({ audience: 'https://api.example.com' }),
    issuer: 'https://accounts.google.com',
    addresses: [
      'https://accounts.google.com/.well-known/openid-configuration',
      'https://www.googleapis.com/oauth2/v3/certs',
    ],
    access: {
      header: jwt,
      claims: { ...google, aud: 'https://api.example.com', azp: 'https://api.example.com', ...googleAlice },
    },
    application: {
      header: jwt,
      claims: {
        ...google,
        aud: 'https://api.example.com',
        azp: '104029292853099978293',
        sub: '104029292853099978293',
        email: 'job@project.iam.gserviceaccount.com',
        email_verified: true,
      },
    },
    id: { header: jwt, claims: { ...google, aud: 'another-client', azp: 'another-client', ...googleAlice } },
  },
  {
    name: 'oidcProviderLike',
    profile: oidcProviderLike(),
    issuer: 'https://sts.example.com',
    addresses: ['https://sts.example.com/.well-known/openid-configuration', 'https://sts.example.com/jwks'],
    access: { header: atJwt, claims: { ...sts, ...api, jti: 'token-N', sub: 'alice', scope: 'openid' } },
    application: { header: atJwt, claims: { ...sts, ...api, jti: 'token-N', sub: 'web-app' } },
    id: { header: jwt, claims: { ...sts, sub: 'alice', aud: 'web-app', at_hash: 'preyPO8SicRtjUYH2cqDJw' } },
  },
  {
    name: 'duendeLike',
    profile: duendeLike(),
    issuer: 'https://sts.example.com',
    addresses: [
      'https://sts.example.com/.well-known/openid-configuration',
      'https://sts.example.com/.well-known/openid-configuration/jwks',
    ],
    access: {
      header: atJwt,
      claims: {
        ...sts,
        ...api,
        nbf: now,
        sub: '818727',
        auth_time: now,
        idp: 'local',
        amr: ['pwd'],
        scope: ['openid', 'api1'],
        jti: 'token-N',
      },
    },
    application: { header: atJwt, claims: { ...sts, ...api, nbf: now, scope: ['api1'], jti: 'token-N' } },
    id: {
      header: jwt,
      claims: {
        ...sts,
        nbf: now,
        aud: 'web-app',
        sub: '818727',
        auth_time: now,
        idp: 'local',
        amr: ['pwd'],
        at_hash: 'preyPO8SicRtjUYH2cqDJw',
      },
    },
  },
  {
    name: 'githubActionsLike',
    profile: githubActionsLike({ audience: 'https://api.example.com' }),
    issuer: 'https://token.actions.githubusercontent.com',
    addresses: [
      'https://token.actions.githubusercontent.com/.well-known/openid-configuration',
      'https://token.actions.githubusercontent.com/.well-known/jwks',
    ],
    access: { header: jwt, claims: { ...github, aud: 'https://api.example.com' } },
    application: { header: jwt, claims: { ...github, aud: 'https://api.example.com' } },
    id: { header: jwt, claims: { ...github, aud: 'https://github.com/octo-org' } },
  },
]
