// Google: its access tokens are opaque, so an API gets ID tokens, of users and of service accounts.
import { checkOptions, checkString } from '../../internal/options.ts'
import { checkOneOf } from '../check-one-of.ts'
import { type IssuerProfile, openIdMetadata } from '../profile.ts'

export interface GoogleProfileOptions {
  /** The OAuth client id, or the audience that a service account asked for. */
  readonly audience: string
  /** Google writes its issuer in two ways. Default `https://accounts.google.com`. */
  readonly issuer?: 'https://accounts.google.com' | 'accounts.google.com'
}

const jwksUri = 'https://www.googleapis.com/oauth2/v3/certs'

/** Google as the issuer of ID tokens. `idToken()` makes one for another client. */
export function googleLike(options: GoogleProfileOptions): IssuerProfile {
  checkOptions('googleLike()', arguments, ['audience', 'issuer'])
  const { audience, issuer = 'https://accounts.google.com' } = options
  checkString('audience', audience)
  checkOneOf('issuer', issuer, ['https://accounts.google.com', 'accounts.google.com'])
  const alice = { sub: '110169484474386276334', email: 'alice@example.com', email_verified: true }
  const account = 'job@project.iam.gserviceaccount.com'
  return {
    name: 'google',
    issuer,
    audience,
    metadata: [openIdMetadata('https://accounts.google.com', jwksUri)],
    keySets: [{ url: jwksUri }],
    tokens: {
      user: { claims: () => ({ aud: audience, azp: audience, ...alice }) },
      application: {
        claims: () => ({
          aud: audience,
          azp: '104029292853099978293',
          sub: '104029292853099978293',
          email: account,
          email_verified: true,
        }),
      },
      id: { claims: () => ({ aud: 'another-client', azp: 'another-client', ...alice }) },
    },
  }
}
