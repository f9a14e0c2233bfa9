// Okta: access tokens of a custom authorization server. Okta says that APIs must not validate those of the org authorization server.
import type { AuthErrorReason } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { ambiguousKey, clientKey, principalKey } from '../principal/principal.ts'
import { readScopes, readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerWithAudience, TypedIssuer, UnverifiedToken } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import {
  createGroupsReader,
  type GroupsOptions,
  missing,
  readProfile,
  readProfiledActor,
  saysLogin,
} from './preset-claims.ts'
import { checkHttpsIssuer, type OneOrMore, readAudience } from './preset-options.ts'

export interface OktaOptions extends GroupsOptions {
  /** The Issuer URI of a custom authorization server, such as `https://acme.okta.com/oauth2/default`. */
  readonly issuer: string
  /** Its audience, such as `api://default`. `null` turns the check off. */
  readonly audience: OneOrMore<string> | null
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
  return createIssuer({
    preset: 'okta',
    issuer,
    keys: { metadataUrls: metadataUrls(issuer) },
    audience: readAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt', null],
    requires: ['sub'],
    texts: [],
    marks: 'own',
    // An ID token has neither a `cid` nor scopes. Tokens of agents may lack the `cid`; `sub_profile` and scopes then stand for it.
    validate({ claims }) {
      if (readString(claims, 'sub') === undefined) return { reason: 'claim_invalid', details: { claim: 'sub' } }
      const isOfAgent = !Object.hasOwn(claims, 'cid') && readProfile(claims).length > 0 && scopesOf(claims).length > 0
      return readString(claims, 'cid') === undefined && !isOfAgent ? missing('cid') : checkAccessToken(claims)
    },
    client: 'cid',
    subject: subjectOf,
    tenant: (_, from) => new URL(from).host,
    scopes: scopesOf,
    // A token has groups only where a custom claim lists them, and such a claim has a filter.
    groups: createGroupsReader('groups', options),
    actor: readProfiledActor,
    authentication: 'standard',
    hint: (reason, token) => hint(reason, token, issuer),
  })
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

function scopesOf(claims: JsonObject): readonly string[] {
  return readScopes(Object.hasOwn(claims, 'scp') ? { scp: claims.scp } : { scope: claims.scope })
}

/** Only a `uid` is unique in an org: a login name, a client's id and an agent's id may be one text, so each has a space of its own. */
function subjectOf({ claims, issuer, sub }: Caller): Subject {
  const uid = readString(claims, 'uid')
  const subject = uid ?? sub
  const profile = readProfile(claims)
  if (profile.includes('ai_agent'))
    return { kind: 'unknown', key: principalKey(issuer, 'agent', subject), subject, traits: ['agent'] }
  const isClient = profile.includes('service') || (uid === undefined && sub === claims.cid)
  if (isClient && (uid !== undefined || saysLogin(claims)))
    return { kind: 'unknown', key: ambiguousKey(issuer, subject), subject }
  if (isClient) return { kind: 'application', key: clientKey(issuer, sub), subject }
  if (uid !== undefined) return { kind: 'user', key: principalKey(issuer, uid), subject }
  return { kind: profile.includes('user') ? 'user' : 'unknown', key: principalKey(issuer, 'sub', sub), subject }
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken, issuer: string): string | undefined {
  if (reason === 'issuer_unknown' && claims.iss === new URL(issuer).origin) {
    return `the token is of Okta's org authorization server, which is for Okta's own APIs and must not be validated: have clients ask ${issuer} for it`
  }
  if (reason === 'claim_missing' && claims.iss === issuer && !Object.hasOwn(claims, 'cid'))
    return 'the token has no cid: send the access token, not the ID token'
  return undefined
}
