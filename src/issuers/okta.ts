// Okta: access tokens of a custom authorization server. Those of the org authorization server are not for us to validate.
import type { AuthErrorCode, Refusal } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { type Principal, type PrincipalActor, principalKey } from '../principal/principal.ts'
import { readActor, readAuthentication, readScopes, readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../token/access-token.ts'
import { metadataUrls } from '../trust/discovery.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../trust/issuer.ts'
import type { TypedIssuer } from '../trust/typed-issuer.ts'
import { createGroupsReader, type GroupsOptions, type GroupsReader } from './preset-claims.ts'
import { checkIssuerUrl, readAudience } from './preset-options.ts'

export interface OktaOptions extends GroupsOptions {
  /** The Issuer URI of a custom authorization server, such as `https://acme.okta.com/oauth2/default`. */
  readonly issuer: string
  /** Its audience, such as `api://default`. `null` turns the check off. */
  readonly audience: string | readonly string[] | null
}

/**
 * Trusts one custom authorization server of Okta. Users are those with a `uid`, which is also the subject: `sub` is usually a
 * login name that can change hands. Refuses ID tokens, which have no `cid`, and the tokens of the org authorization server: their
 * form may change at any time, and they are for Okta's own APIs.
 *
 * Does not take a token without `uid` for an application's because `sub` equals `cid`: that is not verified, so the kind is
 * `unknown`, unless `sub_profile` is `service`. The same for an AI agent as subject, which has the trait `agent`.
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
    requiredClaims: ['sub', 'cid'],
    checkToken,
    principal: (claims, from) => principal(claims, from, readGroups),
    hint: (code, token) => hint(code, token, issuer),
  }
}

function readIssuer(value: unknown): string {
  checkIssuerUrl('issuer', value)
  const { host, pathname } = new URL(value)
  // `/oauth2/v1/…` are the endpoints of the org authorization server, `{org}-admin` is the console for administrators.
  const id = /^\/oauth2\/([A-Za-z0-9]+)(?:\/|$)/.exec(pathname)?.[1]
  const right = `https://${host.replace(/-admin(?=\.okta)/, '')}/oauth2/${id === undefined || id === 'v1' ? 'default' : id}`
  if (value === right) return value
  throw new TypeError(
    `issuer must be the Issuer URI of a custom authorization server: write '${right}', or with the id of yours, not '${value}'. Tokens of the org authorization server must not be validated.`,
  )
}

function checkToken({ claims }: UnverifiedToken): Refusal | undefined {
  const unnamed = ['sub', 'cid'].find((name) => readString(claims, name) === undefined)
  return unnamed ? { code: 'claim_invalid', details: { claim: unnamed } } : checkAccessToken(claims)
}

function principal(claims: JsonObject, issuer: string, readGroups: GroupsReader): Principal {
  const uid = readString(claims, 'uid')
  const sub = String(claims.sub)
  const actor = actorOf(claims)
  return {
    kind: kindOf(claims, uid),
    // Whoever may choose a sub must not choose another's uid.
    key: uid === undefined ? principalKey(issuer, 'sub', sub) : principalKey(issuer, uid),
    subject: uid ?? sub,
    issuer,
    tenant: new URL(issuer).host,
    client: { id: String(claims.cid), type: 'unknown' },
    scopes: readScopes(Object.hasOwn(claims, 'scp') ? { scp: claims.scp } : { scope: claims.scope }),
    roles: [],
    permissions: [],
    groups: readGroups(claims),
    ...(actor && { actor }),
    authentication: readAuthentication(claims),
    traits: claims.sub_profile === 'ai_agent' ? ['agent'] : [],
  }
}

function kindOf({ sub_profile: profile }: JsonObject, uid: string | undefined): Principal['kind'] {
  if (profile === 'service') return 'application'
  return uid === undefined || profile === 'ai_agent' ? 'unknown' : 'user'
}

function actorOf(claims: JsonObject): PrincipalActor | undefined {
  const actor = readActor(claims)
  const isAgent = isJsonObject(claims.act) && claims.act.sub_profile === 'ai_agent'
  return actor && isAgent ? { ...actor, traits: ['agent'] } : actor
}

function hint(code: AuthErrorCode, { claims }: UnverifiedToken, issuer: string): string | undefined {
  if (code === 'issuer_unknown' && claims.iss === new URL(issuer).origin) {
    return `the token is of Okta's org authorization server, which is for Okta's own APIs and must not be validated: have clients ask ${issuer} for it`
  }
  if (code === 'claim_missing' && claims.iss === issuer && !Object.hasOwn(claims, 'cid'))
    return 'the token has no cid: send the access token, not the ID token'
  return undefined
}
