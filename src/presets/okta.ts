// Okta: access tokens of a custom authorization server. Okta says that APIs must not validate those of the org authorization server.
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { ambiguousKey, clientKey, type Principal, principalKey } from '../principal/principal.ts'
import { readAuthentication, readScopes, readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import {
  createGroupsReader,
  type GroupsOptions,
  type GroupsReader,
  missing,
  readProfile,
  readProfiledActor,
  saysLogin,
} from './preset-claims.ts'
import { checkHttpsIssuer, readAudience } from './preset-options.ts'

export interface OktaOptions extends GroupsOptions {
  /** The Issuer URI of a custom authorization server, such as `https://acme.okta.com/oauth2/default`. */
  readonly issuer: string
  /** Its audience, such as `api://default`. `null` turns the check off. */
  readonly audience: string | readonly string[] | null
}

/**
 * Trusts one custom authorization server of Okta. A `uid` marks a user and is the subject: `sub` is usually a login name that
 * can change hands. A client that is its own subject (`sub` equals `cid`, without a `uid`) is an application, and so is a
 * `service` (`sub_profile`). An AI agent as subject is of kind `unknown` with the trait `agent`. An agent that acts for a
 * subject is the actor.
 *
 * Refuses ID tokens, which have no `cid`, and the tokens of the org authorization server: their form may change at any time, and they
 * are for Okta's own APIs. A token without `cid` is accepted where it has a `sub_profile` and scopes, as those of chains of agents.
 *
 * @throws TypeError for an issuer without `/oauth2/{authorization server id}`, with the value to write.
 */
export function okta<const I extends string>(
  options: OktaOptions & { readonly issuer: I },
): IssuerWithAudience & TypedIssuer<I, unknown> {
  checkOptions('okta()', arguments, ['issuer', 'audience', 'groupsAreComplete'])
  const issuer = readIssuer(options.issuer)
  // A token has groups only where a custom claim lists them, and such a claim has a filter.
  const readGroups = createGroupsReader('groups', options)
  return {
    preset: 'okta',
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp: false }],
    audience: readAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt', null],
    requiredClaims: ['sub'],
    validateToken: validateToken,
    principal: (claims, from) => principal(claims, from, readGroups),
    hint: (code, token) => hint(code, token, issuer),
  }
}

function readIssuer(value: unknown): string {
  checkHttpsIssuer('issuer', value)
  const { host, pathname } = new URL(value)
  // `/oauth2/v1/…` are the endpoints of the org authorization server, `{org}-admin` is the console for administrators.
  const id = /^\/oauth2\/([A-Za-z0-9]+)(?:\/|$)/.exec(pathname)?.[1]
  const right = `https://${host.replace(/-admin(?=\.okta)/, '')}/oauth2/${id === undefined || id === 'v1' ? 'default' : id}`
  if (value === right) return value
  throw new TypeError(
    `issuer must be the Issuer URI of a custom authorization server: write '${right}', or with the id of yours, not '${value}'. Tokens of the org authorization server must not be validated.`,
  )
}

/** An ID token has neither a `cid` nor scopes. Tokens of agents may lack the `cid`; `sub_profile` and scopes then stand for it. */
function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  if (readString(claims, 'sub') === undefined) return { reason: 'claim_invalid', details: { claim: 'sub' } }
  const isOfAgent = !Object.hasOwn(claims, 'cid') && readProfile(claims).length > 0 && scopesOf(claims).length > 0
  if (readString(claims, 'cid') === undefined && !isOfAgent) return missing('cid')
  return checkAccessToken(claims)
}

function scopesOf(claims: JsonObject): readonly string[] {
  return readScopes(Object.hasOwn(claims, 'scp') ? { scp: claims.scp } : { scope: claims.scope })
}

function principal(claims: JsonObject, issuer: string, readGroups: GroupsReader): Principal {
  const client = readString(claims, 'cid')
  const actor = readProfiledActor(claims)
  return {
    ...subjectOf(issuer, claims),
    issuer,
    tenant: new URL(issuer).host,
    ...(client !== undefined && { client: { id: client, type: 'unknown' } }),
    scopes: scopesOf(claims),
    roles: [],
    permissions: [],
    groups: readGroups(claims),
    ...(actor && { actor }),
    authentication: readAuthentication(claims),
  }
}

/** Only a `uid` is unique in an org: a login name, a client's id and an agent's id may be one text, so each has a space of its own. */
function subjectOf(issuer: string, claims: JsonObject): Pick<Principal, 'kind' | 'key' | 'subject' | 'traits'> {
  const uid = readString(claims, 'uid')
  const sub = String(claims.sub)
  const subject = uid ?? sub
  const profile = readProfile(claims)
  if (profile.includes('ai_agent'))
    return { kind: 'unknown', key: principalKey(issuer, 'agent', subject), subject, traits: ['agent'] }
  const isClient = profile.includes('service') || (uid === undefined && sub === claims.cid)
  if (isClient && (uid !== undefined || saysLogin(claims)))
    return { kind: 'unknown', key: ambiguousKey(issuer, subject), subject, traits: [] }
  if (isClient) return { kind: 'application', key: clientKey(issuer, sub), subject, traits: [] }
  if (uid !== undefined) return { kind: 'user', key: principalKey(issuer, uid), subject, traits: [] }
  const kind = profile.includes('user') ? 'user' : 'unknown'
  return { kind, key: principalKey(issuer, 'sub', sub), subject, traits: [] }
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken, issuer: string): string | undefined {
  if (reason === 'issuer_unknown' && claims.iss === new URL(issuer).origin) {
    return `the token is of Okta's org authorization server, which is for Okta's own APIs and must not be validated: have clients ask ${issuer} for it`
  }
  if (reason === 'claim_missing' && claims.iss === issuer && !Object.hasOwn(claims, 'cid'))
    return 'the token has no cid: send the access token, not the ID token'
  return undefined
}
