// Ory Hydra: JWT access tokens (strategies.access_token: jwt).
import { checkOptions } from '../internal/options.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { subjectsOrClient } from './subjects.ts'
import { checkHttpsIssuer, type OneOrMore, readAudience } from './preset-options.ts'

export interface HydraOptions {
  /** `urls.self.issuer`, exactly: a slash at the end counts. */
  readonly issuer: string
  /** The audience that the client asks for with `audience=…`. `null` turns the check off: the list is empty without such a request. */
  readonly audience: OneOrMore<string> | null
}

/**
 * Trusts one Ory Hydra. Access tokens are opaque until its access token strategy is `jwt`, and their `aud` is an empty list unless
 * the client asks for an audience, and may. Scopes come in `scp`, `scope`, or both. A client that is its own subject is an
 * application. Any other subject is `unknown`, since no claim marks a user. Does not read `ext`, which the consent application
 * fills freely: a policy or a claims schema can. † `typ: JWT` and RS256 are not confirmed; none and `at+jwt` are accepted, too.
 *
 * @throws TypeError for an `issuer` that is no https URL.
 */
export function hydra(options: HydraOptions): IssuerWithAudience {
  checkOptions('hydra()', arguments, ['issuer', 'audience'])
  const { issuer } = options
  checkHttpsIssuer('issuer', issuer)
  return createIssuer({
    preset: 'hydra',
    issuer,
    keys: { jwksUri: `${issuer.replace(/\/$/, '')}/.well-known/jwks.json` },
    audience: readAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt', null],
    requires: ['client_id', 'sub'],
    marksOfOthers: ['nonce'],
    client: 'client_id',
    subject: subjectsOrClient('unknown'),
    scopes: 'any',
    actor: 'act',
    hint: (reason, { claims: { aud, iss } }) =>
      reason === 'audience_mismatch' && iss === issuer && Array.isArray(aud) && aud.length === 0
        ? 'aud is empty: the client must ask for the audience (audience=...), and have it among those that it may ask for'
        : undefined,
  })
}
