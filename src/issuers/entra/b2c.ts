// Azure AD B2C: one issuer for all user flows of a tenant, or one for each; `ver` says 1.0 although the issuer ends with v2.0.
import type { Refusal } from '../../errors.ts'
import type { JsonObject } from '../../internal/json.ts'
import { checkOptions, checkString, checkStrings } from '../../internal/options.ts'
import { printable } from '../../internal/printable.ts'
import { type Principal, principalKey } from '../../principal/principal.ts'
import { readAuthentication, readString } from '../../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../../token/access-token.ts'
import { missing } from '../preset-claims.ts'
import type { IssuerWithAudience } from '../../trust/issuer.ts'
import type { IssuerEndpoint } from '../../trust/issuer-endpoint.ts'
import { clientIdOf, scopesOf } from './claims.ts'
import { readGuid } from './guid.ts'

export interface EntraB2COptions {
  /** The tenant's short name: `contoso` of `contoso.b2clogin.com` and `contoso.onmicrosoft.com`. */
  readonly tenantName: string
  /** The directory (tenant) id, a GUID: `iss` has it. */
  readonly tenantId: string
  /** The application (client) id of this API, a GUID. */
  readonly clientId: string
  /** The user flows and custom policies whose tokens are accepted, such as `B2C_1_signin`, as the tokens spell them. Each has its own keys, and all must put the same into `sub`. */
  readonly policies: readonly string[]
  /** `tenant` (default): `iss` names the tenant alone. `tfp`: it names the policy, too (issuer claim setting for OpenID Connect discovery). */
  readonly issuerFormat?: 'tenant' | 'tfp'
  /** The claim that names the policy: `tfp` (default), or `acr` as older flows have it. */
  readonly policyClaim?: 'tfp' | 'acr'
}

const names = ['tenantName', 'tenantId', 'clientId', 'policies', 'issuerFormat', 'policyClaim']

/**
 * Trusts the access tokens of users that an Azure AD B2C tenant makes for the API `clientId` through one of `policies`. The
 * policy is in `principal.authentication.contexts`. Refuses ID tokens, tokens without a scope, and other policies.
 *
 * Does not know tokens that applications get for themselves, a custom domain, and the cloud in China: use `oidc()` for these.
 *
 * @throws TypeError for ids that are no GUIDs, a domain where a name is needed, or no policy.
 */
export function entraB2C(options: EntraB2COptions): IssuerWithAudience {
  checkOptions('entraB2C()', arguments, names)
  const { issuerFormat = 'tenant', policyClaim = 'tfp' } = options
  checkStrings('policies', options.policies)
  const policies = Object.freeze([...options.policies])
  for (const policy of policies) {
    if (!/^[\w-]+$/.test(policy))
      throw new TypeError(`policies[] must be a policy's name such as 'B2C_1_signin', not '${policy}'.`)
  }
  if (!['tenant', 'tfp'].includes(issuerFormat)) throw new TypeError('issuerFormat must be one of tenant, tfp.')
  if (!['tfp', 'acr'].includes(policyClaim)) throw new TypeError('policyClaim must be one of tfp, acr.')
  const tenantId = readGuid('tenantId', options.tenantId)
  const name = readTenantName(options.tenantName)
  return {
    preset: 'entraB2C',
    endpoints: policies.map((policy) => endpointOf(policy, name, tenantId, { issuerFormat, policyClaim })),
    audience: [readGuid('clientId', options.clientId)],
    algorithms: ['RS256'],
    types: ['JWT'],
    requiredClaims: [policyClaim],
    // Like all of Entra's lists.
    keyCache: { graceSeconds: 24 * 60 * 60 },
    checkToken: ({ claims }) => checkToken(claims, tenantId, policies, policyClaim),
    principal: (claims, issuer) => principal(claims, issuer, tenantId, policyClaim),
  }
}

function readTenantName(value: unknown): string {
  checkString('tenantName', value)
  const name = value.toLowerCase()
  if (/^[a-z0-9-]+$/.test(name)) return name
  const first = name.replace(/^https?:\/\//, '').split('.')[0] ?? ''
  throw new TypeError(`tenantName must be the short name alone: write '${first}', not '${value}'.`)
}

function endpointOf(
  policy: string,
  name: string,
  tenantId: string,
  { issuerFormat, policyClaim }: Required<Pick<EntraB2COptions, 'issuerFormat' | 'policyClaim'>>,
): IssuerEndpoint {
  const host = `https://${name}.b2clogin.com`
  const issuer = issuerFormat === 'tfp' ? `${host}/tfp/${tenantId}/${policy}/v2.0/` : `${host}/${tenantId}/v2.0/`
  return {
    issuer,
    // All policies share one issuer, but not their keys.
    where: { claim: policyClaim, values: [...new Set([policy, policy.toLowerCase()])] },
    keys: { metadataUrls: [`${host}/${name}.onmicrosoft.com/${policy}/v2.0/.well-known/openid-configuration`] },
    insecureAllowHttp: false,
  }
}

/** "B2C omits tid by default"; where it is there, it must be right. */
function checkToken(
  claims: JsonObject,
  tenantId: string,
  policies: readonly string[],
  policyClaim: string,
): Refusal | undefined {
  const refusal = checkAccessToken(claims) ?? (Object.hasOwn(claims, 'nonce') ? notAnAccessToken('nonce') : undefined)
  if (refusal) return refusal
  const policy = String(claims[policyClaim])
  if (!policies.some((one) => one === policy || one.toLowerCase() === policy))
    return { code: 'claim_invalid', details: { claim: policyClaim, expected: policies, received: printable(policy) } }
  const tids = Object.keys(claims).filter((name) => name.toLowerCase() === 'tid')
  if (tids.some((name) => claims[name] !== tenantId))
    return { code: 'tenant_mismatch', details: { claim: 'tid', expected: tenantId, received: printable(claims.tid) } }
  if (clientIdOf(claims) === undefined) {
    return {
      code: 'claim_missing',
      hint: 'azp is not there, so this looks like an ID token: send the access token instead',
      details: { claim: 'azp' },
    }
  }
  if (scopesOf(claims).length === 0)
    return { code: 'token_without_permissions', hint: 'the token carries no scope (scp): ask for a scope of this API' }
  // A token with a scope is a user's; users without a name would share one key.
  if (subjectOf(claims) !== undefined) return undefined
  return missing('sub', 'the token names no user: set the subject claim (sub) of the user flow to the object id')
}

/** What flows whose setting for `sub` is "Not supported" write there: the same text for everybody. The user is in `oid`. */
const noSubject = 'Not supported currently. Use oid claim.'

function subjectOf(claims: JsonObject): string | undefined {
  return readString(claims, claims.sub === noSubject ? 'oid' : 'sub')
}

function principal(claims: JsonObject, issuer: string, tenant: string, policyClaim: string): Principal {
  const sub = String(subjectOf(claims))
  const client = String(clientIdOf(claims))
  const { acr, ...authentication } = readAuthentication(claims)
  const policy = readString(claims, policyClaim)
  return {
    kind: 'user',
    key: principalKey('entra-b2c', tenant, sub),
    subject: sub,
    issuer,
    tenant,
    client: { id: client, type: 'unknown' },
    scopes: scopesOf(claims),
    roles: [],
    permissions: [],
    groups: { values: [], complete: false },
    // `acr` is the policy here, or somebody's own claim; it says nothing of how strong the login was.
    authentication: {
      ...authentication,
      ...(acr !== undefined && policyClaim !== 'acr' && { acr }),
      ...(policy !== undefined && { contexts: [policy] }),
    },
    traits: [],
  }
}
