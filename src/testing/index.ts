// The exports of "claimcheck/testing". For tests only: nothing else in claimcheck imports it.
export { type BadTokenKind, badTokenKinds } from './bad-tokens.ts'
export { createTestIssuer } from './create-test-issuer.ts'
export { fetchFrom } from './fetch-from.ts'
export type { IssuerProfile } from './profile.ts'
export { auth0Like } from './profiles/auth0.ts'
export { cloudflareAccessLike } from './profiles/cloudflare-access.ts'
export { cognitoLike } from './profiles/cognito.ts'
export { duendeLike } from './profiles/duende.ts'
export { entraLike } from './profiles/entra.ts'
export { entraB2cLike } from './profiles/entra-b2c.ts'
export { entraExternalIdLike } from './profiles/entra-external-id.ts'
export { githubActionsLike } from './profiles/github-actions.ts'
export { gitlabCiLike } from './profiles/gitlab-ci.ts'
export { googleLike } from './profiles/google.ts'
export { hydraLike } from './profiles/hydra.ts'
export { keycloakLike } from './profiles/keycloak.ts'
export { kubernetesLike } from './profiles/kubernetes.ts'
export { logtoLike } from './profiles/logto.ts'
export { oidcLike } from './profiles/oidc.ts'
export { oidcProviderLike } from './profiles/oidc-provider.ts'
export { oktaLike } from './profiles/okta.ts'
export { pingOneLike } from './profiles/ping-one.ts'
export { rfc9068Like } from './profiles/rfc9068.ts'
export { supabaseLike } from './profiles/supabase.ts'
export { zitadelLike } from './profiles/zitadel.ts'
export { createTestClock, type TestClock } from './test-clock.ts'
export type {
  TestClaims,
  TestIssuer,
  TestIssuerOptions,
  TestTokenOptions,
} from './test-issuer.ts'
