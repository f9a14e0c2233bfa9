// Kubernetes service account tokens: bound tokens (TokenRequest, projected volumes) of one cluster.
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { checkHttpsAddress } from '../internal/urls.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import { metadataUrls } from '../issuer/discovery.ts'
import type { IssuerKeys, IssuerWithAudience, JwkSet, UnverifiedToken } from '../issuer/issuer.ts'
import { missing, unsaid } from './preset-claims.ts'
import { checkHttpsIssuer, readOwnAudience } from './preset-options.ts'

export interface KubernetesOptions {
  /** As the API server's `--service-account-issuer`; EKS: `https://oidc.eks.<region>.amazonaws.com/id/<id>`. */
  readonly issuer: string
  /** The audience of the pod's projected volume. Not the issuer itself: that is the audience of every pod's default token. */
  readonly audience: string | readonly string[]
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
  const audience = readOwnAudience(options.audience)
  if (audience.includes(issuer))
    throw new TypeError(
      'audience must be one of your own: every pod has a token for the API server, whose audience is the issuer.',
    )
  return {
    preset: 'kubernetes',
    endpoints: [{ issuer, keys: keysOf(options), insecureAllowHttp: false }],
    audience,
    algorithms: ['RS256'],
    types: [null],
    requiredClaims: ['sub'],
    validateToken: validateToken,
    principal,
    hint,
  }
}

function keysOf({ issuer, jwks, jwksUri }: KubernetesOptions): IssuerKeys {
  if (jwks !== undefined && jwksUri !== undefined) throw new TypeError('Give jwks or jwksUri, not both.')
  if (jwks !== undefined) return { jwks }
  if (jwksUri === undefined) return { metadataUrls: metadataUrls(issuer) }
  checkHttpsAddress('jwksUri', jwksUri)
  return { jwksUri }
}

function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const { namespace, uid } = accountOf(claims)
  return (
    checkAccessToken(claims) ?? (namespace === undefined || uid === undefined ? missing('kubernetes.io') : undefined)
  )
}

function accountOf(claims: JsonObject): { readonly namespace: string | undefined; readonly uid: string | undefined } {
  const bound = Object.hasOwn(claims, 'kubernetes.io') ? claims['kubernetes.io'] : undefined
  if (!isJsonObject(bound)) return { namespace: undefined, uid: undefined }
  const account = Object.hasOwn(bound, 'serviceaccount') ? bound.serviceaccount : undefined
  return {
    namespace: readString(bound, 'namespace'),
    uid: isJsonObject(account) ? readString(account, 'uid') : undefined,
  }
}

function principal(claims: JsonObject, issuer: string): Principal {
  const { namespace, uid } = accountOf(claims)
  return {
    ...unsaid,
    kind: 'application',
    key: principalKey(issuer, 'serviceaccount', String(uid)),
    subject: String(uid),
    issuer,
    tenant: String(namespace),
    traits: ['workload'],
  }
}

function hint(reason: AuthErrorReason, { claims }: UnverifiedToken): string | undefined {
  if (reason !== 'issuer_unknown' || claims.iss !== 'kubernetes/serviceaccount') return undefined
  return 'this is a legacy token from a secret, which never expires: mount a projected token (serviceAccountToken) with the audience of this API'
}
