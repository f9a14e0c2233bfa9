// Google ID tokens as a caller's credential, such as service accounts send: Google's own access tokens are opaque.
import { checkOptions } from '../internal/options.ts'
import type { Principal } from '../principal/principal.ts'
import { readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, TypedIssuer } from '../issuer/issuer.ts'
import { type Caller, createIssuer } from './description.ts'
import { subjects } from './subjects.ts'
import { type OneOrMore, readAudience } from './preset-options.ts'

export interface GoogleOptions {
  /** The audience that callers ask for, such as `https://api.example.com`. `null` turns the check off. */
  readonly audience: OneOrMore<string> | null
}

const issuer = 'https://accounts.google.com'
const maxLifetimeSeconds = 24 * 60 * 60

/**
 * Trusts the ID tokens of Google for an audience, in both spellings of their `iss`. Every Google account can get one for an
 * OAuth client: an audience that is a client id lets in every account that can log in there. So name an audience of your own
 * for service accounts, and let policies decide by `principal.key`. Google allows 300 seconds of clock skew:
 * `clockToleranceSeconds` of the verifier. Lifetimes over 24 hours are refused.
 *
 * A verified e-mail address of a service account makes an application, any other address a user; a token without one is
 * `unknown`. Addresses never feed the subject. Does not read `hd`, which is not verified.
 *
 * @throws TypeError for an audience that is none.
 */
export function google(
  options: GoogleOptions,
): IssuerWithAudience & TypedIssuer<'https://accounts.google.com', unknown> {
  checkOptions('google()', arguments, ['audience'])
  const keys = { jwksUri: 'https://www.googleapis.com/oauth2/v3/certs' }
  return createIssuer({
    preset: 'google',
    issuer: [{ issuer, aliases: ['accounts.google.com'], keys, insecureAllowHttp: false }],
    audience: readAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT'],
    requires: ['sub', 'iat'],
    texts: ['sub'],
    // The token is an ID token, so `at_hash` is no reason to refuse it. Security events of the same issuer and keys are refused.
    marks: 'own',
    validate({ claims }) {
      const { iat, exp } = claims as { iat: number; exp: number }
      if (exp - iat > maxLifetimeSeconds) return { reason: 'claim_invalid', details: { claim: 'exp' } }
      const { at_hash: _, ...others } = claims
      return checkAccessToken(others)
    },
    client: 'azp',
    subject: subjects(kindOf),
  })
}

/** A service account's token may come without its address, so only an address tells a user. */
function kindOf({ claims }: Caller): Principal['kind'] {
  const email = readString(claims, 'email')?.toLowerCase()
  if (email === undefined) return 'unknown'
  if (!email.endsWith('.gserviceaccount.com')) return 'user'
  return claims.email_verified === true ? 'application' : 'unknown'
}
