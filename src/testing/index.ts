// What "claimcheck/testing" exports. For tests only: nothing else in claimcheck imports it.
export { type BadTokenKind, badTokenKinds } from './bad-tokens.ts'
export { createTestIssuer } from './create-test-issuer.ts'
export { fetchFrom } from './fetch-from.ts'
export type { IssuerProfile, ProfileKeySet, ProfileMetadata, TokenContext, TokenShape } from './profile.ts'
export { type EntraProfileOptions, entraLike } from './profiles/entra.ts'
export { oidcLike } from './profiles/oidc.ts'
export { type GenericProfileOptions, rfc9068Like } from './profiles/rfc9068.ts'
export type { OutageKind, StsPart } from './sts-answers.ts'
export { createTestClock, type TestClock, type TestDuration } from './test-clock.ts'
export type {
  TestClaims,
  TestIssuer,
  TestIssuerOptions,
  TestRequestCounts,
  TestTokenOptions,
} from './test-issuer.ts'
