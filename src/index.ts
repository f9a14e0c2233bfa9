// What "claimcheck" exports, and nothing else. Presets are in claimcheck/issuers, policies in claimcheck/policy, and a
// guard for each framework in its own subpath.
export type { AuthorizeOptions } from './authorization.ts'
export type { Clock } from './clock.ts'
export { AuthError, type AuthErrorCode, type ErrorDetails, type Refusal, type RefusalHeaders } from './errors.ts'
export { type ClaimcheckEvent, logTo } from './events.ts'
export type { RefusalResponse } from './http/challenge.ts'
export { fromNode, fromWeb, type RequestView } from './http/request-view.ts'
export { toWeb } from './http/web-response.ts'
export type { ResourceMetadataOptions } from './http/resource-metadata.ts'
export type { Fetch } from './internal/fetch.ts'
export type { KeyCacheOptions } from './keys/key-settings.ts'
export type { KeyHealth, KeyQuery, KeySource, VerificationKey } from './keys/key-source.ts'
export type { KeySnapshot, KeyStore } from './keys/key-store.ts'
export type {
  Principal,
  PrincipalActor,
  PrincipalAuthentication,
  PrincipalClient,
  PrincipalGroups,
  PrincipalTrait,
} from './principal/principal.ts'
export type { MetadataResponse } from './published-metadata.ts'
export type { Authentication } from './request-guard.ts'
export { createResourceServer, type ResourceServer, type ResourceServerOptions } from './resource-server.ts'
export type { Algorithm } from './token/algorithms.ts'
export type { RegisteredClaims } from './token/claims.ts'
export type { JoseHeader } from './token/parse-token.ts'
export type { StandardSchema } from './token/standard-schema.ts'
export type { TokenCacheOptions } from './token/token-cache.ts'
export type { VerifiedToken } from './verified-token.ts'
export { createVerifier, type IssuerReadiness, type Verifier } from './verifier.ts'
export type { IssuerOption, IssuerOptions, VerifierOptions } from './verifier-options.ts'
