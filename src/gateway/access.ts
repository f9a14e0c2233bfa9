// Who may pass a route: a policy, or a mark for routes that need no token.
import type { Policy, PolicyLike } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import type { TokenByIssuer, VerifiedToken } from '../verifier/verified-token.ts'
import type { GatewayRequest } from './request.ts'

/** Marks a route that needs no token. A token that comes is not looked at, and the upstream is told of no caller. */
export const anonymous: { readonly route: 'anonymous' } = Object.freeze({ route: 'anonymous' })
/** Marks a route for requests with a good token or with none. A bad token is refused. */
export const optional: { readonly route: 'optional' } = Object.freeze({ route: 'optional' })

/** The right-hand side of a route: a policy, `authenticated` of claimcheck/policy among them, or one of the marks. */
export type GatewayRoute<C, Params> =
  | PolicyLike<TokenByIssuer<C>, GatewayRequest<Params>>
  // For the compiler: gives `auth` its type in `policy(…)` within the options, where the claims are not inferred yet.
  | Policy<VerifiedToken, GatewayRequest<Params>>
  | typeof anonymous
  | typeof optional

/** The right-hand side of a route, read. */
export type Access<C> =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'optional' }
  | { readonly kind: 'policy'; readonly policy: Policy<TokenByIssuer<C>, GatewayRequest> }

/** The name of who may pass, for people. */
export function accessOf<C>(access: Access<C>): string {
  return access.kind === 'policy' ? access.policy.id : access.kind
}

/** Reads the right-hand side of the route `key`. @throws TypeError for a value that is neither a mark nor a policy. */
export function readAccess<C>(key: string, value: unknown, guard: RequestGuard<C>): Access<C> {
  if (value === anonymous) return { kind: 'anonymous' }
  if (value === optional) return { kind: 'optional' }
  const policy = value as PolicyLike<TokenByIssuer<C>, GatewayRequest>
  try {
    guard.routes.declare(policy)
    return { kind: 'policy', policy: guard.routes.withDefault(policy) }
  } catch (cause) {
    throw new TypeError(`routes['${key}']: ${(cause as Error).message}`, { cause })
  }
}
