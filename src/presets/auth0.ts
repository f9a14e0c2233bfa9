// Auth0: access tokens for an API, in both of its token profiles.
import type { AuthErrorReason } from '../errors/auth-error.ts'
import { printable } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { clientKey, principalKey } from '../principal/principal.ts'
import { readString } from '../principal/read-claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { createGroupsReader, type GroupsOptions, missing, readProfile, readProfiledActor } from './preset-claims.ts'
import { checkDomain, checkTexts, type OneOrMore, readAudience } from './preset-options.ts'

export interface Auth0Options extends GroupsOptions {
  /** `tenant.eu.auth0.com`, or the custom domain if clients get their tokens from there: tokens then name it as their issuer. */
  readonly domain: string
  /** The identifier of the API. `null` turns the check off. */
  readonly audience: OneOrMore<string> | null
  /** The namespaced claim that an Action writes roles into, such as `https://example.com/roles`. */
  readonly rolesClaim?: string
  /** The same for groups. */
  readonly groupsClaim?: string
}

/**
 * Trusts one Auth0 tenant for an API, in the Auth0 (`typ: JWT`) and in the RFC 9068 (`at+jwt`) token profile. A `sub` that
 * names a connection (`auth0|123`) is a user. The organization (`org_id`) is the tenant. An AI agent as subject
 * (`sub_profile`) is of kind `unknown` with the trait `agent`. Its customer chose its `sub` freely, so its key is in a space
 * of its own. Auth0 sends `sub_profile` only where the API has `agent_subject_claims: 'auth0-v1'`: set it before agents call.
 *
 * Refuses ID tokens, which name no client in `azp` or `client_id`, HS256, and other APIs' tokens. Clients that ask for no
 * audience get opaque tokens. These are refused like every text that is no JWT. Does not read `acr`, `amr` and `auth_time`,
 * which an Action may add: they are in `claims`.
 *
 * @throws TypeError for a domain that is none, and for the audience `https://{domain}/userinfo`, which many tokens share.
 */
export function auth0<const D extends string>(
  options: Auth0Options & { readonly domain: D },
): IssuerWithAudience & TypedIssuer<`https://${D}/`, unknown> {
  checkOptions('auth0()', arguments, ['domain', 'audience', 'rolesClaim', 'groupsClaim', 'groupsAreComplete'])
  const { domain, rolesClaim, groupsClaim } = options
  checkDomain('domain', domain)
  checkTexts({ rolesClaim, groupsClaim })
  const audience = readAudience(options.audience)
  const issuer = `https://${domain}/`
  if (audience?.includes(`${issuer}userinfo`))
    throw new TypeError(`audience '${issuer}userinfo' is in tokens for every API: write the identifier of yours.`)
  return createIssuer({
    preset: 'auth0',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    audience,
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt'],
    requires: ['sub'],
    marksOfOthers: ['nonce'],
    validate: ({ claims }) =>
      client.some((name) => readString(claims, name) !== undefined)
        ? undefined
        : missing(
            'azp',
            'neither azp nor client_id is there, so this looks like an ID token: send the access token instead',
          ),
    client,
    subject: subjectOf,
    tenant: 'org_id',
    scopes: 'scope',
    roles: rolesClaim,
    permissions: 'permissions',
    groups: createGroupsReader(groupsClaim, options),
    actor: readProfiledActor,
    hint: (reason, token) => hint(reason, token, issuer),
  })
}

/** `azp` in the Auth0 profile, `client_id` in that of RFC 9068. */
const client = ['azp', 'client_id']

const softwareProfiles = ['service', 'browser_app', 'native_app']

/**
 * Ids that Auth0 makes differ in form: `connection|id` of users, `id@clients` of clients, `anon@id`. They share one space of
 * keys: `gty` and `sub_profile` are not in every token, and must not change a key. Names that a customer chose are apart.
 */
function subjectOf({ issuer, sub: subject, claims }: Caller): Subject {
  const profile = readProfile(claims)
  if (profile.includes('ai_agent'))
    return { kind: 'unknown', key: principalKey(issuer, 'agent', subject), subject, traits: ['agent'] }
  const key = principalKey(issuer, subject)
  // A connection may let users choose their id: the text after the bar proves nothing.
  const isUser = subject.includes('|')
  if (!isUser && subject.endsWith('@clients')) return { kind: 'application', key, subject }
  if (claims.gty === 'client-credentials' || profile.some((word) => softwareProfiles.includes(word)))
    return { kind: 'application', key: clientKey(issuer, subject), subject }
  if (subject.startsWith('anon@')) return { kind: 'user', key, subject, traits: ['anonymous'] }
  return { kind: isUser ? 'user' : 'unknown', key, subject }
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken, issuer: string): string | undefined {
  const { iss } = claims
  if (reason !== 'issuer_unknown' || typeof iss !== 'string' || !/^https:\/\/[^/]+\.auth0\.com\/$/.test(iss))
    return undefined
  return `the token comes from ${printable(iss)}, this API trusts ${issuer}: domain must be the one that clients get their tokens from, custom or not`
}
