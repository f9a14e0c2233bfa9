// What a gateway is made of, and what it is to its users.
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import type { ResourceServer, ResourceServerOptions } from '../server/resource-server.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import type { GatewayRoute } from './access.ts'
import type { AssertionOptions } from './assertion.ts'
import type { DecisionFacts, GatewayDecision } from './decision.ts'
import type { IdentityHeaders } from './identity.ts'
import type { GatewayServer, ListenOptions } from './listen.ts'
import type { GatewayCheck } from './request.ts'
import type { RouteParams } from './routes.ts'

/** The options of a gateway besides those of its resource server. */
export interface GatewaySettings<C, Patterns extends string> {
  /**
   * Patterns, and who may pass: `GET,POST /orders/{id}`, `/files/{rest...}`, `//host.example.com/{rest...}`. A request without a
   * route is refused (403). The most specific path decides, whatever the order, and a method that it lacks is refused. GET stands for
   * HEAD, too; a slash at the end counts for nothing.
   */
  readonly routes: { readonly [Pattern in Patterns]: GatewayRoute<C, RouteParams<Pattern>> }
  /** What the upstream is told of the caller. Default: `X-Auth-Principal`, `-Kind`, `-Subject`, `-Tenant`, `-Client`, `-Scopes`, `-Roles`, `-Expires`. */
  readonly identity?: IdentityHeaders<C>
  /** Adds `X-Auth-Assertion`: a JWT about the caller, bound to method and path, for an API that checks it by `gatewayAssertion`. */
  readonly assertion?: AssertionOptions
  /** Lets CORS preflights for routes of the table through, without a token and without a caller. Default `false`. */
  readonly preflight?: boolean
  /** How long a decision may take, in milliseconds; then it is a 503, and `signal` of the policies aborts. Default 1500. */
  readonly deadlineMs?: number
  /** Gets every decision, for metrics and audit. Errors that it throws are dropped. */
  readonly onDecision?: (decision: DecisionFacts) => unknown
}

/** A decision server for API gateways. Its functions may be taken off it. */
export interface Gateway<C = Record<string, unknown>> {
  /** The resource server that verifies tokens and asks policies: `ready()`, `keys()`. */
  readonly api: ResourceServer<C>
  /** The patterns in the order of their rank, most specific first. */
  readonly routes: readonly string[]
  /** The names of all identity headers: a gateway must replace each of them, on every request. */
  readonly identityHeaders: readonly string[]
  /** Names the list of identity headers. A recipe sends it, and one of another list is refused. */
  readonly fingerprint: string
  /** Decides about one request. Never rejects: what goes wrong is a refusal (503). */
  decide(check: GatewayCheck): Promise<GatewayDecision<C>>
  /** Serves the dialects of gateways over HTTP. @throws TypeError for an address that other machines reach without `trust`. */
  listen(options: ListenOptions): Promise<GatewayServer>
}

/** Options of `createGateway`: those of `createResourceServer`, or one that exists, and the routes. */
export type GatewayOptions<I extends IssuerOptions, C, Patterns extends string> = ResourceServerOptions<I, C> &
  GatewaySettings<ClaimsByIssuer<I, C>, Patterns>
