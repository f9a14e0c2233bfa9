// Azure AD B2C: one issuer for all user flows of a tenant, or one for each; `ver` says 1.0 although the issuer ends with v2.0.
import type { ValidationError } from '../../errors/auth-error.ts'
import { type JsonObject, printable } from '../../internal/json.ts'
import { checkOptions } from '../../internal/options.ts'
import { type Principal, principalKey } from '../../principal/principal.ts'
import { readAuthentication, readString } from '../../principal/read-claims.ts'
import { checkAccessToken } from '../../jwt/claims.ts'
import { missing } from '../preset-claims.ts'
import { type OneOrMore, readList } from '../preset-options.ts'
import type { IssuerEndpoint, IssuerWithAudience } from '../../issuer/issuer.ts'
import { b2cHint, type B2CTrust } from './b2c-hint.ts'
import { clientIdOf, scopesOf } from './claims.ts'
import { readCustomerHost, readShortName } from './customer-host.ts'
import { readGuid } from './guid.ts'

/** Options of `entraB2C()`: the tenant by its short name, or by a custom domain. */
export type EntraB2COptions = EntraB2CBaseOptions &
  (
    | {
        /** The tenant's short name: `contoso` of `contoso.b2clogin.com` and `contoso.onmicrosoft.com`. */
        readonly tenantName: string
        readonly domain?: undefined
      }
    | {
        /** The tenant's custom domain, such as `login.contoso.com`; for the cloud in China the host `contoso.b2clogin.cn`. */
        readonly domain: string
        readonly tenantName?: undefined
      }
  )

/** Which tokens of a tenant are accepted. */
export interface EntraB2CBaseOptions {
  /** The directory (tenant) id, a GUID: `iss` has it. */
  readonly tenantId: string
  /** The application (client) id of this API, a GUID. */
  readonly clientId: string
  /**
   * The user flows and custom policies whose tokens are accepted, such as `B2C_1_signin`, in any letter case. Each has its own keys,
   * and all must put the same into `sub`.
   */
  readonly policies: OneOrMore<string>
  /** `tenant` (default): `iss` names the tenant alone. `tfp`: it names the policy, too (issuer claim setting for OpenID Connect discovery). */
  readonly issuerFormat?: 'tenant' | 'tfp'
  /** The claim that names the policy: `tfp` (default), or `acr` as older flows have it. */
  readonly policyClaim?: 'tfp' | 'acr'
}

const names = ['tenantName', 'domain', 'tenantId', 'clientId', 'policies', 'issuerFormat', 'policyClaim']

/**
 * Trusts the access tokens that an Azure AD B2C tenant makes for the API `clientId` through one of `policies`. The
 * policy, as spelled in the options, is in `principal.authentication.contexts`. Refuses ID tokens, tokens without a scope, and
 * other policies. Nothing but `auth_time` tells a user from an application with a token for itself (client credentials), whose app
 * roles B2C writes as scopes (Microsoft Learn, "Set up OAuth 2.0 client credentials flow"): without it the kind is `unknown`.
 *
 * A custom domain stands in `iss` (Microsoft Learn, Azure AD B2C, "Enable custom domains", token issuance): tokens made at
 * `contoso.b2clogin.com` have another issuer. To take both, trust two: the `key` of a user is the same.
 *
 * @throws TypeError for ids that are no GUIDs, a domain where a name is needed, or no policy.
 */
export function entraB2C(options: EntraB2COptions): IssuerWithAudience {
  checkOptions('entraB2C()', arguments, names)
  const trust = readTrust(options)
  const path =
    options.domain === undefined ? `${readShortName('tenantName', options.tenantName)}.onmicrosoft.com` : trust.tenantId
  return {
    preset: 'entraB2C',
    endpoints: trust.policies.map((policy) => endpointOf(policy, path, trust)),
    audience: [readGuid('clientId', options.clientId)],
    algorithms: ['RS256'],
    types: ['JWT'],
    requiredClaims: [],
    // Like all of Entra's lists.
    keyCache: { graceSeconds: 24 * 60 * 60 },
    validateToken: ({ claims }) => validateToken(claims, trust.tenantId),
    principal: (claims, issuer) => principal(claims, issuer, trust),
    hint: (code, token) => b2cHint(code, token, trust),
  }
}

