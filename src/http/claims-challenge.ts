// Entra's own challenge: a claims request (OpenID Connect Core §5.5) that the client takes to the STS. It is a 401
// `insufficient_claims`, and only for clients that have said that they can handle it (the capability cp1).
import type { ChallengeParams } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'

const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** Whether a client with these claims can handle the challenge: "values aren't case-sensitive". */
export function hasClaimsCapability(claims: JsonObject): boolean {
  const capabilities = Object.hasOwn(claims, 'xms_cc') ? claims.xms_cc : undefined
  const list: readonly unknown[] = Array.isArray(capabilities) ? capabilities : [capabilities]
  return list.some((one) => typeof one === 'string' && one.toLowerCase() === 'cp1')
}

/** What the challenge for all of `contexts` says. `issuer` is the configured one; nothing comes from the token. */
export function claimsChallenge(contexts: readonly string[], issuer: string): ChallengeParams {
  // "The tenant ID … MUST be an empty string if the authentication goes through the common endpoint."
  const tenant = guid.exec(issuer)?.[0] ?? ''
  // `acrs` holds as many as the login has satisfied; a claims request names several in `values` (OpenID Connect Core §5.5.1).
  const wanted = contexts.length > 1 ? { values: contexts } : { value: contexts[0] }
  const request = { access_token: { acrs: { essential: true, ...wanted } } }
  return {
    realm: tenant,
    authorization_uri: `${loginOf(issuer)}/${tenant || 'common'}/oauth2/authorize`,
    // Standard base64, with padding: clients decode it with atob().
    claims: btoa(JSON.stringify(request)),
  }
}

/** v2.0 issuers stand at their own login page; those of v1.0 tokens do not. */
function loginOf(issuer: string): string {
  const host = URL.canParse(issuer) ? new URL(issuer).host : ''
  if (host.startsWith('login.')) return `https://${host}`
  return host === 'sts.chinacloudapi.cn'
    ? 'https://login.partner.microsoftonline.cn'
    : 'https://login.microsoftonline.com'
}
