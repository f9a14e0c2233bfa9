// The exports of "claimcheck/testing". For tests only: nothing else in claimcheck imports it.
export { type BadTokenKind, badTokenKinds } from './bad-tokens.ts'
export { createTestIssuer } from './create-test-issuer.ts'
export { fetchFrom } from './fetch-from.ts'
export type { IssuerProfile, ProfileKeySet, ProfileMetadata, TokenContext, TokenShape } from './profile.ts'
export { type Auth0ProfileOptions, auth0Like } from './profiles/auth0.ts'
export { type CloudflareAccessProfileOptions, cloudflareAccessLike } from './profiles/cloudflare-access.ts'
export { type CognitoProfileOptions, cognitoLike } from './profiles/cognito.ts'
export { duendeLike } from './profiles/duende.ts'
export { type EntraProfileOptions, entraLike } from './profiles/entra.ts'
export { type EntraB2cProfileOptions, entraB2cLike } from './profiles/entra-b2c.ts'
export { type EntraExternalIdProfileOptions, entraExternalIdLike } from './profiles/entra-external-id.ts'
export { type GithubActionsProfileOptions, githubActionsLike } from './profiles/github-actions.ts'
export { type GitlabCiProfileOptions, gitlabCiLike } from './profiles/gitlab-ci.ts'
export { type GoogleProfileOptions, googleLike } from './profiles/google.ts'
export { hydraLike } from './profiles/hydra.ts'
export { type KeycloakProfileOptions, keycloakLike } from './profiles/keycloak.ts'
export { type KubernetesProfileOptions, kubernetesLike } from './profiles/kubernetes.ts'
export { type LogtoProfileOptions, logtoLike } from './profiles/logto.ts'
export { oidcLike } from './profiles/oidc.ts'
export { oidcProviderLike } from './profiles/oidc-provider.ts'
export { type OktaProfileOptions, oktaLike } from './profiles/okta.ts'
export { type PingOneProfileOptions, pingOneLike } from './profiles/ping-one.ts'
export { type GenericProfileOptions, rfc9068Like } from './profiles/rfc9068.ts'
export { type SupabaseProfileOptions, supabaseLike } from './profiles/supabase.ts'
export { type ZitadelProfileOptions, zitadelLike } from './profiles/zitadel.ts'
export type { OutageKind, StsPart } from './sts-answers.ts'
export { createTestClock, type TestClock, type TestDuration } from './test-clock.ts'
export type {
  TestClaims,
  TestIssuer,
  TestIssuerOptions,
  TestRequestCounts,
  TestTokenOptions,
} from './test-issuer.ts'