function readTrust(options: EntraB2COptions): B2CTrust {
  const { issuerFormat = 'tenant', policyClaim = 'tfp' } = options
  const policies = readList('policies', options.policies)
  for (const policy of policies) {
    if (!/^[\w-]+$/.test(policy))
      throw new TypeError(`policies[] must be a policy's name such as 'B2C_1_signin', not '${policy}'.`)
  }
  if (!['tenant', 'tfp'].includes(issuerFormat)) throw new TypeError('issuerFormat must be one of tenant, tfp.')
  if (!['tfp', 'acr'].includes(policyClaim)) throw new TypeError('policyClaim must be one of tfp, acr.')
  return {
    host: readCustomerHost({ name: 'tenantName', domain: 'b2clogin.com' }, options.tenantName, options.domain),
    tenantId: readGuid('tenantId', options.tenantId),
    policies,
    issuerFormat,
    policyClaim,
  }
}

/** `path` names the tenant in the addresses of its metadata: by its domain, or at a custom domain by its id. */
function endpointOf(
  policy: string,
  path: string,
  { host, tenantId, issuerFormat, policyClaim }: B2CTrust,
): IssuerEndpoint {
  const [issuer = '', ...aliases] =
    issuerFormat === 'tfp'
      ? [...new Set([policy, policy.toLowerCase()])].map((one) => `https://${host}/tfp/${tenantId}/${one}/v2.0/`)
      : [`https://${host}/${tenantId}/v2.0/`]
  return {
    issuer,
    // B2C was seen to write every policy in `iss` in small letters.
    aliases,
    // All policies share one issuer, but not their keys.
    discriminator: { claim: policyClaim, values: [policy] },
    keys: { metadataUrls: [`https://${host}/${path}/${policy}/v2.0/.well-known/openid-configuration`] },
    insecureAllowHttp: false,
  }
}

/**
 * An ID token has neither `azp` nor `scp`. A `nonce` tells nothing: the documented access token has that of the request for it
 * (Microsoft Learn, "Request an access token"). B2C omits `tid` by default; where it is there, it must be right.
 */
function validateToken(claims: JsonObject, tenantId: string): ValidationError | undefined {
  const refusal = checkAccessToken(claims)
  if (refusal) return refusal
  const tids = Object.keys(claims).filter((name) => name.toLowerCase() === 'tid')
  if (tids.some((name) => claims[name] !== tenantId))
    return { reason: 'tenant_mismatch', details: { claim: 'tid', expected: tenantId, received: printable(claims.tid) } }
  if (clientIdOf(claims) === undefined) {
    return {
      reason: 'claim_missing',
      hint: 'azp is not there, so this looks like an ID token: send the access token instead',
      details: { claim: 'azp' },
    }
  }
  if (scopesOf(claims).length === 0)
    return {
      reason: 'token_without_permissions',
      hint: 'the token carries no scope (scp): ask for a scope of this API',
    }
  // A token with a scope is a user's; users without a name would share one key.
  if (subjectOf(claims) !== undefined) return undefined
  return missing('sub', 'the token names no user: set the subject claim (sub) of the user flow to the object id')
}

/** The `sub` of flows whose setting for it is "Not supported": the same text for all users. The user is in `oid`. */
const noSubject = 'Not supported currently. Use oid claim.'

function subjectOf(claims: JsonObject): string | undefined {
  return readString(claims, claims.sub === noSubject ? 'oid' : 'sub')
}

/**
 * Only a user has a time of login. Without one the subject is unknown: an application's own token (client credentials) has a `sub`
 * and scopes like a user's.
 */
function principal(
  claims: JsonObject,
  issuer: string,
  { tenantId: tenant, policies, policyClaim }: B2CTrust,
): Principal {
  const sub = String(subjectOf(claims))
  const client = String(clientIdOf(claims))
  const { acr, ...authentication } = readAuthentication(claims)
  const policy = policies.find((one) => one.toLowerCase() === readString(claims, policyClaim)?.toLowerCase())
  return {
    kind: authentication.time === undefined ? 'unknown' : 'user',
    key: principalKey('entra-b2c', tenant, sub),
    subject: sub,
    issuer,
    tenant,
    client: { id: client, type: 'unknown' },
    scopes: scopesOf(claims),
    roles: [],
    permissions: [],
    groups: { values: [], complete: false },
    // `acr` is the policy here, or a custom claim. It says nothing of the strength of the login.
    authentication: {
      ...authentication,
      ...(acr !== undefined && policyClaim !== 'acr' && { acr }),
      ...(policy !== undefined && { contexts: [policy] }),
    },
    traits: [],
  }
}
