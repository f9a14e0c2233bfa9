// The one table of refusals: code → whose fault it is, HTTP status, OAuth error, and the only text that a client sees.

/** Why a request was refused. Stable: codes are added, never renamed. */
export type AuthErrorCode =
  | 'credential_missing'
  | 'credential_malformed'
  | 'credential_repeated'
  | 'headers_truncated'
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

interface ErrorRow {
  readonly fault: 'request' | 'token' | 'policy' | 'dependency'
  readonly status: 400 | 401 | 403 | 503
  /** The `error` of RFC 6750 §3.1 and its relatives; without one the challenge, if any, is bare. */
  readonly error?: string
  readonly text: string
}

// One answer for every unacceptable token: whoever guesses at tokens learns nothing from it.
const badToken: ErrorRow = {
  fault: 'token',
  status: 401,
  error: 'invalid_token',
  text: 'The access token is malformed, expired, revoked, or not meant for this resource.',
}
const unavailable: ErrorRow = {
  fault: 'dependency',
  status: 503,
  text: 'The access token cannot be checked right now. It may be good: please try again.',
}

const denied: ErrorRow = { fault: 'policy', status: 403, text: 'The caller may not do this.' }

export const errorTable: Readonly<Record<AuthErrorCode, ErrorRow>> = {
  credential_missing: { fault: 'request', status: 401, text: 'This resource needs an access token.' },
  credential_malformed: {
    fault: 'request',
    status: 400,
    error: 'invalid_request',
    text: 'The Authorization header must be the word Bearer, a space, and one access token.',
  },
  credential_repeated: {
    fault: 'request',
    status: 400,
    error: 'invalid_request',
    text: 'The request must carry exactly one Authorization header.',
  },
  headers_truncated: {
    fault: 'request',
    status: 400,
    error: 'invalid_request',
    text: 'The request has too many header lines.',
  },
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
    error: 'insufficient_scope',
    text: 'The access token lacks a scope that this resource needs.',
  },
  // 401 in both: "the client needs a new access token", RFC 9470 §3.
  insufficient_user_authentication: {
    fault: 'policy',
    status: 401,
    error: 'insufficient_user_authentication',
    text: 'This resource needs a stronger or more recent login.',
  },
  insufficient_claims: {
    fault: 'policy',
    status: 401,
    error: 'insufficient_claims',
    text: 'This resource needs a login that satisfies an authentication context.',
  },
  // Not 503: the token will never say more, so the client must not try again.
  facts_incomplete: denied,
  access_denied: denied,
}
