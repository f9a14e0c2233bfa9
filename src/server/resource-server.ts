// createResourceServer: an API that accepts access tokens, for any framework. The order of checks for a request is in request-guard.ts.
import { createNotes } from '../internal/freeze.ts'
import { type Authorization, createAuthorization, type RequireOptions } from './authorize.ts'
import type { AuthError } from '../errors/auth-error.ts'
import { createEmit } from '../errors/events.ts'
import { type RefusalResponse, withHeaderLines } from './response.ts'
import type { RequestView } from '../http/request-view.ts'
import type { ResourceMetadataOptions } from '../http/resource-metadata.ts'
import { type ChallengeParams, isQuotable } from '../errors/challenge.ts'
import { checkArgumentCount, checkBoolean, checkOptions } from '../internal/options.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { checkResource, type PolicyLike } from '../policy/policy.ts'
import { createPublishedMetadata, type MetadataResponse } from './published-metadata.ts'
import { type Authentication, createRequestGuard, type RequestGuard } from './request-guard.ts'
import { createRoutePolicies } from './route-policies.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { createVerifierParts, type Verifier } from '../verifier/verifier.ts'
import { type IssuerOptions, tokenHeadersOf, type VerifierOptions, verifierOptionNames } from '../verifier/options.ts'

/** Options of `createResourceServer`: those of `createVerifier`, and some about requests. */
export type ResourceServerOptions<
  I extends IssuerOptions = IssuerOptions,
  C = Record<string, unknown>,
> = VerifierOptions<I, C> & {
  /** The `realm` of the challenges (RFC 9110 §11.5). Default `api`. */
  readonly realm?: string | undefined
  /**
   * The default policy. It must allow besides the policy of each route, unless that one is a `withoutDefaultPolicy(…)`.
   */
  readonly policy?: PolicyLike<TokenByIssuer<ClaimsByIssuer<I, C>>, undefined>
  /**
   * Whether a client without a token is told which scopes it needs, in the challenge and in the metadata. Default `true`.
   * A client with a good token that lacks a scope is told in any case.
   */
  readonly publishScopes?: boolean | undefined
  /** Publishes protected resource metadata (RFC 9728), and names it in every challenge. */
  readonly metadata?: ResourceMetadataOptions | undefined
}

/** An API that accepts access tokens. Its functions may be taken off it. Those that verify or ask always give a promise. */
export interface ResourceServer<C = Record<string, unknown>> extends Verifier<C>, Authorization<C> {
  /** The `realm` of its challenges. */
  readonly realm: string
  /**
   * Reads and verifies the credential of `request`, once for each `request` object: do not keep one for later, when the
   * token may have expired. Resolves for a bad credential as well: look at `outcome`, or call `guard`, which rejects.
   */
  authenticate(request: RequestView): Promise<Authentication<C>>
  /**
   * Resolves to the verified token of `request` when the default policy and `policy` allow its caller. Otherwise it rejects with the
   * AuthError to answer with. A call that has later arguments and no policy to name takes `authenticated`. Misuse, such as a policy
   * that is `undefined`, rejects with a TypeError.
   *
   * @example const auth = await api.guard(fromNode(req), scope('orders:read'))
   */
  guard(request: RequestView): Promise<TokenByIssuer<C>>
  guard(
    request: RequestView,
    policy: PolicyLike<TokenByIssuer<C>, undefined>,
    resource?: undefined,
    options?: Pick<RequireOptions, 'signal'>,
  ): Promise<TokenByIssuer<C>>
  guard<R>(
    request: RequestView,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource: R,
    options?: Pick<RequireOptions, 'signal'>,
  ): Promise<TokenByIssuer<C>>
  /**
   * Declares a route's policy before the first request: its requirements enter the metadata. Adapters do it for `guard(policy)`.
   *
   * @throws TypeError when it is no policy.
   */
  declare(policy: PolicyLike<TokenByIssuer<C>, never>): void
  /** The answer for a refused request: status, headers and body. `request` chooses among several resources; without it none is named. */
  challenge(error: AuthError, request?: RequestView): RefusalResponse
  /** The answer when `request` asks for protected resource metadata (RFC 9728), else `undefined`. */
  metadata(request: RequestView): MetadataResponse | undefined
}

const requestGuards = new WeakMap<object, RequestGuard<unknown>>()

/** The form of `api` that adapters use. `undefined` for a copy, and for one that another copy of claimcheck made. */
export function requestGuardOf<C>(api: ResourceServer<C>): RequestGuard<C> | undefined {
  return requestGuards.get(api) as unknown as RequestGuard<C> | undefined
}

/**
 * Makes a resource server: it accepts the tokens that `createVerifier` with the same options would.
 *
 * @throws TypeError as `createVerifier` does, and for a realm that no header can carry.
 */
