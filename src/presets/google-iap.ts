// Google Identity-Aware Proxy: the assertion that it adds to each request, in a header of its own.
import { checkOptions } from '../internal/options.ts'
import type { Principal } from '../principal/principal.ts'
import { readString } from '../principal/read-claims.ts'
import type { IssuerWithAudience, TypedIssuer } from '../issuer/issuer.ts'
import { pemMap } from '../issuer/keys.ts'
import { type Caller, createIssuer } from './description.ts'
import { subjects } from './subjects.ts'
import { checkKid } from './preset-claims.ts'
import { type OneOrMore, readAudience } from './preset-options.ts'

export interface GoogleIapOptions {
  /** The "signed header JWT audience" of the backend. Every project's proxy signs with the same keys, so only the audience tells the backends apart. */
  readonly audience: OneOrMore<string>
}

/**
 * Trusts the assertions of Identity-Aware Proxy in `x-goog-iap-jwt-assertion`, and takes them from no other header. Its keys are a
 * map of PEM texts. The `typ` may be `JWT` or absent, which is not verified.
 *
 * The e-mail address of a service account makes an application, any other a user, no address `unknown`; so are the users of
 * external identities (`gcip`), whose addresses the proxy does not vouch for. Addresses never feed the subject. Does not read
 * access levels; they are in `claims`.
 *
 * @throws TypeError for an audience that is none; `null` is refused, too.
 */
export function googleIap(
  options: GoogleIapOptions,
): IssuerWithAudience & TypedIssuer<'https://cloud.google.com/iap', unknown> {
  checkOptions('googleIap()', arguments, ['audience'])
  const audience = readAudience(options.audience)
  if (audience === null) {
    throw new TypeError(
      "audience must not be null: every project's proxy has this issuer and these keys. Write the signed header JWT audience of the backend.",
    )
  }
  return createIssuer({
    preset: 'googleIap',
    issuer: 'https://cloud.google.com/iap',
    keys: pemMap('https://www.gstatic.com/iap/verify/public_key'),
    audience,
    tokenHeader: 'x-goog-iap-jwt-assertion',
    algorithms: ['ES256'],
    types: ['JWT', null],
    requires: ['sub'],
    validate: checkKid,
    subject: subjects(kindOf),
  })
}

function kindOf({ claims }: Caller): Principal['kind'] {
  const email = readString(claims, 'email')?.toLowerCase()
  if (email === undefined || Object.hasOwn(claims, 'gcip')) return 'unknown'
  return email.endsWith('.gserviceaccount.com') ? 'application' : 'user'
}
