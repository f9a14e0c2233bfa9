// What the application knows of its clients and no STS says: that one is a set-top box, or a fleet of sensors.
import { checkOptionNames, checkPlain, checkString } from '../internal/options.ts'
import type { Principal } from './principal.ts'

/** What is known of one client. */
export interface ClientDescription {
  /** The client is a device: what it does as an application, for itself, the principal then is. Users stay users. */
  readonly kind?: 'device'
  /** What it runs on, such as `tv` or `printer`: becomes `principal.client.form`, also where it acts for a user. */
  readonly form?: string
}

/** Client ids and what is known of them. An id is looked up whichever issuer names it, unless the issuer has a registry of its own. */
export type ClientRegistry = Readonly<Record<string, ClientDescription>>

/** Copies a registry into what `applyClients` takes. @throws TypeError for what can never work; for `kind: 'user'` above all. */
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

/** Adds what the registry knows of the principal's client. Turns an application into a device, and nothing into a user. */
export function applyClients(principal: Principal, clients: ReadonlyMap<string, ClientDescription>): Principal {
  if (clients.size === 0) return principal
  const { client } = principal
  const known = client && clients.get(client.id)
  if (!client || !known) return principal
  return {
    ...principal,
    kind: known.kind === 'device' && principal.kind === 'application' ? 'device' : principal.kind,
    client: { ...client, ...(known.form !== undefined && { form: known.form }) },
  }
}
