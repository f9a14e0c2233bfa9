// createResourceServer: the order of checks for a request: credential → token → policy → outcome. Knows no framework.
import { type Authorization, createAuthorization } from './authorization.ts'
import { AuthError, type ChallengeParams } from './errors.ts'
import { createEmit } from './events.ts'
import { type RefusalResponse, refusalResponse } from './http/challenge.ts'
import { readToken } from './http/token-headers.ts'
import { isPreflight, type RequestView } from './http/request-view.ts'
import type { ResourceMetadataOptions } from './http/resource-metadata.ts'
import { isQuotable } from './internal/auth-params.ts'
import { after, type Eventually } from './internal/eventually.ts'
import { checkOptionNames } from './internal/options.ts'
import { createPrivateSlot } from './internal/private-slot.ts'
import { evaluate, type Policy, type PolicyLike } from './policy/policy.ts'
import { refusalOf, scopeParam } from './policy-refusal.ts'
import { createPublishedMetadata, type MetadataResponse } from './published-metadata.ts'
import { type Outcome, tellRefusal } from './refusals.ts'
import { createRoutePolicies } from './route-policies.ts'
import type { ClaimsByIssuer } from './trust/typed-issuer.ts'
import type { VerifiedToken } from './verified-token.ts'
import { createVerifierParts, type Verifier } from './verifier.ts'
import { type IssuerOptions, tokenHeadersOf, type VerifierOptions, verifierOptionNames } from './verifier-options.ts'

/** Options of `createResourceServer`: those of `createVerifier`, and some about requests. */
export type ResourceServerOptions<
  I extends IssuerOptions = IssuerOptions,
  C = Record<string, unknown>,
> = VerifierOptions<I, C> & {
  /** The `realm` of the challenges (RFC 9110 §11.5). Default `api`. */
  readonly realm?: string
  /**
   * The default policy: must allow as well, whatever else a route asks for, unless its policy is a
   * `withoutDefaultPolicy(…)`.
   */
  readonly policy?: PolicyLike<VerifiedToken<ClaimsByIssuer<I, C>>, undefined>
  /**
   * Whether a client without a token is told which scopes it needs, in the challenge and in the metadata. Default `true`.
   * Who has a good token and lacks a scope is told in any case.
   */
  readonly publishScopes?: boolean
  /** Publishes protected resource metadata (RFC 9728), and names it in every challenge. */
  readonly metadata?: ResourceMetadataOptions
}

/** What came of a request's credential. `anonymous`: there was none of ours. */
export type Authentication<C = Record<string, unknown>> =
  | { readonly outcome: 'authenticated'; readonly auth: VerifiedToken<C> }
  | { readonly outcome: 'anonymous' }
  | { readonly outcome: 'refused'; readonly error: AuthError }

/** What came of a request at the door. */
export type Admission<C = Record<string, unknown>> = Exclude<Authentication<C>, { readonly outcome: 'anonymous' }>

/** An API's door, for any framework. Its functions may be taken off it. */
export interface ResourceServer<C = Record<string, unknown>> extends Verifier<C>, Authorization<C> {
  /** The `realm` of its challenges. */
  readonly realm: string
  /**
   * Reads and verifies the credential of `request`, once for each `request` object: do not keep one for later, when the
   * token may have expired. At once where nothing has to be waited for, so await it in any case. Does not reject for any
   * credential.
   */
  authenticate(request: RequestView): Eventually<Authentication<C>>
  /**
   * Authenticates, then asks the default policy and `policy`: the caller, or the refusal to send. At once where nothing has
   * to be waited for, so await it in any case. Never rejects.
   *
   * @throws TypeError when `policy` is none.
   */
  guard(request: RequestView, policy?: PolicyLike<VerifiedToken<C>, undefined>): Eventually<Admission<C>>
  /**
   * Makes a route's policy known ahead of its first request: its scopes enter the metadata. Adapters call it.
   *
   * @throws TypeError when it is no policy.
   */
  declare(policy: PolicyLike<VerifiedToken<C>, undefined>): void
  /** The answer for a refused request: status, headers and body. `request` chooses among several resources; without it none is named. */
  challenge(error: AuthError, request?: RequestView): RefusalResponse
  /** What every challenge of this server says, such as its realm. */
  challengeParams(request?: RequestView): ChallengeParams
  /** The answer when `request` asks for protected resource metadata (RFC 9728), else `undefined`. */
  metadata(request: RequestView): MetadataResponse | undefined
}

