// The tenants, and the clients without an app role, that are allowed where one client id or endpoint stands for many.
import { checkOptionNames } from '../../internal/options.ts'
import { readList } from '../preset-options.ts'
import { consumerTenant } from './clouds.ts'
import { readGuid } from './guid.ts'
import type { EntraAclEntry, EntraOptions } from './options.ts'

/** @throws TypeError when many tenants are trusted and no option says which are allowed. */
export function readAdmission(
  tenant: string,
  isMany: boolean,
  { allowedTenants, anyTenant, keysPerTenant }: EntraOptions,
): ((tenant: string) => boolean | PromiseLike<boolean>) | undefined {
  if (!isMany) {
    const name =
      allowedTenants !== undefined ? 'allowedTenants' : anyTenant !== undefined ? 'anyTenant' : 'keysPerTenant'
    if (allowedTenants === undefined && anyTenant === undefined && !keysPerTenant) return undefined
    throw new TypeError(`${name} is for many tenants: leave it out, or write tenant: 'organizations'.`)
  }
  if (anyTenant !== undefined && (anyTenant as unknown) !== true)
    throw new TypeError('anyTenant can only be true, or left out.')
  if ((allowedTenants === undefined) === (anyTenant === undefined)) {
    throw new TypeError(
      `tenant: '${tenant}' stands for many tenants: write allowedTenants: ['<tenant id>', …], or anyTenant: true for all of the world; not both.`,
    )
  }
  if (anyTenant && keysPerTenant) {
    throw new TypeError(
      'keysPerTenant needs allowedTenants: with anyTenant an attacker who makes up a tenant would make us fetch its keys.',
    )
  }
  if (allowedTenants === undefined) return undefined
  if (typeof allowedTenants === 'function') return allowedTenants
  const allowed = new Set(readList('allowedTenants', allowedTenants).map((one) => readGuid('allowedTenants[]', one)))
  if (tenant === 'organizations' && allowed.has(consumerTenant)) {
    throw new TypeError(
      `allowedTenants holds the tenant of personal accounts (${consumerTenant}), which 'organizations' leaves out: write tenant: 'common'.`,
    )
  }
  return (one) => allowed.has(one)
}

/** @throws TypeError for a value that is no list of clients. Where there are many tenants, each entry names one. */
export function readAcl(appTokens: NonNullable<EntraOptions['appTokens']>, isMany: boolean): ReadonlySet<string> {
  if (appTokens === 'require-role' || appTokens === 'reject') return new Set()
  const { acl = [] }: Partial<Exclude<typeof appTokens, string>> = Object(appTokens)
  const entries: readonly EntraAclEntry[] = [acl].flat()
  if (entries.length === 0)
    throw new TypeError("appTokens must be 'require-role', 'reject' or { acl: ['<client id>', …] }.")
  return new Set(entries.map((entry) => readAclEntry(entry, isMany)))
}

/** One client id means one application only within a tenant: "compare azp and iss". */
function readAclEntry(entry: EntraAclEntry, isMany: boolean): string {
  if (typeof entry === 'string') {
    const clientId = readGuid('appTokens.acl[]', entry)
    if (!isMany) return clientId
    throw new TypeError(
      `appTokens.acl must say from which tenant, where there are many: write { clientId: '${clientId}', tenant: '<tenant id>' }.`,
    )
  }
  checkOptionNames('appTokens.acl[]', entry, ['clientId', 'tenant'])
  const clientId = readGuid('appTokens.acl[].clientId', entry.clientId)
  const tenant = readGuid('appTokens.acl[].tenant', entry.tenant)
  if (!isMany) throw new TypeError(`appTokens.acl needs no tenant where there is one: write '${clientId}'.`)
  return `${clientId}|${tenant}`
}
