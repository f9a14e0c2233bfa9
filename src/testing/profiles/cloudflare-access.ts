// Cloudflare Access: the token in `Cf-Access-Jwt-Assertion`. It publishes keys and no metadata.
import { checkOptions, checkString } from '../../internal/options.ts'
import type { IssuerProfile } from '../profile.ts'

export interface CloudflareAccessProfileOptions {
  /** The first label of `example.cloudflareaccess.com`. */
  readonly team: string
  /** The application's AUD tag. */
  readonly audience: string
}

/** A team of Cloudflare Access. A service token has an empty `sub` and a `common_name`. `idToken()` is one for another application. */
export function cloudflareAccessLike(options: CloudflareAccessProfileOptions): IssuerProfile {
  checkOptions('cloudflareAccessLike()', arguments, ['team', 'audience'])
  const { team, audience } = options
  checkString('team', team)
  checkString('audience', audience)
  const issuer = `https://${team}.cloudflareaccess.com`
  const alice = { email: 'alice@example.com', sub: '7335d417-0000-4000-8000-00000000a11c', type: 'app' }
  return {
    name: 'cloudflareAccess',
    issuer,
    audience,
    metadata: [],
    keySets: [{ url: `${issuer}/cdn-cgi/access/certs` }],
    tokens: {
      user: { claims: ({ nowSeconds }) => ({ aud: [audience], nbf: nowSeconds, ...alice }) },
      application: { claims: () => ({ aud: audience, type: 'app', common_name: 'e367826f.access', sub: '' }) },
      id: { claims: ({ nowSeconds }) => ({ aud: ['another-application'], nbf: nowSeconds, ...alice }) },
    },
  }
}
