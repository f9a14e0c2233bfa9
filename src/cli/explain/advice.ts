// What to change, for refusals whose checks have no hint of their own. Says nothing that a verdict depends on.
import type { AuthErrorReason } from '../../errors/auth-error.ts'

const advice: Partial<Record<AuthErrorReason, string>> = {
  algorithm_not_allowed: 'the issuer is configured with other algorithms than the one that signed the token',
  token_type_not_accepted:
    'this is another kind of JWT, or the issuer writes another typ: the client must send the access token',
  claim_missing: 'the STS must put this claim into its access tokens, or the client has sent another kind of token',
  claim_invalid: 'the STS must write this claim as the check expects it',
  audience_mismatch:
    'the token is for another API, or an ID token, whose aud is the client: the client must ask the STS for this API and send the access token. If it did, the configured audience must be what aud says',
  claims_schema_mismatch: "the schema of the application refuses the token's claims",
  token_revoked: 'the application has revoked the token: a new one may be good',
  insufficient_scope:
    'the client must ask the STS for the scope that WWW-Authenticate names, and be allowed to have it',
  access_denied: 'the policy says no to this caller: nothing that the client could ask the STS for is known to help',
  route_unknown: 'no route has this method and path: add one to the configuration, or ask for another path',
  target_ambiguous:
    'the path can be read in more than one way: write it without dots, doubled slashes and encoded characters',
}

/** The hint of a refusal, or what usually helps. */
export function adviceFor(reason: AuthErrorReason, hint: string | undefined): { readonly hint?: string } {
  const said = hint ?? advice[reason]
  return said === undefined ? {} : { hint: said }
}
