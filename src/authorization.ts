// Asks policies about a caller who has come in: inside a handler, where there is a resource to decide about.
import type { AuthError, ChallengeParams } from './errors.ts'
import type { RequestView } from './http/request-view.ts'
import { authorizeAll } from './policy/authorize-all.ts'
import type { Decision, Trace } from './policy/decision.ts'
import { evaluate, type PolicyLike, toPolicy } from './policy/policy.ts'
import { refusalOf } from './policy-refusal.ts'
import type { VerifiedToken } from './verified-token.ts'

export interface Authorization<C> {
  /** Asks `policy` about a verified caller, and a resource where it needs one. Never rejects. */
  authorize<R = undefined>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resource?: R,
    options?: AuthorizeOptions,
  ): Promise<Decision>
  /** Asks `policy` about each of `resources`: one decision for each, in their order. Never rejects. */
  authorizeAll<R>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resources: readonly R[],
  ): Promise<readonly Decision[]>
  /** Like `authorize`, but throws the `AuthError` that the decision calls for. */
  require<R = undefined>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resource?: R,
    request?: RequestView,
  ): Promise<void>
}

/** How `authorize` is to go about it. */
export interface AuthorizeOptions {
  /** Whether the decision brings the `trace` of every policy that was asked. */
  readonly explain?: boolean
  /** Reaches the policies: aborts when nobody waits for the decision any more. */
  readonly signal?: AbortSignal
}

interface AuthorizationParts {
  readonly challengeParams: (request?: RequestView) => ChallengeParams
  /** Tells whoever listens. */
  readonly reported: (error: AuthError) => AuthError
}

export function createAuthorization<C>({ challengeParams, reported }: AuthorizationParts): Authorization<C> {
  async function authorize<R>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resource?: R,
    { explain = false, signal }: AuthorizeOptions = {},
  ): Promise<Decision> {
    const traces: Trace[] = []
    const asked = { auth, resource: resource as R, ...(explain && { explain: traces }), ...(signal && { signal }) }
    const decision = await evaluate(toPolicy(policy), asked)
    const [trace] = traces
    return trace ? { ...decision, trace } : decision
  }

  async function require<R>(
    auth: VerifiedToken<C>,
    policy: PolicyLike<VerifiedToken<C>, R>,
    resource?: R,
    request?: RequestView,
  ): Promise<void> {
    const checked = toPolicy(policy)
    const decision = await authorize(auth, checked, resource)
    if (decision.effect === 'allow') return
    throw reported(
      refusalOf(decision, { auth: auth as VerifiedToken, policy: checked, params: challengeParams(request) }),
    )
  }

  return {
    authorize,
    authorizeAll: async (auth, policy, resources) => authorizeAll(toPolicy(policy), auth, resources),
    require,
  }
}
