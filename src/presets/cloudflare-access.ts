// Cloudflare Access: the token that its proxy puts into a header of its own, for a user or a service token.
import type { ValidationError } from '../errors/auth-error.ts'
import { type JsonObject, printable } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { principalKey } from '../principal/principal.ts'
import { readString } from '../principal/read-claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { missing } from './preset-claims.ts'
import { type OneOrMore, readList } from './preset-options.ts'
import { checkShape } from './shapes.ts'

export interface CloudflareAccessOptions {
  /** The team's name: `example` of `example.cloudflareaccess.com`. */
  readonly team: string
  /** The Application Audience (AUD) tag of the Access application in front of this API; several, when there are several. */
  readonly audience: OneOrMore<string>
}

/**
 * Trusts the callers that Cloudflare Access lets through to one application. Its tokens come in `Cf-Access-Jwt-Assertion`, and
 * a resource server takes them from no other header. A user is identified by `sub`, which changes when the user is removed and
 * added again. A service token is an application: its `sub` is empty, and its `common_name` is its client id. Groups and roles
 * of the identity provider are in `claims`, where your configuration has put them. Does not ask Cloudflare whether the
 * session was revoked.
 *
 * @throws TypeError for a `team` or an AUD tag that is none.
 */
export function cloudflareAccess(options: CloudflareAccessOptions): IssuerWithAudience {
  checkOptions('cloudflareAccess()', arguments, ['team', 'audience'])
  const { team } = options
  checkShape('team', team, /[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?/, 'example')
  const audience = readList('audience', options.audience)
  for (const tag of audience) checkShape('audience', tag, /[\da-f]{32,128}/, '32eafc7626e737136ed1ec03d3ad09e1...')
  const issuer = `https://${team}.cloudflareaccess.com`
  return createIssuer({
    preset: 'cloudflareAccess',
    issuer,
    keys: { jwksUri: `${issuer}/cdn-cgi/access/certs` },
    audience,
    algorithms: ['RS256'],
    types: ['JWT'],
    tokenHeader: 'cf-access-jwt-assertion',
    requires: ['sub'],
    texts: [],
    // `org` is the session at the team's own login page, for which every application could be asked. ID tokens have no `type`.
    mark: { claim: 'type', values: ['app'] },
    validate: ({ claims }) => (claims.sub === '' ? checkServiceToken(claims) : undefined),
    subject({ issuer: from, sub, claims }) {
      if (sub !== '') return { kind: 'user', key: principalKey(from, sub), subject: sub }
      const name = readString(claims, 'common_name') ?? ''
      return { kind: 'application', key: principalKey(from, 'service-token', name), subject: name }
    },
    tenant: () => team,
  })
}

/**
 * `sub` "contains an empty string when authentication was through a service token", whose client id is then the `common_name`
 * (Cloudflare, application token). The common name of a client certificate is free text and proves no service token.
 */
function checkServiceToken(claims: JsonObject): ValidationError | undefined {
  if (['email', 'identity_nonce'].some((name) => Object.hasOwn(claims, name))) return missing('sub')
  const name = readString(claims, 'common_name')
  if (name === undefined) return missing('common_name')
  if (/^[\da-f]+\.access$/.test(name)) return undefined
  const hint = 'sub is empty, and common_name is not the client id of a service token (<hex>.access)'
  return { reason: 'claim_invalid', hint, details: { claim: 'common_name', received: printable(name) } }
}
