// Facts that the application knows about its clients, and no STS states: one is a set-top box, or a fleet of sensors.
import { checkOptionNames, checkPlain, checkString } from '../internal/options.ts'
import type { Principal } from './principal.ts'

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
