// WorkOS: session tokens of AuthKit, and access tokens of Connect (OAuth applications and M2M).
import { checkOptions } from '../internal/options.ts'
import { readActor, readString, readStrings } from '../principal/read-claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerEndpoint, IssuerWithAudience } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { checkForOthers, readSubject } from './preset-claims.ts'
import { checkHost, type OneOrMore, readList } from './preset-options.ts'
import { checkShape } from './shapes.ts'

/** Either session tokens, by the client id of the environment, or Connect. For both, configure two issuers. */
export type WorkosOptions =
  | { readonly clientId: string }
  | {
      /** The AuthKit domain, such as `example.authkit.app`. */
      readonly domain: string
      /** The resource indicator of this API; the client id of the environment for M2M, and for users without a resource. */
      readonly audience: OneOrMore<string>
    }

/**
 * Trusts one WorkOS environment: its session tokens, `workos({ clientId })`, which have no audience and open every API of the
 * environment (one with an `aud`, by a JWT template, is refused), or the access tokens of Connect,
 * `workos({ domain, audience })`. Subjects `user_…` are users. A client that is its own subject is an application.
 * Support staff who act as a user have the trait `impersonated`, and their e-mail address is the actor's. Roles and
 * permissions are those in the organization of the session, which is the tenant. Entitlements join the permissions. A user's `key` differs between session and Connect: their issuers do. Does not check whether a session was ended.
 * † The address of the session keys is not confirmed.
 *
 * @throws TypeError for options of both kinds, or of neither.
 */
export function workos(options: WorkosOptions): IssuerWithAudience {
  const isConnect = Object.hasOwn(Object(options), 'domain')
  checkOptions('workos()', arguments, isConnect ? ['domain', 'audience'] : ['clientId'])
  return createIssuer({
    preset: 'workos',
    ...('domain' in options ? connect(options.domain, options.audience) : session(options.clientId)),
    algorithms: ['RS256'],
    types: [null, 'JWT', ...(isConnect ? ['at+jwt'] : [])],
    requires: ['sub'],
    texts: ['sub', isConnect ? 'client_id' : 'sid'],
    marksOfOthers: ['nonce'],
    validate: ({ claims }) => (isConnect ? undefined : checkForOthers(claims)),
    client: 'client_id',
    subject: subjectOf,
    tenant: 'org_id',
    scopes: 'any',
    roles: (claims) => [...new Set([...readStrings(claims, 'roles'), ...readStrings(claims, 'role')])],
    permissions: (claims) => [...readStrings(claims, 'permissions'), ...readStrings(claims, 'entitlements')],
    actor: 'act',
  })
}

type Place = Pick<IssuerWithAudience, 'audience'> & { readonly issuer: readonly IssuerEndpoint[] }

/** Other environments have the same issuer and other keys, so keys and not an audience keep them apart. */
function session(clientId: unknown): Place {
  checkShape('clientId', clientId, /client_[\dA-Za-z]+/, 'client_01E2KBF6XNSE8HKF6WGPR4GWTH')
  const issuer = 'https://api.workos.com'
  const keys = { jwksUri: `${issuer}/sso/jwks/${clientId}` }
  const aliases = [`${issuer}/user_management/${clientId}`]
  return { issuer: [{ issuer, aliases, keys, insecureAllowHttp: false }], audience: null }
}

function connect(domain: unknown, audience: OneOrMore<string>): Place {
  checkHost('domain', domain)
  const issuer = `https://${domain}`
  const keys = { metadataUrls: metadataUrls(issuer) }
  return { issuer: [{ issuer, keys, insecureAllowHttp: false }], audience: readList('audience', audience) }
}

function subjectOf({ claims, issuer, sub, client: clientId }: Caller): Subject {
  // A client has neither a session nor a user's consent.
  const hasLoggedIn = readString(claims, 'sid') !== undefined
  const client = sub.startsWith('client_') ? sub : clientId
  const other = sub.startsWith('user_') ? 'user' : 'unknown'
  const traits = readActor(claims) ? (['impersonated'] as const) : []
  return { ...readSubject(issuer, { sub, client, hasLoggedIn, other }), traits }
}
