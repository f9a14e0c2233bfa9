// Microsoft Entra ID: one tenant, in token format 2.0 or 1.0, with the addresses that a tenant shares with all others.
import type { JsonObject } from '../../internal/json.ts'
import { checkOptions, checkString } from '../../internal/options.ts'
import { checkOneOf } from '../check-one-of.ts'
import type { IssuerProfile, ProfileKeySet, ProfileMetadata, TokenShape } from '../profile.ts'

export interface EntraProfileOptions {
  /** The directory (tenant) id, a GUID. */
  readonly tenant: string
  /** The application (client) id of the API. */
  readonly clientId: string
  /** The client that asks for tokens. */
  readonly callerId?: string
  /** The token format of the API's registration. Default `2.0`. */
  readonly version?: '1.0' | '2.0'
  /** Whether the API has a signing key of its own, which only the addresses with `?appid=` publish. Default `false`. */
  readonly customSigningKeys?: boolean
  /** Default `public`. */
  readonly cloud?: 'public' | 'usGov' | 'china'
}

const clouds = {
  public: { login: 'https://login.microsoftonline.com', v1: 'https://sts.windows.net' },
  usGov: { login: 'https://login.microsoftonline.us', v1: 'https://sts.windows.net' },
  china: { login: 'https://login.partner.microsoftonline.cn', v1: 'https://sts.chinacloudapi.cn' },
} as const

const alice = { oid: 'a11ce000-0000-4000-8000-000000000002', sub: 'pairwise-subject-of-alice' }
const daemon = 'dae00000-0000-4000-8000-000000000003'

/**
 * An Entra ID tenant. A user's token has the scope `access_as_user`, an application's the role `Access.All`, until you write
 * others. Its metadata is also at `organizations` and `common`, with a placeholder for the tenant in its issuer.
 */
export function entraLike(options: EntraProfileOptions): IssuerProfile {
  checkOptions('entraLike()', arguments, ['tenant', 'clientId', 'callerId', 'version', 'customSigningKeys', 'cloud'])
  const { tenant, clientId, version = '2.0', customSigningKeys = false, cloud = 'public' } = options
  checkString('tenant', tenant)
  checkString('clientId', clientId)
  checkOneOf('cloud', cloud, Object.keys(clouds))
  checkOneOf('version', version, ['1.0', '2.0'])
  const { login, v1 } = clouds[cloud]
  const isV2 = version === '2.0'
  const shared = { login, v1, query: '', hasKey: !customSigningKeys }
  const places: readonly Place[] = [
    { ...shared, path: tenant, tid: tenant },
    { ...shared, path: 'organizations', tid: '{tenantid}' },
    { ...shared, path: 'common', tid: '{tenantid}' },
    ...(customSigningKeys ? [{ login, v1, query: `?appid=${clientId}`, hasKey: true, path: tenant, tid: tenant }] : []),
  ]
  return {
    name: 'entra',
    issuer: isV2 ? `${login}/${tenant}/v2.0` : `${v1}/${tenant}/`,
    audience: isV2 ? clientId : `api://${clientId}`,
    lifetimeSeconds: 3900,
    metadata: places.flatMap(metadataOf),
    keySets: places.flatMap(keySetsOf),
    tokens: tokensOf(options, isV2),
  }
}

/** Where the documents of one path are. */
interface Place {
  readonly login: string
  readonly v1: string
  readonly path: string
  readonly tid: string
  readonly query: string
  /** Whether the key that signs is listed there under its kid. */
  readonly hasKey: boolean
}

/** v1.0 and v2.0 each have their own document; those of no tenant have a placeholder where a tenant's have its id. */
function metadataOf({ login, v1, path, tid, query }: Place): readonly ProfileMetadata[] {
  return [
    {
      url: `${login}/${path}/v2.0/.well-known/openid-configuration${query}`,
      document: { issuer: `${login}/${tid}/v2.0`, jwks_uri: `${login}/${path}/discovery/v2.0/keys${query}` },
    },
    {
      url: `${login}/${path}/.well-known/openid-configuration${query}`,
      document: { issuer: `${v1}/${tid}/`, jwks_uri: `${login}/${path}/discovery/keys${query}` },
    },
  ]
}

/** Its JWKs have no `alg`; those of v2.0 say whose tokens they may sign. */
function keySetsOf({ login, path, query, hasKey }: Place): readonly ProfileKeySet[] {
  const issuer = `${login}/{tenantid}/v2.0`
  const jwk = (one: JsonObject): JsonObject => {
    const kid = hasKey ? one.kid : `other-${String(one.kid)}`
    return { ...one, alg: undefined, kid, x5t: kid }
  }
  return [
    { url: `${login}/${path}/discovery/v2.0/keys${query}`, jwk: (one) => ({ ...jwk(one), issuer }) },
    { url: `${login}/${path}/discovery/keys${query}`, jwk },
  ]
}

function tokensOf(
  { tenant, clientId, callerId = 'c0ffee00-0000-4000-8000-000000000001' }: EntraProfileOptions,
  isV2: boolean,
): IssuerProfile['tokens'] {
  const aud = isV2 ? clientId : `api://${clientId}`
  const caller = (method: string): JsonObject =>
    isV2 ? { azp: callerId, azpacr: method } : { appid: callerId, appidacr: method }
  const shape = (claims: JsonObject): TokenShape => ({
    header: (kid) => (isV2 ? { typ: 'JWT' } : { typ: 'JWT', x5t: kid }),
    claims: ({ nowSeconds, tokenId }) => ({
      nbf: nowSeconds,
      tid: tenant,
      uti: tokenId,
      ver: isV2 ? '2.0' : '1.0',
      ...claims,
    }),
  })
  const login = isV2 ? {} : { acr: '1', amr: ['pwd'] }
  return {
    user: shape({ aud, ...alice, ...caller('0'), ...login, scp: 'access_as_user', name: 'Alice' }),
    application: shape({ aud, oid: daemon, sub: daemon, idtyp: 'app', ...caller('1'), roles: ['Access.All'] }),
    // The worst case: the API's own registration signs a user in, so the ID token has the audience of an access token.
    id: shape({ aud: clientId, ...alice, name: 'Alice', preferred_username: 'alice@contoso.example' }),
  }
}
