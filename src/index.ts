// What "claimcheck" exports, and nothing else. Presets are in claimcheck/issuers, policies in claimcheck/policy, and a
// guard for each framework in its own subpath.
export type { AuthorizeOptions, RequireOptions } from './server/authorize.ts'
export type { Clock } from './internal/clock.ts'
export {
  AuthError,
  type AuthErrorCode,
  type AuthErrorReason,
  type ErrorDetails,
  type ValidationError,
} from './errors/auth-error.ts'
export { type ClaimcheckEvent, logTo } from './errors/events.ts'
export type { RefusalResponse } from './server/response.ts'
export { fromNode, fromWeb, type RequestView } from './http/request-view.ts'
export { toWeb } from './server/response.ts'
export type { ResourceMetadataOptions } from './http/resource-metadata.ts'
export type { Fetch } from './internal/fetch-json.ts'
export type { KeyCacheOptions } from './jwks/settings.ts'
export type { KeyHealth, KeyQuery, KeySource, VerificationKey } from './jwks/key-source.ts'
export type { KeySnapshot, KeyStore } from './jwks/snapshot.ts'
export type {
  Principal,
  PrincipalActor,
  PrincipalAuthentication,
  PrincipalClient,
  PrincipalGroups,
  PrincipalTrait,
} from './principal/principal.ts'
export type { MetadataResponse } from './server/published-metadata.ts'
export type { Authentication } from './server/request-guard.ts'
export { createResourceServer, type ResourceServer, type ResourceServerOptions } from './server/resource-server.ts'
export type { Algorithm } from './crypto/algorithms.ts'
export type { RegisteredClaims } from './jwt/claims.ts'
export type { JoseHeader } from './jwt/parse.ts'
export type { StandardSchema } from './jwt/schema.ts'
export type { TokenByIssuer, VerifiedToken } from './verifier/verified-token.ts'
export { createVerifier, type IssuerReadiness, type Verifier } from './verifier/verifier.ts'
export type { IssuerOption, IssuerOptions, TokenCacheOptions, VerifierOptions } from './verifier/options.ts'
