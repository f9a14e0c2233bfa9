// What "claimcheck/issuers" exports: one preset a file.
export { type EntraCloud, type EntraOptions, entra } from './entra.ts'
export { type OidcOptions, oidc, rfc9068 } from './oidc.ts'
export type { Issuer, IssuerEndpoint, IssuerWithAudience, JwkSet, UnverifiedToken } from '../trust/issuer.ts'
