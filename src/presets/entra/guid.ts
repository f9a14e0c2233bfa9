// Ids of tenants and applications: GUIDs, which Entra writes in small letters.
import { checkString } from '../../internal/options.ts'

export const guid: RegExp = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** @throws TypeError for a value that is no GUID. */
export function readGuid(name: string, value: unknown): string {
  checkString(name, value)
  const lower = value.toLowerCase()
  if (guid.test(lower)) return lower
  const bare = lower.replace(/^api:\/\//, '').replace(/\/$/, '')
  const example = guid.test(bare)
    ? `write '${bare}'`
    : "such as '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' (see the app registration)"
  throw new TypeError(`${name} must be a GUID, ${example}, not '${value}'.`)
}
