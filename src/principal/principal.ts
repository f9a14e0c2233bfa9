// Who is calling: one shape for the callers of every STS. The mapping from claims is each preset's own.

/** The caller that a verified token speaks for. Read-only and frozen; shared by requests that carry the same token. */
export interface Principal {
  /** What the subject is. `unknown` when the token does not say: it is never guessed. */
  readonly kind: 'user' | 'application' | 'device' | 'unknown'
  /**
   * Names the subject in a database: stable, printable ASCII, and never the same for two subjects of any issuers. It is
   * made of the issuer (or tenant) and the subject, so it is personal data.
   */
  readonly key: string
  readonly subject: string
  /** As configured. */
  readonly issuer: string
  readonly tenant?: string
  /** The software that holds the token, which for a user's token is not the subject. */
  readonly client?: PrincipalClient
  /** What the client was granted (`scope` or `scp`). */
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  /** When `complete` is false the token left groups out: absence then proves nothing. */
  readonly groups: { readonly values: readonly string[]; readonly complete: boolean }
  /** How and when the user logged in, where the token says so. */
  readonly authentication: PrincipalAuthentication
}

export interface PrincipalClient {
  readonly id: string
  readonly type: 'public' | 'confidential' | 'unknown'
}

export interface PrincipalAuthentication {
  readonly acr?: string
  readonly amr?: readonly string[]
  /** NumericDate in seconds. */
  readonly time?: number
}

/**
 * Joins `parts` so that no two lists of parts give one key: `|` and `%` inside a part are percent-encoded, like all that
 * is not printable ASCII. Expects well-formed strings.
 */
export function principalKey(...parts: readonly string[]): string {
  return parts.map(encodeURI).join('|')
}
