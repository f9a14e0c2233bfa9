// createGateway: decides about requests that a gateway asks about. The order of checks is in `decideInOrder`, top to bottom.
import { AuthError, type AuthErrorOptions, type AuthErrorReason } from '../errors/auth-error.ts'
import { checkUnpolluted, pollutedError } from '../errors/polluted-error.ts'
import type { RequestView } from '../http/request-view.ts'
import { systemClock } from '../internal/clock.ts'
import { checkArgumentCount, checkBoolean, checkFunction, checkNumber, checkOptionNames } from '../internal/options.ts'
import { createNotes } from '../internal/freeze.ts'
import { dropErrors, type MaybePromise } from '../internal/maybe-promise.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { Authentication, RequestGuard } from '../server/request-guard.ts'
import {
  createResourceServer,
  type ResourceServer,
  type ResourceServerOptions,
  toRequestGuard,
} from '../server/resource-server.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { type Access, accessOf, readAccess } from './access.ts'
import { startDeadline } from './deadline.ts'
import type { DecisionFacts, DecisionServer, Edge, GatewayDecision, QuestionFault, Refusal } from './decision.ts'
import { type Assertion, assertionHeader, createAssertion } from './assertion.ts'
import type { Gateway, GatewayOptions, GatewaySettings } from './gateway-options.ts'
import { createIdentity } from './identity.ts'
import { listen } from './listen.ts'
import { createLogLimit } from './log-limit.ts'
import {
  imitatesOne,
  anyRequest,
  type GatewayCheck,
  type GatewayRequest,
  nothingKnown,
  preflightMethod,
  readRequest,
  resourceOf,
  viewOf,
} from './request.ts'
import { createRouteTable, readRouteEntries, type Route, type RouteTable } from './routes.ts'

const decisionServers = createNotes<DecisionServer>()

/** The form of `gateway` that a server uses. `undefined` for a copy, and for one that another copy of claimcheck made. */
export function decisionServerOf(gateway: object): DecisionServer | undefined {
  return decisionServers.get(gateway)
}

/** The same for an edge. @throws TypeError for what `createGateway` of this copy did not make. */
export function readDecisionServer(gateway: object): DecisionServer {
  const server = decisionServerOf(gateway)
  if (server) return server
  throw new TypeError('gateway must be what createGateway() of this copy of claimcheck returned.')
}

/**
 * Makes a decision server for API gateways: it refuses whatever no route allows.
 *
 * @example const gateway = createGateway({ issuer, audience, routes: { 'GET /orders/{id}': scope('Orders.Read') } })
 * @throws TypeError as `createResourceServer` does. Also for patterns that cannot be read or say the same, and for a policy that is
 * `undefined`.
 */
export function createGateway<C, const Patterns extends string>(
  options: { readonly api: ResourceServer<C> } & GatewaySettings<C, Patterns>,
): Gateway<C>
export function createGateway<
  const I extends IssuerOptions,
  C = Record<string, unknown>,
  const Patterns extends string = string,
>(options: GatewayOptions<I, C, Patterns>): Gateway<ClaimsByIssuer<I, C>>
export function createGateway(options: object): Gateway {
  checkArgumentCount('createGateway()', arguments, 1)
  const { routes, identity, assertion, preflight, deadlineMs, onDecision, ...rest } = options as GatewaySettings<
    Record<string, unknown>,
    string
  > & { readonly api?: ResourceServer }
  if (rest.api !== undefined) checkOptionNames('createGateway() with api', rest, ['api'])
  const api = rest.api ?? createResourceServer(rest as ResourceServerOptions)
  const settings = { routes, identity, preflight, deadlineMs, onDecision }
  const { clock = systemClock } = rest as Pick<ResourceServerOptions, 'clock'>
  const guard = toRequestGuard<IssuerOptions, Record<string, unknown>>(api)
  const limitLog = createLogLimit(clock)
  const parts = { api, guard, limitLog, assertion: assertion && createAssertion(assertion, clock) }
  return createAnyGateway(parts, settings as GatewaySettings<Record<string, unknown>, string>)
}

