// createResourceServer: the order of checks for a request: credential → token → policy → outcome. Knows no framework.
import { AuthError, type ChallengeParams } from './errors.ts'
import { createEmit } from './events.ts'
import { type RefusalResponse, refusalResponse } from './http/challenge.ts'
import { readToken } from './http/token-headers.ts'
import type { RequestView } from './http/request-view.ts'
import { isQuotable } from './internal/auth-params.ts'
import { checkOptionNames } from './internal/options.ts'
import { allOf } from './policy/combinators.ts'
import { type Decision, evaluate, type Policy, type PolicyLike, toPolicy, type Unmet } from './policy/policy.ts'
import { describeToken } from './token/describe-token.ts'
import type { ClaimsByIssuer } from './trust/typed-issuer.ts'
import type { VerifiedToken } from './verified-token.ts'
import { createVerifier, type Verifier } from './verifier.ts'
import { type IssuerOptions, tokenHeadersOf, type VerifierOptions, verifierOptionNames } from './verifier-options.ts'

/** Options of `createResourceServer`: those of `createVerifier`, and two more. */
export type ResourceServerOptions<
  I extends IssuerOptions = IssuerOptions,
  C = Record<string, unknown>,
> = VerifierOptions<I, C> & {
  /** The `realm` of the challenges (RFC 9110 §11.5). Default `api`. */
  readonly realm?: string
  /** Must allow as well, whatever else a route asks for. */
  readonly policy?: PolicyLike<VerifiedToken<ClaimsByIssuer<I, C>>, undefined>
}

/** What came of a request's credential. `anonymous`: there was none of ours. */
export type Authentication<C = Record<string, unknown>> =
  | { readonly outcome: 'authenticated'; readonly auth: VerifiedToken<C> }
  | { readonly outcome: 'anonymous' }
  | { readonly outcome: 'refused'; readonly error: AuthError }

/** What came of a request at the door. */
export type Admission<C = Record<string, unknown>> = Exclude<Authentication<C>, { readonly outcome: 'anonymous' }>

/** An API's door, for any framework. Its functions may be taken off it. */
export interface ResourceServer<C = Record<string, unknown>> extends Verifier<C> {
  /** The `realm` of its challenges. */
  readonly realm: string
  /**
   * Reads and verifies the credential of `request`, once for each `request` object: do not keep one for later, when the
   * token may have expired. Does not reject for any credential.
   */
  authenticate(request: RequestView): Promise<Authentication<C>>
  /** Asks `policy` about a verified caller, and a resource where it needs one. Never rejects. */
  authorize<R = undefined>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resource?: R,
  ): Promise<Decision>
  /** Like `authorize`, but throws the `AuthError` that the decision calls for. */
  require<R = undefined>(auth: VerifiedToken<C>, policy: PolicyLike<VerifiedToken<C>, R>, resource?: R): Promise<void>
  /** Authenticates, then asks the configured policy and `policy`: the caller, or the refusal to send. Never rejects. */
  guard(request: RequestView, policy?: PolicyLike<VerifiedToken<C>, undefined>): Promise<Admission<C>>
  /** The answer for a refused request: status, headers and body. */
  challenge(error: AuthError): RefusalResponse
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
  checkOptionNames('createResourceServer()', options, [...verifierOptionNames, 'realm', 'policy'])
  const { realm = 'api', policy, ...verifierOptions } = options
  const ownPolicy = policy as PolicyLike<VerifiedToken<C>, undefined> | undefined
  if (typeof realm !== 'string' || !isQuotable(realm))
    throw new TypeError('realm must be printable ASCII without " and \\.')
  const always = ownPolicy === undefined ? undefined : toPolicy(ownPolicy)
  const verifier = createVerifier(verifierOptions) as unknown as Verifier<C>
  const tokenHeaders = tokenHeadersOf(verifierOptions.issuer)
  const emit = createEmit(options.onEvent)
  const known = new WeakMap<RequestView, Promise<Authentication<C>>>()

  function authenticate(request: RequestView): Promise<Authentication<C>> {
    const earlier = known.get(request)
    if (earlier) return earlier
    const authentication = authenticateOnce(request)
    known.set(request, authentication)
    return authentication
  }

  async function authenticateOnce(request: RequestView): Promise<Authentication<C>> {
    const credential = readToken(request, tokenHeaders)
    if (credential === undefined) return { outcome: 'anonymous' }
    if ('code' in credential)
      return { outcome: 'refused', error: reported(new AuthError(credential.code, { challengeParams: { realm } })) }
    try {
      return { outcome: 'authenticated', auth: await verifier.verifyToken(credential.token, credential) }
    } catch (error) {
      return { outcome: 'refused', error: error as AuthError }
    }
  }

  async function guard(
    request: RequestView,
    routePolicy?: PolicyLike<VerifiedToken<C>, undefined>,
  ): Promise<Admission<C>> {
    const policy = conjoined(always, routePolicy)
    const authentication = await authenticate(request)
    if (authentication.outcome === 'refused') return authentication
    if (authentication.outcome === 'anonymous') {
      const challengeParams = { realm, ...scopeParam(policy?.requires) }
      return { outcome: 'refused', error: reported(new AuthError('credential_missing', { challengeParams })) }
    }
    if (!policy) return authentication
    const decision = await evaluate(policy, { auth: authentication.auth, resource: undefined })
    const error = refusalOf(decision, policy, authentication.auth)
    return error ? { outcome: 'refused', error } : authentication
  }

  async function authorize<R>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resource?: R,
  ): Promise<Decision> {
    return evaluate(toPolicy(policy), { auth, resource: resource as R })
  }

  async function require<R>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resource?: R,
  ): Promise<void> {
    const error = refusalOf(await authorize(auth, policy, resource), toPolicy(policy), auth)
    if (error) throw error
  }

  function refusalOf(
    decision: Decision,
    policy: Pick<Policy, 'id' | 'requires'>,
    auth: VerifiedToken<C>,
  ): AuthError | undefined {
    if (decision.effect === 'allow') return undefined
    const details = { ...describeToken(auth as VerifiedToken, true), policy: policy.id }
    if (decision.effect === 'indeterminate') {
      return reported(new AuthError('policy_unavailable', { details: { ...details, cause: decision.cause } }))
    }
    if (!decision.unmet?.length)
      return reported(new AuthError('access_denied', { details, challengeParams: { realm } }))
    // All that is needed, not only what is missing: a client that asked for just that would lose what it had.
    const challengeParams = { realm, ...scopeParam([...(policy.requires ?? []), ...decision.unmet]) }
    return reported(new AuthError('insufficient_scope', { details, challengeParams }))
  }

  function reported(error: AuthError): AuthError {
    const { code, status, hint, details } = error
    emit({ type: 'refusal', code, status, hint, details })
    return error
  }

  return {
    ...verifier,
    realm,
    authenticate,
    authorize,
    require,
    guard,
    challenge: (error) => refusalResponse(error, { realm }),
  }
}

function conjoined<A>(
  one: Policy<A, undefined> | undefined,
  other: PolicyLike<A, undefined> | undefined,
): Policy<A, undefined> | undefined {
  if (one && other) return allOf(one, other)
  return other === undefined ? one : toPolicy(other)
}

/** All scopes that would help, in one `scope` parameter (RFC 6750 §3). */
function scopeParam(unmet: readonly Unmet[] = []): ChallengeParams {
  const scopes = new Set(unmet.flatMap(({ scopes }) => scopes))
  return scopes.size > 0 ? { scope: [...scopes].join(' ') } : {}
}
