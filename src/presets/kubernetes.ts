// Kubernetes service account tokens: bound tokens (TokenRequest, projected volumes) of one cluster.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { checkHttpsAddress } from '../internal/urls.ts'
import { readString } from '../principal/read-claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerKeys, IssuerWithAudience, JwkSet } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { workload } from './subjects.ts'
import { missing } from './preset-claims.ts'
import { checkHttpsIssuer, type OneOrMore, readList } from './preset-options.ts'

export interface KubernetesOptions {
  /** As the API server's `--service-account-issuer`; EKS: `https://oidc.eks.<region>.amazonaws.com/id/<id>`. */
  readonly issuer: string
  /** The audience of the pod's projected volume. Not the issuer itself: that is the audience of every pod's default token. */
  readonly audience: OneOrMore<string>
  /** Where the keys are, when the metadata cannot be had or names an address out of reach: `https://<api server>/openid/v1/jwks`. */
  readonly jwksUri?: string
  /** The keys themselves, as `kubectl get --raw /openid/v1/jwks` prints them: then nothing is ever fetched. */
  readonly jwks?: JwkSet
}

/**
 * Trusts the service accounts of one cluster: **every one of it**. So a policy must decide about each. The caller is the
 * service account by its uid: namespace and name, and `sub` with them, can be created again for another account. Its tenant is
 * the namespace, by name. Refuses legacy tokens from secrets, which have neither `exp` nor `aud` and never end.
 *
 * An API server that wants to be asked with a token, or has its own CA, needs the verifier's `fetch` (which adds the token) and
 * `NODE_EXTRA_CA_CERTS`, or `jwks`. Does not ask the cluster whether pod or account still exist: a token lives until `exp`.
 *
 * @throws TypeError for an `audience` that is the issuer.
 */
export function kubernetes(options: KubernetesOptions): IssuerWithAudience {
  checkOptions('kubernetes()', arguments, ['issuer', 'audience', 'jwksUri', 'jwks'])
  const { issuer } = options
  checkHttpsIssuer('issuer', issuer)
  const audience = readList('audience', options.audience)
  if (audience.includes(issuer))
    throw new TypeError(
      'audience must be one of your own: every pod has a token for the API server, whose audience is the issuer.',
    )
  return createIssuer({
    preset: 'kubernetes',
    issuer,
    keys: keysOf(options),
    audience,
    algorithms: ['RS256'],
    types: [null],
    requires: ['sub'],
    texts: [],
    validate: ({ claims }) =>
      namespaceOf(claims) === undefined || uidOf(claims) === undefined ? missing('kubernetes.io') : undefined,
    subject: ({ claims, issuer: from }) => workload(from, 'serviceaccount', String(uidOf(claims))),
    tenant: namespaceOf,
    hint: (reason, { claims }) =>
      reason === 'issuer_unknown' && claims.iss === 'kubernetes/serviceaccount'
        ? 'this is a legacy token from a secret, which never expires: mount a projected token (serviceAccountToken) with the audience of this API'
        : undefined,
  })
}

function keysOf({ issuer, jwks, jwksUri }: KubernetesOptions): IssuerKeys {
  if (jwks !== undefined && jwksUri !== undefined) throw new TypeError('Give jwks or jwksUri, not both.')
  if (jwks !== undefined) return { jwks }
  if (jwksUri === undefined) return { metadataUrls: metadataUrls(issuer) }
  checkHttpsAddress('jwksUri', jwksUri)
  return { jwksUri }
}

function namespaceOf(claims: JsonObject): string | undefined {
  return readString(memberOf(claims, 'kubernetes.io'), 'namespace')
}

function uidOf(claims: JsonObject): string | undefined {
  return readString(memberOf(memberOf(claims, 'kubernetes.io'), 'serviceaccount'), 'uid')
}

function memberOf(parent: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(parent, name) ? parent[name] : undefined
  return isJsonObject(value) ? value : {}
}