/**
 * Makes a resource server: it accepts the tokens that `createVerifier` with the same options would.
 *
 * @throws TypeError as `createVerifier` does, and for a realm that no header can carry.
 */
export function createResourceServer<const I extends IssuerOptions, C = Record<string, unknown>>(
  options: ResourceServerOptions<I, C>,
): ResourceServer<ClaimsByIssuer<I, C>> {
  return createAnyResourceServer<ClaimsByIssuer<I, C>>(options as unknown as ResourceServerOptions)
}

function createAnyResourceServer<C>(options: ResourceServerOptions): ResourceServer<C> {
  checkOptionNames('createResourceServer()', options, [...verifierOptionNames, ...ownOptionNames])
  const { realm = 'api', policy, publishScopes = true, metadata: publishing, ...verifierOptions } = options
  if (typeof realm !== 'string' || !isQuotable(realm))
    throw new TypeError('realm must be printable ASCII without " and \\.')
  if (typeof publishScopes !== 'boolean') throw new TypeError('publishScopes must be true or false.')
  if (Object.hasOwn(options, 'policy') && policy === undefined)
    throw new TypeError('policy is undefined: leave it out, or name the one that was meant.')
  const routes = createRoutePolicies(policy as PolicyLike<VerifiedToken<C>, undefined> | undefined)
  const { verify, ...verifier } = createVerifierParts<C>(verifierOptions)
  const tokenHeaders = tokenHeadersOf(verifierOptions.issuer)
  const published = createPublishedMetadata(publishing, verifierOptions, () => (publishScopes ? routes.required() : []))
  const emit = createEmit(options.onEvent)
  const known = createPrivateSlot<Eventually<Authentication<C>>>()

  function authenticate(request: RequestView): Eventually<Authentication<C>> {
    const earlier = known.get(request)
    if (earlier) return earlier
    const authentication = authenticateOnce(request)
    known.set(request, authentication)
    return authentication
  }

  function authenticateOnce(request: RequestView): Eventually<Authentication<C>> {
    const credential = readToken(request, tokenHeaders)
    if (credential === undefined) return { outcome: 'anonymous' }
    if ('code' in credential)
      return refused(new AuthError(credential.code, { challengeParams: challengeParams(request) }))
    return after(verify(credential.token, credential.header), toAuthentication)
  }

  function guard(
    request: RequestView,
    routePolicy?: PolicyLike<VerifiedToken<C>, undefined>,
  ): Eventually<Admission<C>> {
    const policy = routes.policyOf(routePolicy)
    return after(authenticate(request), (authentication) => {
      if (authentication.outcome === 'refused') return authentication
      if (authentication.outcome === 'anonymous') return refused(anonymousError(request, policy))
      if (!policy) return authentication
      const { auth } = authentication
      return after(evaluate(policy, { auth, resource: undefined }), (decision) => {
        if (decision.effect === 'allow') return authentication
        return refused(refusalOf(decision, { auth: auth as VerifiedToken, policy, params: challengeParams(request) }))
      })
    })
  }

  function anonymousError(request: RequestView, policy: Pick<Policy, 'requires'> | undefined): AuthError {
    // Only scopes: what login it takes is not told before a token has been verified.
    const scopes = publishScopes ? scopeParam(policy?.requires) : {}
    return new AuthError('credential_missing', {
      hint: isPreflight(request) ? preflightHint : undefined,
      challengeParams: { ...challengeParams(request), ...scopes },
    })
  }

  function refused(error: AuthError): { readonly outcome: 'refused'; readonly error: AuthError } {
    return { outcome: 'refused', error: reported(error) }
  }

  function challengeParams(request?: RequestView): ChallengeParams {
    return { realm, ...published.challengeParams(request) }
  }

  function reported(error: AuthError): AuthError {
    return tellRefusal(emit, error)
  }

  return {
    ...verifier,
    realm,
    authenticate,
    guard,
    ...createAuthorization<C>({ challengeParams, reported }),
    declare: (policy) => void routes.policyOf(policy),
    challenge: (error, request) => refusalResponse(error, challengeParams(request)),
    challengeParams,
    metadata: published.answer,
  }
}

function toAuthentication<C>(outcome: Outcome<VerifiedToken<C>>): Authentication<C> {
  return outcome instanceof AuthError
    ? { outcome: 'refused', error: outcome }
    : { outcome: 'authenticated', auth: outcome }
}

const preflightHint =
  'this is a CORS preflight, which never carries a token: put your CORS middleware before the guard, so that it answers'

const ownOptionNames = ['publishScopes', 'metadata', 'realm', 'policy']
