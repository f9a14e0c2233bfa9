// SPIFFE JWT-SVIDs (SPIFFE JWT-SVID specification): workloads of one trust domain.
import type { ValidationError } from '../errors/auth-error.ts'
import { checkOptions } from '../internal/options.ts'
import { checkHttpsAddress } from '../internal/urls.ts'
import type { IssuerEndpoint, IssuerWithAudience, JwkSet, UnverifiedToken } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { workload } from './subjects.ts'
import { checkTexts, type OneOrMore, readList } from './preset-options.ts'
import { checkShape } from './shapes.ts'

export interface SpiffeOptions {
  /** The trust domain without `spiffe://`, such as `prod.example.org`. */
  readonly trustDomain: string
  readonly audience: OneOrMore<string>
  /** The trust bundle itself; only its keys for JWT-SVIDs count. Then nothing is ever fetched. */
  readonly bundle?: JwkSet
  /** The address of the trust bundle, which must have a certificate that this machine trusts (`https_web`). */
  readonly bundleUri?: string
  /** The `/keys` of a SPIRE OIDC discovery provider, whose keys have another `use`, or none. */
  readonly jwksUri?: string
  /** The `iss` of its SVIDs, where they have one: SPIRE's `jwt_issuer`. SVIDs without `iss` are accepted all the same. */
  readonly issuer?: string
}

/**
 * Trusts the workloads of one SPIFFE trust domain: **every one of it**. So a policy must decide about each. The caller is the
 * SPIFFE ID, an application with the trait `workload`. The ID does not tell whether it is a device. An SVID needs no `iss`:
 * then `VerifiedToken.claims.iss` is absent, although its type names it, and `issuer` is that option, or `spiffe://<trust domain>`.
 * Does not accept SVIDs of federated trust domains: give each its own `spiffe()`. Does not speak to the Workload API.
 *
 * @throws TypeError unless exactly one of `bundle`, `bundleUri` and `jwksUri` is given.
 */
export function spiffe(options: SpiffeOptions): IssuerWithAudience {
  const names = ['trustDomain', 'audience', 'bundle', 'bundleUri', 'jwksUri', 'issuer']
  checkOptions('spiffe()', arguments, names)
  const { trustDomain, issuer } = options
  checkShape('trustDomain', trustDomain, /[a-z0-9._-]{1,255}/, 'prod.example.org')
  checkTexts({ issuer })
  const domain = `spiffe://${trustDomain}`
  const prefix = `${domain}/`
  return createIssuer({
    preset: 'spiffe',
    issuer: [{ issuer: issuer ?? domain, subjectPrefix: prefix, ...keysOf(options), insecureAllowHttp: false }],
    audience: readList('audience', options.audience),
    algorithms: ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'],
    types: ['JWT', 'JOSE', null],
    requires: ['sub'],
    texts: [],
    marks: 'own',
    validate: (token) => checkId(token, prefix),
    // Not keyed by the issuer: the same workload may have SVIDs with `iss` and without.
    subject: ({ sub }) => workload(domain, sub),
    tenant: () => trustDomain,
  })
}

/** A bundle marks its keys for JWT-SVIDs `jwt-svid`, and those for X.509-SVIDs otherwise; a discovery provider does neither. */
function keysOf({ bundle, bundleUri, jwksUri }: SpiffeOptions): Pick<IssuerEndpoint, 'keys' | 'keyUse'> {
  if ([bundle, bundleUri, jwksUri].filter((one) => one !== undefined).length !== 1)
    throw new TypeError('spiffe() needs exactly one of bundle, bundleUri and jwksUri.')
  if (bundle !== undefined) return { keyUse: 'jwt-svid', keys: { jwks: bundle } }
  if (bundleUri !== undefined) {
    checkHttpsAddress('bundleUri', bundleUri)
    return { keyUse: 'jwt-svid', keys: { jwksUri: bundleUri } }
  }
  checkHttpsAddress('jwksUri', jwksUri)
  return { keys: { jwksUri } }
}

/** An SVID that was found by its `iss` may still name a subject of another trust domain. Paths are never normalised. */
function checkId({ claims }: UnverifiedToken, prefix: string): ValidationError | undefined {
  const sub = String(claims.sub)
  const isId =
    sub.startsWith(prefix) && /^(?!\.{1,2}(\/|$))[\w.-]+(\/(?!\.{1,2}(\/|$))[\w.-]+)*$/.test(sub.slice(prefix.length))
  if (isId && sub.length <= 2048) return undefined
  const details = { claim: 'sub', expected: prefix }
  return { reason: 'claim_invalid', hint: `sub is no SPIFFE ID of ${prefix}`, details }
}
