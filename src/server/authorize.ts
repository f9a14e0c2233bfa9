// Asks policies about a verified caller inside a handler, where a resource has been loaded.
import type { RequestView } from '../http/request-view.ts'
import { checkArgumentCount, checkOptions, checkPrototype } from '../internal/options.ts'
import { type Decision, indeterminate, type Trace } from '../policy/decision.ts'
import { ask, checkResource, type Policy, type PolicyLike, type PolicyQuery, toPolicy } from '../policy/policy.ts'
import { isVerifiedToken, type TokenByIssuer } from '../verifier/verified-token.ts'
import type { RequestGuard } from './request-guard.ts'
import type { RoutePolicies } from './route-policies.ts'

export interface Authorization<C> {
  /**
   * Asks `policy` about a verified caller, and about a resource where it needs one. Does not ask the default policy. Resolves to
   * every decision, to a denial as well: only the effect `allow` allows. Misuse rejects with a TypeError.
   */
  authorize(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, undefined>,
    resource?: undefined,
    options?: AuthorizeOptions,
  ): Promise<Decision>
  authorize<R>(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource: R,
    options?: AuthorizeOptions,
  ): Promise<Decision>
  /** Asks `policy` about each of `resources`: one decision for each, in their order. Misuse rejects with a TypeError. */
  authorizeAll<R>(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resources: readonly R[],
  ): Promise<readonly Decision[]>
  /**
   * Asks the default policy (without a resource) and `policy`. Unless both allow, it rejects with the AuthError to answer with. A
   * `withoutDefaultPolicy(…)` is asked alone. Refuses a caller whose token has ended meanwhile. Misuse rejects with a TypeError.
   */
  require(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, undefined>,
    resource?: undefined,
    options?: RequireOptions,
  ): Promise<void>
  require<R>(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource: R,
    options?: RequireOptions,
  ): Promise<void>
}

/** How `authorize` asks. */
export interface AuthorizeOptions {
  /** Whether the decision brings the `trace` of every policy that was asked. */
  readonly explain?: boolean
  /** Reaches the policies: aborts when the decision is not needed any more. */
  readonly signal?: AbortSignal
}

/** How `require` asks. */
export interface RequireOptions {
  /** The request that the caller sent: it decides which metadata the challenge names. */
  readonly request?: RequestView
  /** Reaches the policies: aborts when the decision is not needed any more. */
  readonly signal?: AbortSignal
}

/** @param requirePolicy Asks one policy, and throws the AuthError that its decision calls for unless it allows. */
export function createAuthorization<C>(
  withDefault: RoutePolicies<TokenByIssuer<C>>['withDefault'],
  requirePolicy: RequestGuard<C>['requirePolicy'],
): Authorization<C> {
  async function authorize<R>(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource?: R,
    options: AuthorizeOptions = {},
  ): Promise<Decision> {
    checkOptions('authorize()', arguments, ['explain', 'signal'], 3)
    checkPrototype('authorize()')
    checkResource(resource)
    checkCaller(auth)
    const { explain = false, signal } = options
    const traces: Trace[] = []
    const query = { auth, resource: resource as R, ...(explain && { explain: traces }), ...(signal && { signal }) }
    const decision = await ask(toPolicy(policy), query)
    checkPrototype('authorize()')
    const [trace] = traces
    return trace ? { ...decision, trace } : decision
  }

  async function authorizeEach<R>(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resources: readonly R[],
  ): Promise<readonly Decision[]> {
    checkArgumentCount('authorizeAll()', arguments, 3)
    checkPrototype('authorizeAll()')
    for (const resource of resources) checkResource(resource)
    checkCaller(auth)
    const decisions = await authorizeAll(toPolicy(policy), auth, resources)
    checkPrototype('authorizeAll()')
    return decisions
  }

  async function require<R>(
    auth: TokenByIssuer<C>,
    policy: PolicyLike<TokenByIssuer<C>, R>,
    resource?: R,
    options: RequireOptions = {},
  ): Promise<void> {
    checkOptions('require()', arguments, ['request', 'signal'], 3)
    checkCaller(auth)
    await requirePolicy(auth, { ...options, policy: withDefault(policy), resource: resource as R })
  }

  return { authorize, authorizeAll: authorizeEach, require }
}

/** Some policies never look at the caller and would allow without one. @throws TypeError for a promise, a copy, and `undefined`. */
function checkCaller(auth: unknown): void {
  if (!isVerifiedToken(auth))
    throw new TypeError(
      'auth must be a verified token: await the promise that guard() or verifyToken() gives, and pass on that very object, no copy.',
    )
}

// One policy about many resources: one question where its engine can answer all, else one question each.

// A list of a thousand must not open a thousand connections to a policy decision point.
const atOnce = 16

/** One decision for each of `resources`, in their order. Never rejects. */
export async function authorizeAll<A, R>(
  policy: Policy<A, R>,
  auth: A,
  resources: readonly R[],
): Promise<readonly Decision[]> {
  const queries = resources.map((resource) => ({ auth, resource }))
  if (policy.evaluateAll && queries.length > 0) return askInOneGo(policy, queries)
  const decisions: Decision[] = []
  for (let from = 0; from < queries.length; from += atOnce) {
    const asked = queries.slice(from, from + atOnce).map(async (query) => ask(policy, query))
    decisions.push(...(await Promise.all(asked)))
  }
  return decisions
}

async function askInOneGo<A, R>(
  policy: Policy<A, R>,
  queries: readonly PolicyQuery<A, R>[],
): Promise<readonly Decision[]> {
  const answers = await settled(policy, queries)
  // With fewer or more answers than questions, no answer belongs to a question for certain.
  const list: readonly unknown[] = Array.isArray(answers) && answers.length === queries.length ? answers : []
  // Each answer passes the check that a single answer passes.
  return Promise.all(
    queries.map(async (query, index) =>
      ask({ id: policy.id, mayVeto: policy.mayVeto === true, evaluate: () => list[index] as Decision }, query),
    ),
  )
}

async function settled<A, R>(policy: Policy<A, R>, queries: readonly PolicyQuery<A, R>[]): Promise<unknown> {
  try {
    return await policy.evaluateAll?.(queries)
  } catch (cause) {
    return queries.map(() => indeterminate(cause))
  }
}
