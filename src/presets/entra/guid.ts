// Ids of tenants and applications: GUIDs, which Entra writes in small letters.
import { checkString } from '../../internal/options.ts'
import { whole } from '../../internal/patterns.ts'
import { uuid } from '../shapes.ts'

export const guid: RegExp = whole(uuid)

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
