// The claims and the caller of one verified token, as a handler gets them.
import type { Principal } from '../principal/principal.ts'
import type { RegisteredClaims } from '../jwt/claims.ts'
import type { JoseHeader } from '../jwt/parse.ts'
import type { ClaimsFrom } from '../issuer/issuer.ts'

/**
 * A token whose every check has passed, as one resource server gives it. Deeply frozen. `C` is what the `claims` schema puts out. Where
 * issuers have schemas of their own, it is one of several: `auth.issuer === 'https://…'` narrows `auth.claims`.
 */
export type TokenByIssuer<C> = [C] extends [ClaimsFrom<string, unknown>] ? EachIssuer<C> : VerifiedToken<C>

type EachIssuer<C> = C extends ClaimsFrom<infer I, infer Own> ? VerifiedToken<Own> & { readonly issuer: I } : never

/** A token whose every check has passed, with the claims `C`. Deeply frozen. */
export interface VerifiedToken<C = Record<string, unknown>> {
  /** The schema's output, or the whole payload without one; registered claims are always the verified ones. */
  readonly claims: RegisteredClaims & Readonly<Omit<C, keyof RegisteredClaims>>
  readonly principal: Principal
  readonly header: Readonly<JoseHeader>
  /** As configured, never as sent. */
  readonly issuer: string
  /** NumericDate, in seconds. */
  readonly expiresAt: number
  /** The token itself. Not enumerable, so that it ends in no log and no JSON. Never pass it on to another API. */
  readonly token: string
}

/** The part of a verified token that all its requests share. Deeply frozen. */
export type SharedParts = Omit<VerifiedToken, 'token' | 'expiresAt'> & { readonly exp: number }

// A class, since each request gets its own, and no other way makes them as fast. It is in no public type.
class RequestToken implements VerifiedToken {
  readonly claims: VerifiedToken['claims']
  readonly principal: Principal
  readonly header: Readonly<JoseHeader>
  readonly issuer: string
  readonly expiresAt: number
  readonly #token: string

  static {
    // Shared by all: a change by one handler would show in the next request.
    Object.freeze(this.prototype)
    Object.freeze(this)
  }

  constructor(parts: SharedParts, token: string) {
    this.claims = parts.claims
    this.principal = parts.principal
    this.header = parts.header
    this.issuer = parts.issuer
    this.expiresAt = parts.exp
    this.#token = token
    Object.freeze(this)
  }

  static isMade(value: unknown): boolean {
    return typeof value === 'object' && value !== null && #token in value
  }

  get token(): string {
    return this.#token
  }

  /** Claims are personal data: a log gets enough to find the caller, and no more. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return { issuer: this.issuer, principal: { key: this.principal.key }, expiresAt: this.expiresAt }
  }
}

/** A request's own view of `parts`, which must be deeply frozen, with the token as this request sent it. */
export function createVerifiedToken<C>(parts: SharedParts, token: string): TokenByIssuer<C> {
  return new RequestToken(parts, token) as unknown as TokenByIssuer<C>
}

/** Whether a verifier has made this very object. A copy, which anyone could have changed, is none. */
export function isVerifiedToken(value: unknown): boolean {
  return RequestToken.isMade(value)
}
