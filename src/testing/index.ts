// The exports of "claimcheck/testing". For tests only: nothing else in claimcheck imports it.
export { type BadTokenKind, badTokenKinds } from './bad-tokens.ts'
export { createTestIssuer } from './create-test-issuer.ts'
export { fetchFrom } from './fetch-from.ts'
export type { IssuerProfile } from './profile.ts'
export { entraLike } from './profiles/entra.ts'
export { entraB2cLike } from './profiles/entra-b2c.ts'
export { entraExternalIdLike } from './profiles/entra-external-id.ts'
export { oidcLike } from './profiles/oidc.ts'
export { rfc9068Like } from './profiles/rfc9068.ts'
export { stsLike, type StsLikeOptions } from './sts-like.ts'
export { createTestClock, type TestClock } from './test-clock.ts'
export type {
  TestClaims,
  TestIssuer,
  TestIssuerOptions,
  TestTokenOptions,
} from './test-issuer.ts'
