// The answer to one question of a gateway, before a dialect writes it.
import type { AuthErrorReason, RefusalHeaders } from '../errors/auth-error.ts'
import type { JwkSet } from '../issuer/issuer.ts'
import type { VerifiedToken } from '../verifier/verified-token.ts'
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
  /** Absent where no route was found. */
  readonly route?: string
}

/** A gateway's answer to one question. Only `allow` allows. */
export type GatewayDecision<C = Record<string, unknown>> =
  /** `auth` is absent on anonymous routes, for preflights, and where an optional token did not come. */
  (Allowance & { readonly auth?: VerifiedToken<C> }) | Refusal

/** What `onDecision` gets. Holds no token and no path. */
export interface DecisionFacts {
  readonly effect: GatewayDecision['effect']
  readonly status: number
  readonly ms: number
  /** The key of the route, where one was found. */
  readonly route?: string
  /** The inner reason of a refusal. */
  readonly reason?: AuthErrorReason
  /** The client's `X-Request-Id`, where it has the form of one. */
  readonly id?: string
}

/** The gateway as its HTTP server uses it. */
export interface DecisionServer {
  readonly identity: { readonly names: readonly string[]; readonly fingerprint: string }
  decide(check: GatewayCheck): Promise<Allowance | Refusal>
  /** The public keys of its assertions, where it makes any. */
  jwks?(): JwkSet
  /** The refusal of a question that says too little, or comes from the wrong peer. `hint` is for the log. */
  refuseQuestion(hint: string): Refusal
}
