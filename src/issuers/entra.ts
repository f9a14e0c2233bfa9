// Microsoft Entra ID, one tenant: v1.0 and v2.0 access tokens, told from ID tokens that share their issuer, keys and audience.
import type { Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptionNames, checkString, checkStrings } from '../internal/options.ts'
import { printable } from '../internal/printable.ts'
import { type Principal, type PrincipalClient, principalKey } from '../principal/principal.ts'
import { readAuthentication, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../token/access-token.ts'
import type { IssuerEndpoint } from '../trust/issuer-endpoint.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../trust/issuer.ts'

export interface EntraOptions {
  /** The directory (tenant) id, a GUID. */
  readonly tenant: string
  /** The application (client) id of this API, a GUID. Its audiences are derived from it. */
  readonly clientId: string
  /** Further application ID URIs of this API, such as `https://api.contoso.com`. */
  readonly audiences?: readonly string[]
  /** Default `public`. */
  readonly cloud?: EntraCloud
}

export type EntraCloud = keyof typeof clouds

const clouds = {
  public: { login: 'https://login.microsoftonline.com', v1: 'https://sts.windows.net' },
  usGov: { login: 'https://login.microsoftonline.us', v1: 'https://sts.windows.net' },
  china: { login: 'https://login.partner.microsoftonline.cn', v1: 'https://sts.chinacloudapi.cn' },
} as const

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const graph = ['00000003-0000-0000-c000-000000000000', 'https://graph.microsoft.com', 'https://graph.microsoft.com/']

/**
 * Trusts one Entra ID tenant for the API `clientId`, in the token format 1.0 or 2.0 that the API's registration asks
 * for. Accepts tokens of users that carry a scope, and tokens of applications that carry a role. Refuses ID tokens,
 * tokens for Microsoft Graph, and an application's token without a role: every application of a tenant can get one.
 *
 * Does not accept tokens of other tenants, and does not look up groups that Entra left out of a token.
 *
 * @throws TypeError when `tenant` or `clientId` is no GUID.
 */
export function entra(options: EntraOptions): IssuerWithAudience {
  checkOptionNames('entra()', options, ['tenant', 'clientId', 'audiences', 'cloud'])
  const { audiences = [], cloud = 'public' } = options
  if (!Object.hasOwn(clouds, cloud)) throw new TypeError(`cloud must be one of ${Object.keys(clouds).join(', ')}.`)
  checkStrings('audiences', audiences, 0)
  const tenant = readGuid('tenant', options.tenant)
  const clientId = readGuid('clientId', options.clientId)
  return {
    preset: 'entra',
    endpoints: endpointsOf(tenant, cloud),
    audience: [clientId, `api://${clientId}`, ...audiences].flatMap((one) => [one, slashToggled(one)]),
    algorithms: ['RS256'],
    types: ['JWT'],
    requiredClaims: ['tid'],
    // Entra's lists are not read-consistent: a kid may be missing for hours and come back.
    keyCache: { graceSeconds: 24 * 60 * 60 },
    checkToken: (token) => checkToken(token, tenant),
    principal,
  }
}

/** Each token format has its own issuer and its own metadata; only the metadata of its own format has its keys. */
function endpointsOf(tenant: string, cloud: EntraCloud): readonly IssuerEndpoint[] {
  const { login, v1 } = clouds[cloud]
  const endpoint = (issuer: string, base: string): IssuerEndpoint => ({
    issuer,
    keys: { metadataUrls: [`${base}/.well-known/openid-configuration`] },
    insecureAllowHttp: false,
  })
  return [
    endpoint(`${login}/${tenant}/v2.0`, `${login}/${tenant}/v2.0`),
    endpoint(`${v1}/${tenant}/`, `${login}/${tenant}`),
  ]
}

function readGuid(name: string, value: unknown): string {
  checkString(name, value)
  const lower = value.toLowerCase()
  if (guid.test(lower)) return lower
  if (['common', 'organizations', 'consumers'].includes(lower)) {
    throw new TypeError(
      `tenant: '${value}' stands for many tenants, which entra() does not support yet: write one tenant's id.`,
    )
  }
  throw new TypeError(
    `${name} must be a GUID such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration), not '${value}'.`,
  )
}

/** v1.0 tokens carry the audience that the client asked for, "with or without a trailing slash". */
function slashToggled(audience: string): string {
  return audience.endsWith('/') ? audience.slice(0, -1) : `${audience}/`
}

function checkToken(token: UnverifiedToken, tenant: string): Refusal | undefined {
  return (
    checkResource(token) ??
    checkAccessToken(token.claims) ??
    (Object.hasOwn(token.claims, 'nonce') ? notAnAccessToken('nonce') : undefined) ??
    checkTenant(token.claims, tenant) ??
    checkSubject(token.claims) ??
    checkPermissions(token.claims)
  )
}

/** The signature of a token with a header `nonce` covers something else than the token: only its own API can verify it. */
function checkResource({ header, claims }: UnverifiedToken): Refusal | undefined {
  const forGraph = graph.includes(String(claims.aud))
  if (!Object.hasOwn(header, 'nonce') && !forGraph) return undefined
  const resource = forGraph ? 'Microsoft Graph' : 'a Microsoft API'
  return {
    code: 'token_for_other_resource',
    hint: `the token is for ${resource} (aud ${printable(claims.aud)}): ask for a scope of this API, such as api://<client id>/access_as_user`,
  }
}

function checkTenant(claims: JsonObject, tenant: string): Refusal | undefined {
  const names = Object.keys(claims).filter((name) => name.toLowerCase() === 'tid')
  if (names.length === 1 && claims.tid === tenant) return undefined
  return { code: 'tenant_mismatch', details: { claim: 'tid', expected: tenant, received: printable(claims.tid) } }
}

/** Entra always sends `sub`; without it or an empty one, callers without an `oid` would share one key. */
function checkSubject(claims: JsonObject): Refusal | undefined {
  return readString(claims, 'sub') === undefined ? { code: 'claim_missing', details: { claim: 'sub' } } : undefined
}

/** An ID token has the issuer, keys, `typ` and audience of an access token and may carry `roles`, but no `scp` and no `azp`. */
function checkPermissions(claims: JsonObject): Refusal | undefined {
  if (clientIdOf(claims) === undefined) return { code: 'claim_missing', details: { claim: 'azp' } }
  if (scopesOf(claims).length > 0) return undefined
  // An application without an oid has no service principal in this tenant, so nobody there has let it in.
  const isLocalApplication = kindOf(claims) === 'application' && readString(claims, 'oid') !== undefined
  if (isLocalApplication && readStrings(claims, 'roles').length > 0) return undefined
  return {
    code: 'token_without_permissions',
    hint: "the token carries neither a scope (scp) nor, proven to be an application's, an app role: grant one, or send the access token instead of the ID token",
  }
}

function scopesOf(claims: JsonObject): readonly string[] {
  return readScopes({ scp: claims.scp }).filter((scope) => scope !== '/')
}

function clientIdOf(claims: JsonObject): string | undefined {
  return readString(claims, 'azp') ?? readString(claims, 'appid')
}

/** Who the subject is, by what Entra declares first, and by its documented fallback for applications last. */
function kindOf(claims: JsonObject): Principal['kind'] {
  const relations = (readString(claims, 'xms_idrel') ?? '').split(' ')
  if (claims.idtyp === 'device' || relations.includes('9')) return 'device'
  if (claims.idtyp === 'app') return 'application'
  if (claims.idtyp === 'user') return 'user'
  if (claims.idtyp !== undefined) return 'unknown'
  if (scopesOf(claims).length > 0) return 'user'
  const oid = readString(claims, 'oid')
  return oid !== undefined && oid === claims.sub ? 'application' : 'unknown'
}

function principal(claims: JsonObject, issuer: string): Principal {
  const tenant = String(claims.tid)
  const oid = readString(claims, 'oid')
  const sub = String(claims.sub)
  return {
    kind: kindOf(claims),
    // The same for the 1.0 and 2.0 tokens of one user or application; sub alone is pairwise and stays apart.
    key: oid === undefined ? principalKey('entra', tenant, 'sub', sub) : principalKey('entra', tenant, oid),
    subject: oid ?? sub,
    issuer,
    tenant,
    client: { id: String(clientIdOf(claims)), type: clientTypeOf(claims) },
    scopes: scopesOf(claims),
    roles: readStrings(claims, 'roles'),
    permissions: [],
    groups: { values: readStrings(claims, 'groups'), complete: !isOverage(claims) },
    authentication: readAuthentication(claims),
    traits: [],
  }
}

function clientTypeOf(claims: JsonObject): PrincipalClient['type'] {
  const authenticated = readString(claims, 'azpacr') ?? readString(claims, 'appidacr')
  if (authenticated === undefined) return 'unknown'
  return authenticated === '0' ? 'public' : 'confidential'
}

/** Entra leaves the groups out of a token when there are too many, and says so in one of these. */
function isOverage(claims: JsonObject): boolean {
  return Object.hasOwn(claims, 'hasgroups') || Object.hasOwn(claims, '_claim_names')
}
