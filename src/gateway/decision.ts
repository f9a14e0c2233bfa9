// The answer to one question of a gateway, before a dialect writes it.
import type { AuthErrorReason, RefusalHeaders } from '../errors/auth-error.ts'
import type { JwkSet } from '../issuer/issuer.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import type { GatewayCheck } from './request.ts'

/** The request may pass. */
export interface Allowance {
  readonly effect: 'allow'
  readonly status: 200
  readonly route: string
  /** Every identity header, in ASCII. Those that say nothing are empty, and must replace the client's all the same. */
  readonly identity: Readonly<Record<string, string>>
}

/** The request must not pass; the rest is what its client shall get. */
export interface Refusal {
  readonly effect: 'refuse' | 'unavailable'
  readonly status: 400 | 401 | 403 | 503
  /** Header values by name. Each member of a list is a header line of its own. */
  readonly headers: RefusalHeaders
  readonly body: string
  /** The inner reason. For logs, never for the client. */
  readonly reason: AuthErrorReason
  /** What to change, where it is known. For logs, never for the client. */
  readonly hint?: string
  /** Absent where no route was found. */
  readonly route?: string
}

/** A gateway's answer to one question. Only `allow` allows. */
export type GatewayDecision<C = Record<string, unknown>> =
  /** `auth` is absent on anonymous routes, for preflights, and where an optional token did not come. */
  (Allowance & { readonly auth?: TokenByIssuer<C> }) | Refusal

/** What `onDecision` gets. Holds no token and no path. */
export interface DecisionFacts {
  readonly effect: GatewayDecision['effect']
  readonly status: number
  readonly ms: number
  /** The key of the route, where one was found. */
  readonly route?: string
  /** The inner reason of a refusal. */
  readonly reason?: AuthErrorReason
  /** What to change, where it is known. */
  readonly hint?: string
  /** The client's `X-Request-Id`, where it has the form of one. */
  readonly id?: string
  /** The dialect of the question. Absent where none was found, and where `decide` was called by the application. */
  readonly dialect?: string
  /** Set where the question itself was refused, and no request was decided about. */
  readonly question?: QuestionFault
  /**
   * Set where a log should leave it out: ten such questions came within a minute. `onEvent` does not get these. The `hint` of the next
   * one says how many there were.
   */
  readonly isSurplus?: true
}

/** What was wrong with a question. */
export type QuestionFault = 'untrusted_peer' | 'outdated_recipe' | 'unreadable'

/** What an edge says of its question, besides the request. */
export interface Edge {
  /** The key of the only route that may answer. It must match the request, too. */
  readonly route?: string
  /** Set where the answer will count for other requests: a policy that looks at this one then decides nothing (503). */
  readonly forAllRequests?: boolean
  /** The patience of this edge, where it is shorter than the gateway's. */
  readonly deadlineMs?: number
}

/** The gateway as its edges use it. */
export interface DecisionServer {
  readonly identity: { readonly fingerprint: string; readonly known: ReadonlySet<string> }
  /** Each route with the name of its policy, most specific first. */
  readonly routes: readonly { readonly key: string; readonly access: string }[]
  /** Whether every route has the same right-hand side. */
  readonly isOnePolicy: boolean
  decide(check: GatewayCheck, dialect?: string, edge?: Edge): Promise<GatewayDecision<unknown>>
  /** The public keys of its assertions, where it makes any. */
  jwks?(): JwkSet
  /** The refusal of a question that says too little, or comes from the wrong peer. `hint` is for the log. */
  refuseQuestion(fault: QuestionFault, hint: string, dialect?: string): Refusal
  /** Gives every decision from now on to `listener`, besides `onDecision`. Errors that it throws are dropped. */
  observe(listener: (decision: DecisionFacts) => unknown): void
  /** The same server behind another guard, for `claimcheck explain`. It tells no listener, and signs no assertion. */
  rehearsal(change: <C>(guard: RequestGuard<C>) => RequestGuard<C>): DecisionServer
}
