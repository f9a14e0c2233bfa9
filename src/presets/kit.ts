// "claimcheck/preset-kit": what a preset of your own is made of, beside the types of "claimcheck/issuers".
export { metadataUrls } from '../issuer/discovery.ts'
export type {
  ClaimsFrom,
  IssuerEndpoint,
  IssuerKeys,
  PrincipalEnrichment,
  UnverifiedToken,
} from '../issuer/issuer.ts'
export { pemMap, pemPerKid } from '../issuer/keys.ts'
export { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
export { type Caller, createIssuer, type StsDescription, type Subject } from './description.ts'
export { subjects, subjectsBut, subjectsOrClient } from './subjects.ts'
export { principalKey } from '../principal/principal.ts'
export { readActor, readAuthentication, readScopes, readString, readStrings } from '../principal/read-claims.ts'
