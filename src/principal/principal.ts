// The principal: one shape for the callers of every STS. Each preset maps its claims to it.
import { checkOptionNames, checkPlain, checkString } from '../internal/options.ts'

/** The caller that a verified token speaks for. Read-only and frozen; shared by requests that carry the same token. */
export interface Principal {
  /** The kind of the subject; `unknown` when the token does not say. It is never guessed. */
  readonly kind: 'user' | 'application' | 'device' | 'unknown'
  /**
   * Names the subject in a database: stable, printable ASCII, and never the same for two subjects of any issuers. It contains the
   * issuer (or tenant) and the subject, so it is personal data.
   */
  readonly key: string
  readonly subject: string
  /** As configured. */
  readonly issuer: string
  readonly tenant?: string
  /** The software that holds the token. For a user's token it is not the subject. */
  readonly client?: PrincipalClient
  /** The scopes that the client was granted (`scope` or `scp`). */
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly groups: PrincipalGroups
  /** The party that acts for the subject, where the token names one. */
  readonly actor?: PrincipalActor
  /** How and when the user logged in, as far as the token says. */
  readonly authentication: PrincipalAuthentication
  /** More facts that the token states about the subject. Absence proves nothing. */
  readonly traits: readonly PrincipalTrait[]
}

/** The groups that the subject is known to be in. */
export interface PrincipalGroups {
  readonly values: readonly string[]
  /**
   * True only where `values` has all groups of the subject. Then the STS cannot leave one out, `groupsAreComplete` says so, or
   * another source was asked. Otherwise the absence of a group proves nothing, and a policy about it is indeterminate.
   */
  readonly complete: boolean
  /**
   * The claim that the groups are read from, whether or not the token has it. `claim()` learns from it that the claim may lack some
   * groups, so a copy must keep it.
   */
  readonly claim?: string
}

/**
 * `agent`: software that decides by itself · `workload`: a build job, pod or function · `managed-identity`: its platform
 * keeps its credentials · `guest`: a user whose home is another tenant · `consumer`: a personal account · `anonymous`: a user without
 * a login · `impersonated`: support staff acts as this user · `delegated`: a client acts for the user.
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

/** The outermost `act` (RFC 8693 §4.1), or an STS's own claim for it. Nested actors are history, never for decisions. */
export interface PrincipalActor {
  readonly subject: string
  /** The issuer that names the actor so, where the token says it. */
  readonly issuer?: string
  readonly traits: readonly PrincipalTrait[]
}

export interface PrincipalClient {
  readonly id: string
  readonly type: 'public' | 'confidential' | 'unknown'
  /** The device that the client runs on (`tv`, `phone`, `printer`, …), from the application's client registry. */
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
 * Joins `parts` so that different lists of parts give different keys. `|` and `%` inside a part are percent-encoded, like every
 * character beyond printable ASCII. Expects well-formed strings.
 */
export function principalKey(...parts: readonly string[]): string {
  let key: string | undefined
  // Joined one by one: the key then keeps no copy of its parts, which the claims hold already.
  for (const part of parts) key = key === undefined ? escaped(part) : `${key}|${escaped(part)}`
  return key ?? ''
}

/** Returns the key of a client that acts for itself. No user has it, whatever names the STS allows its users (RFC 9068 §5). */
export function clientKey(issuer: string, id: string): string {
  return principalKey(issuer, 'client', id)
}

/**
 * Returns the key of a subject that has the name of its client and has logged in, which a client never does. The token contradicts
 * itself, so this is neither the key of the client nor that of a user.
 */
export function ambiguousKey(issuer: string, id: string): string {
  return principalKey(issuer, 'ambiguous', id)
}

/** Most parts have nothing to escape, and the test is quicker than encodeURI. */
function escaped(part: string): string {
  return /^[\w\-.~:/@]*$/.test(part) ? part : encodeURI(part)
}

// Facts that the application knows about its clients, and no STS states: one is a set-top box, or a fleet of sensors.

/** The facts about one client. */
export interface ClientDescription {
  /** The client is a device: the principal is one, too, when the client acts for itself. Users stay users. */
  readonly kind?: 'device'
  /** The device that it runs on, such as `tv` or `printer`: becomes `principal.client.form`, also where it acts for a user. */
  readonly form?: string
}

/** Facts by client id, for the clients of all issuers. An issuer may have a registry of its own instead. */
export type ClientRegistry = Readonly<Record<string, ClientDescription>>

/** Copies a registry for `applyClients`. @throws TypeError for a registry that can never work, above all for `kind: 'user'`. */
export function readClients(clients: ClientRegistry): ReadonlyMap<string, ClientDescription> {
  checkPlain(clients, "clients must be an object such as { 'client id': { kind: 'device', form: 'tv' } }.")
  return new Map(Object.entries(clients).map(([id, client]) => [id, readClient(id, client)]))
}

function readClient(id: string, client: ClientDescription): ClientDescription {
  const where = `clients['${id}']`
  checkOptionNames(where, client, ['kind', 'form'])
  const { kind, form } = client
  if (kind !== undefined && kind !== 'device') {
    throw new TypeError(
      `${where}.kind may only be 'device', not '${String(kind)}': what a token does not prove, no configuration makes a user.`,
    )
  }
  if (form !== undefined) checkString(`${where}.form`, form)
  return { ...(kind && { kind }), ...(form !== undefined && { form }) }
}

/** Adds the registry's facts about the principal's client. May turn an application into a device. Never makes a user. */
export function applyClients(principal: Principal, clients: ReadonlyMap<string, ClientDescription>): Principal {
  const { client, kind } = principal
  const description = client && clients.get(client.id)
  if (!description) return principal
  return {
    ...principal,
    kind: description.kind === 'device' && kind === 'application' ? 'device' : kind,
    client: { ...client, ...(description.form !== undefined && { form: description.form }) },
  }
}