export function createResourceServer<const I extends IssuerOptions, C = Record<string, unknown>>(
  options: ResourceServerOptions<I, C>,
): ResourceServer<ClaimsByIssuer<I, C>> {
  checkOptions('createResourceServer()', arguments, [...verifierOptionNames, ...ownOptionNames])
  return createAnyResourceServer<ClaimsByIssuer<I, C>>(options as unknown as ResourceServerOptions)
}

/**
 * The form that adapters use of a resource server: of `apiOrOptions`, or of one that is made of these options.
 *
 * @throws TypeError for a copy of a resource server.
 */
export function toRequestGuard<I extends IssuerOptions, C>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
): RequestGuard<ClaimsByIssuer<I, C>> {
  const api =
    'authenticate' in Object(apiOrOptions)
      ? // Its issuers are not known here, and its claims are its own.
        (apiOrOptions as unknown as ResourceServer<ClaimsByIssuer<I, C>>)
      : createResourceServer<I, C>(apiOrOptions as ResourceServerOptions<I, C>)
  const found = requestGuards.get(api)
  if (found) return found as unknown as RequestGuard<ClaimsByIssuer<I, C>>
  throw new TypeError(
    'createGuard() needs the very object that createResourceServer() of this copy of claimcheck has made.',
  )
}

function createAnyResourceServer<C>(options: ResourceServerOptions): ResourceServer<C> {
  const { realm = 'api', policy, publishScopes = true, metadata: publishing, ...verifierOptions } = options
  checkOwnOptions(options, { realm, publishScopes })
  const emit = createEmit(options.onEvent)
  const routes = createRoutePolicies(policy as PolicyLike<TokenByIssuer<C>, undefined> | undefined, emit)
  const published = createPublishedMetadata(publishing, verifierOptions, () => (publishScopes ? routes.required() : []))
  const challengeParams = (request?: RequestView): ChallengeParams => ({ realm, ...published.challengeParams(request) })
  const { verifier, endOf, verify, watched } = createVerifierParts<C>(verifierOptions, challengeParams)
  const tokenHeaders = tokenHeadersOf(verifierOptions.issuer)
  const parts = { endOf, verify, watched, tokenHeaders, challengeParams, publishScopes, routes, published, emit }
  const requests = createRequestGuard<C>(parts)

  const authentications = createNotes<MaybePromise<Authentication<C>>>()

  /** Verifies once for each `request` object. */
  function authenticate(request: RequestView): MaybePromise<Authentication<C>> {
    const authentication = authentications.get(request) ?? requests.authenticate(request)
    authentications.set(request, authentication)
    return authentication
  }

  async function guard<R>(
    request: RequestView,
    policy?: PolicyLike<TokenByIssuer<C>, R>,
    resource?: R,
    options: Pick<RequireOptions, 'signal'> = {},
  ): Promise<TokenByIssuer<C>> {
    checkOptions('guard()', arguments, ['signal'], 3)
    checkResource(resource)
    // A policy that is given and undefined was misspelt: `withDefault` throws.
    const asked =
      arguments.length < 2 ? routes.byDefault : routes.withDefault(policy as PolicyLike<TokenByIssuer<C>, R>)
    const authentication = authenticate(request)
    // A policy that was not declared before is reported and not kept: it may have been made for this request.
    if (publishing && policy) routes.declare(policy)
    return requests.requireCaller(request, authentication, { ...options, policy: asked, resource: resource as R })
  }

  const api: ResourceServer<C> = {
    ...verifier,
    realm,
    async authenticate(request) {
      checkArgumentCount('authenticate()', arguments, 1)
      return authenticate(request)
    },
    guard,
    ...createAuthorization<C>(routes.withDefault, requests.requirePolicy),
    declare(policy) {
      checkArgumentCount('declare()', arguments, 1)
      routes.declare(policy)
    },
    challenge: (error, request) => withHeaderLines(requests.challenge(error, request)),
    metadata: requests.metadata,
  }
  requestGuards.set(api, requests as unknown as RequestGuard<unknown>)
  return api
}

/** @throws TypeError for a value that could only be a mistake. */
function checkOwnOptions(
  options: ResourceServerOptions,
  { realm, publishScopes }: Partial<ResourceServerOptions>,
): void {
  if (typeof realm !== 'string' || !isQuotable(realm))
    throw new TypeError('realm must be printable ASCII without " and \\.')
  checkBoolean('publishScopes', publishScopes)
  if ('policy' in options && options.policy === undefined)
    throw new TypeError('policy is undefined: leave it out, or name one.')
}

const ownOptionNames = ['publishScopes', 'metadata', 'realm', 'policy']