interface GatewayParts<C> {
  readonly api: ResourceServer<C>
  readonly guard: RequestGuard<C>
  readonly limitLog: ReturnType<typeof createLogLimit>
  readonly assertion: Assertion | undefined
}

function createAnyGateway<C>(
  { api, guard, limitLog, assertion }: GatewayParts<C>,
  settings: Omit<GatewaySettings<C, string>, 'assertion'>,
): Gateway<C> {
  const { preflight = false, deadlineMs = 1500, onDecision } = settings
  checkBoolean('preflight', preflight)
  checkNumber('deadlineMs', deadlineMs, 1, 60_000)
  if (onDecision !== undefined) checkFunction('onDecision', onDecision)
  const listeners = onDecision ? [dropErrors(onDecision)] : []
  const identity = createIdentity<C>(settings.identity, assertion && assertionHeader)
  const entries = readRouteEntries(settings.routes)
  const accesses = entries.map(([key, value]) => [key, readAccess(key, value, guard)] as const)
  const table = createRouteTable(accesses)
  const tables = new Map(accesses.map((entry) => [entry[0], createRouteTable([entry])]))

  async function decide(check: GatewayCheck, dialect?: string, edge: Edge = {}): Promise<GatewayDecision<C>> {
    const startMs = performance.now()
    let view = nothingKnown
    let decision: GatewayDecision<C>
    try {
      view = viewOf(check)
      decision = await decideInOrder(check, view, edge)
    } catch (cause) {
      // Such as a function of `identity` that throws: our fault, not the token's.
      decision = refuse('policy_unavailable', view, { details: { cause } })
    }
    tell(decision, startMs, { id: view.id, dialect })
    return decision
  }

  /** The order of checks. Every line may end the request; only `allow` lets it through. */
  async function decideInOrder(check: GatewayCheck, view: RequestView, edge: Edge): Promise<GatewayDecision<C>> {
    const polluted = pollutedError()
    if (polluted) return toRefusal(guard.report(polluted, view), view)
    const request = readRequest(check)
    if (!request) return refuse('target_ambiguous', view, { hint: unreadableHint })
    if (check.headers.some(([name]) => imitatesOne(name, identity.known)))
      return refuse('target_ambiguous', view, { hint: imitationHint })
    // A preflight that passes without a token must not be remembered for requests that need one.
    const asked = preflight && !edge.forAllRequests ? preflightMethod(check, request) : undefined
    const routes: RouteTable<Access<C>> | undefined = edge.route === undefined ? table : tables.get(edge.route)
    if (!routes) return refuse('route_unknown', view, { hint: 'the gateway named a route that is not in `routes`' })
    const route = routes.find({ ...request, methods: asked === undefined ? request.methods : [asked] })
    if ('reason' in route) return refuse(route.reason, view, route.hint === undefined ? {} : { hint: route.hint })
    // A token that is bound to one method and path is good for no other.
    const seen = edge.forAllRequests ? { ...view, method: '', url: '' } : view
    const known = { ...seen, origin: request.origin, route: route.key }
    if (asked !== undefined || route.value.kind === 'anonymous') return allow(route, undefined)
    const resource = edge.forAllRequests
      ? anyRequest
      : resourceOf(check, request, { key: route.key, params: route.params(request.target.segments) })
    const deadline = startDeadline(Math.min(deadlineMs, edge.deadlineMs ?? deadlineMs))
    const result = await deadline.decide<Authentication<C>>(
      (signal) => authorize(known, route.value, { resource, signal }),
      (cause) => {
        const error = new AuthError('policy_unavailable', { details: { cause } })
        return { outcome: 'refused', error: guard.report(error, known) }
      },
    )
    if (result.outcome === 'refused') return toRefusal(result.error, known)
    if (result.outcome === 'anonymous') return allow(route, undefined)
    if (!assertion) return allow(route, result.auth)
    const asserted = { method: check.method, path: request.target.path, route: route.key }
    const signed = await deadline.sign(assertion.sign(result.auth, asserted))
    checkUnpolluted()
    return allow(route, result.auth, signed)
  }

  /** Verifies the credential, then asks the policy of the route. In place where nothing is waited for. */
  function authorize(
    view: RequestView,
    access: Access<C>,
    { resource, signal }: { readonly resource: GatewayRequest; readonly signal: AbortSignal },
  ): MaybePromise<Authentication<C>> {
    const authentication = guard.authenticate(view)
    if (access.kind === 'policy')
      return guard.authorizeRequest(view, authentication, { policy: access.policy, resource, signal })
    // A caller that is there must also satisfy the default policy.
    const byDefault = { policy: guard.routes.byDefault, resource: undefined, signal, optional: true }
    return guard.authorizeRequest(view, authentication, byDefault)
  }

  function allow({ key }: Route<Access<C>>, auth: TokenByIssuer<C> | undefined, signed?: string): GatewayDecision<C> {
    const allowed = { effect: 'allow', status: 200, route: key, identity: identity.headersFor(auth, signed) } as const
    return auth ? { ...allowed, auth } : allowed
  }

  function refuse(reason: AuthErrorReason, view: RequestView, options?: AuthErrorOptions): Refusal {
    return toRefusal(guard.report(new AuthError(reason, options), view), view)
  }

  function toRefusal(error: AuthError, view: RequestView): Refusal {
    const { status, headers, body } = guard.challenge(error, view)
    const effect = error.status === 503 ? 'unavailable' : 'refuse'
    const refused = { effect, status: status as Refusal['status'], headers, body, reason: error.reason } as const
    return {
      ...refused,
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(view.route !== undefined && { route: view.route }),
    }
  }

  function refuseQuestion(question: QuestionFault, reason: string, dialect?: string): Refusal {
    const leftOut = limitLog(`${question} ${dialect}`)
    const hint = leftOut ? `${reason}; ${leftOut} like it were left out of the log before this one` : reason
    const error = new AuthError('peer_untrusted', { hint })
    if (leftOut !== undefined) guard.report(error, nothingKnown)
    const decision = toRefusal(error, nothingKnown)
    tell(decision, performance.now(), { dialect, question, isSurplus: leftOut === undefined || undefined })
    return decision
  }

  function tell(decision: GatewayDecision<C>, startMs: number, asked: Asked): void {
    if (listeners.length === 0) return
    const { effect, status, route } = decision
    const refused = effect === 'allow' ? {} : { reason: decision.reason, hint: decision.hint }
    const facts: DecisionFacts & Record<string, unknown> = { effect, status, ms: performance.now() - startMs }
    for (const [name, value] of Object.entries({ route, ...refused, ...asked }))
      if (value !== undefined) facts[name] = value
    for (const listener of listeners) listener(facts)
  }

  function rehearsal(change: <D>(of: RequestGuard<D>) => RequestGuard<D>): DecisionServer {
    const { onDecision: _, ...quiet } = settings
    const unsigned = assertion && { ...assertion, sign: async () => 'not-signed' }
    const twin = createAnyGateway({ api, guard: change(guard), limitLog, assertion: unsigned }, quiet)
    return decisionServers.get(twin) as DecisionServer
  }

  const server: DecisionServer = {
    identity,
    routes: table.routes.map(({ key, value }) => ({ key, access: accessOf(value) })),
    isOnePolicy: new Set(entries.map(([, value]) => value)).size === 1,
    decide,
    refuseQuestion,
    observe: (listener) => void listeners.push(dropErrors(listener)),
    rehearsal,
    ...(assertion && { jwks: assertion.jwks }),
  }
  const gateway: Gateway<C> = {
    api,
    routes: table.routes.map(({ key }) => key),
    identityHeaders: identity.names,
    fingerprint: identity.fingerprint,
    decide: (check) => decide(check),
    listen: async (options) => listen(() => server, options),
  }
  decisionServers.set(gateway, server)
  return gateway
}

const unreadableHint =
  'the target, the host or the method cannot be read in one way: a dot segment, //, an encoded slash, or an override in a header'
const imitationHint = 'a header of the client has the name of an identity header, written with other signs'

/** What is known of a question besides its decision. */
interface Asked {
  readonly id?: string | undefined
  readonly dialect?: string | undefined
  readonly question?: QuestionFault
  readonly isSurplus?: true | undefined
}
