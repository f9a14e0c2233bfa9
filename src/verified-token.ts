// What a handler gets: the claims and the caller of one verified token.
import { deepFreeze } from './internal/deep-freeze.ts'
import type { Principal } from './principal/principal.ts'
import type { RegisteredClaims } from './token/claims.ts'
import type { JoseHeader } from './token/parse-token.ts'
import type { ClaimsFrom } from './trust/typed-issuer.ts'

/**
 * A token whose every check has passed. Deeply frozen. `C` is what the `claims` schema puts out. Where issuers have schemas of
 * their own, it is one of several: `auth.issuer === 'https://…'` narrows `auth.claims`.
 */
export type VerifiedToken<C = Record<string, unknown>> = [C] extends [ClaimsFrom<string, unknown>]
  ? EachIssuer<C>
  : TokenWith<C>

type EachIssuer<C> = C extends ClaimsFrom<infer I, infer Own> ? TokenWith<Own> & { readonly issuer: I } : never

interface TokenWith<C> {
  /** The schema's output, or the whole payload without one; registered claims are always the verified ones. */
  readonly claims: RegisteredClaims & Readonly<Omit<C, keyof RegisteredClaims>>
  readonly principal: Principal
  readonly header: Readonly<JoseHeader>
  /** As configured, never as sent. */
  readonly issuer: string
  /** NumericDate, in seconds. */
  readonly expiresAt: number
  /** How the sender proved to be the one the token was issued to. So far tokens that need a proof are refused. */
  readonly proof: 'none' | 'dpop' | 'mtls'
  /** The token itself. Not enumerable, so that it ends in no log and no JSON. Never pass it on to another API. */
  readonly token: string
}

export function createVerifiedToken<C>(parts: VerifiedToken): VerifiedToken<C> {
  const { token, ...visible } = parts
  const auth = { ...visible }
  Object.defineProperty(auth, 'token', { value: token })
  // Claims are personal data: a log gets enough to find the caller, and no more.
  const summary = { issuer: auth.issuer, principal: { key: auth.principal.key }, expiresAt: auth.expiresAt }
  Object.defineProperty(auth, Symbol.for('nodejs.util.inspect.custom'), { value: () => ({ ...summary }) })
  return deepFreeze(auth) as VerifiedToken<C>
}
