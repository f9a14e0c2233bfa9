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
  readonly groups: PrincipalGroups
  /** Who acts for the subject, where the token says so. */
  readonly actor?: PrincipalActor
  /** How and when the user logged in, where the token says so. */
  readonly authentication: PrincipalAuthentication
  /** What else the token says of the subject. Absence proves nothing. */
  readonly traits: readonly PrincipalTrait[]
}

/** The groups that the subject is in, as far as they are known. */
export interface PrincipalGroups {
  readonly values: readonly string[]
  /**
   * True only where `values` has all groups of the subject: the STS cannot leave one out, `groupsAreComplete` says so, or
   * another source was asked. Otherwise the absence of a group proves nothing, and a policy about it cannot tell.
   */
  readonly complete: boolean
  /**
   * The claim that the groups are read from, whether or not the token has it: `claim()` then knows that it may lack some. A copy must
   * keep it.
   */
  readonly claim?: string
}

/**
 * `agent`: software that decides by itself · `workload`: a build job, pod or function · `managed-identity`: its platform
 * keeps its credentials · `guest`: a user whose home is another tenant · `consumer`: a personal account · `anonymous`: nobody
 * has logged in · `impersonated`: support staff acts as this user · `delegated`: a client acts for the user.
 */
export type PrincipalTrait =
  | 'agent'
  | 'workload'
  | 'managed-identity'
  | 'guest'
  | 'consumer'
  | 'anonymous'
  | 'impersonated'
  | 'delegated'

/** The outermost `act` (RFC 8693 §4.1), or what an STS says instead. Nested actors are history, never for decisions. */
export interface PrincipalActor {
  readonly subject: string
  /** Where the actor is known by that name, when the token says so. */
  readonly issuer?: string
  readonly traits: readonly PrincipalTrait[]
}

export interface PrincipalClient {
  readonly id: string
  readonly type: 'public' | 'confidential' | 'unknown'
  /** What the client runs on (`tv`, `phone`, `printer`, …), as the application's own client registry says. */
  readonly form?: string
}

export interface PrincipalAuthentication {
  readonly acr?: string
  readonly amr?: readonly string[]
  /** Entra authentication contexts that the login has satisfied (`acrs`). */
  readonly contexts?: readonly string[]
  /** NumericDate in seconds. */
  readonly time?: number
}

/**
 * Joins `parts` so that no two lists of parts give one key: `|` and `%` inside a part are percent-encoded, like all that
 * is not printable ASCII. Expects well-formed strings.
 */
export function principalKey(...parts: readonly string[]): string {
  let key: string | undefined
  // Put together one by one: then the key keeps no copy of its parts, which the claims have already.
  for (const part of parts) key = key === undefined ? escaped(part) : `${key}|${escaped(part)}`
  return key ?? ''
}

/** The key of a client that acts for itself. No user has it, whatever the STS lets a user be called (RFC 9068 §5). */
export function clientKey(issuer: string, id: string): string {
  return principalKey(issuer, 'client', id)
}

/**
 * The key of a subject that is named like its client and has logged in, which a client never does. The token contradicts itself, so
 * this is neither the key of the client nor that of a user.
 */
export function ambiguousKey(issuer: string, id: string): string {
  return principalKey(issuer, 'ambiguous', id)
}

/** Most parts have nothing to escape, and looking is quicker. */
function escaped(part: string): string {
  return /^[\w\-.~:/@]*$/.test(part) ? part : encodeURI(part)
}
