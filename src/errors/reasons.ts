// The one table of refusals: reason → whose fault it is, HTTP status, public code, and the only text that clients see.

/** The public code of a refusal: the `error` of the challenge where RFC 6750, RFC 9470 or Entra define one. */
export type AuthErrorCode =
  | 'unauthenticated'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'insufficient_claims'
  | 'access_denied'
  | 'temporarily_unavailable'

/** The reason of a refusal, for logs and tests, never for clients. Stable: reasons are added, never renamed. */
export type AuthErrorReason =
  | 'credential_missing'
  | 'credential_malformed'
  | 'credential_repeated'
  | 'headers_truncated'
  | 'target_ambiguous'
  | 'token_too_large'
  | 'token_malformed'
  | 'token_encrypted'
  | 'token_in_wrong_header'
  | 'critical_header_unsupported'
  | 'issuer_unknown'
  | 'algorithm_not_allowed'
  | 'token_type_not_accepted'
  | 'not_an_access_token'
  | 'token_for_other_resource'
  | 'claim_missing'
  | 'claim_invalid'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_too_old'
  | 'audience_mismatch'
  | 'tenant_mismatch'
  | 'sender_constrained'
  | 'token_without_permissions'
  | 'key_not_found'
  | 'signature_invalid'
  | 'claims_schema_mismatch'
  | 'token_revoked'
  | 'keys_unavailable'
  | 'claims_schema_unavailable'
  | 'verification_unavailable'
  | 'revocation_unavailable'
  | 'policy_unavailable'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'insufficient_claims'
  | 'facts_incomplete'
  | 'access_denied'
  | 'route_unknown'
  | 'peer_untrusted'

interface ErrorRow {
  readonly fault: 'request' | 'token' | 'policy' | 'dependency'
  readonly status: 400 | 401 | 403 | 503
  readonly code: AuthErrorCode
  readonly text: string
}

const badRequest = { fault: 'request', status: 400, code: 'invalid_request' } as const
// One answer for every unacceptable token, so that an attacker learns nothing from it.
const badToken: ErrorRow = {
  fault: 'token',
  status: 401,
  code: 'invalid_token',
  text: 'The access token is malformed, expired, revoked, or not meant for this resource.',
}
const unavailable: ErrorRow = {
  fault: 'dependency',
  status: 503,
  code: 'temporarily_unavailable',
  text: 'The access token cannot be checked right now. It may be good: please try again.',
}
const denied: ErrorRow = { fault: 'policy', status: 403, code: 'access_denied', text: 'The caller may not do this.' }

export const errorTable: Readonly<Record<AuthErrorReason, ErrorRow>> = {
  credential_missing: {
    fault: 'request',
    status: 401,
    code: 'unauthenticated',
    text: 'This resource needs an access token.',
  },
  credential_malformed: {
    ...badRequest,
    text: 'The Authorization header must be the word Bearer, a space, and one access token.',
  },
  credential_repeated: { ...badRequest, text: 'The request must carry exactly one Authorization header.' },
  headers_truncated: { ...badRequest, text: 'The request has too many header lines.' },
  target_ambiguous: { ...badRequest, text: 'The request does not say unambiguously what it is for.' },
  token_too_large: badToken,
  token_malformed: badToken,
  token_encrypted: badToken,
  token_in_wrong_header: badToken,
  critical_header_unsupported: badToken,
  issuer_unknown: badToken,
  algorithm_not_allowed: badToken,
  token_type_not_accepted: badToken,
  not_an_access_token: badToken,
  token_for_other_resource: badToken,
  claim_missing: badToken,
  claim_invalid: badToken,
  token_expired: badToken,
  token_not_yet_valid: badToken,
  token_too_old: badToken,
  audience_mismatch: badToken,
  tenant_mismatch: badToken,
  sender_constrained: badToken,
  token_without_permissions: badToken,
  key_not_found: badToken,
  signature_invalid: badToken,
  claims_schema_mismatch: badToken,
  token_revoked: badToken,
  keys_unavailable: unavailable,
  claims_schema_unavailable: unavailable,
  verification_unavailable: unavailable,
  revocation_unavailable: unavailable,
  policy_unavailable: { ...unavailable, text: 'Access cannot be decided right now. Please try again.' },
  insufficient_scope: {
    fault: 'policy',
    status: 403,
    code: 'insufficient_scope',
    text: 'The access token lacks a scope that this resource needs.',
  },
  // 401 in both: "the client needs a new access token", RFC 9470 §3.
  insufficient_user_authentication: {
    fault: 'policy',
    status: 401,
    code: 'insufficient_user_authentication',
    text: 'This resource needs a stronger or more recent login.',
  },
  insufficient_claims: {
    fault: 'policy',
    status: 401,
    code: 'insufficient_claims',
    text: 'This resource needs a login that satisfies an authentication context.',
  },
  // Not 503: the token will never say more, so the client must not try again.
  facts_incomplete: denied,
  access_denied: denied,
  route_unknown: denied,
  peer_untrusted: denied,
}
