// The options of entra(), read once. An option that can never work is a TypeError with the value to write.
import { checkBoolean, checkFunction, checkOptionNames, checkString } from '../../internal/options.ts'
import { microsoftPreset } from '../microsoft-hosts.ts'
import { clouds, consumerTenant, type EntraCloud, type EntraVersion, versionsOf } from './clouds.ts'
import { createGroupsReader, type GroupsReader } from '../preset-claims.ts'
import { readList } from '../preset-options.ts'
import { guid, readGuid } from './guid.ts'
import { readAcl, readAdmission } from './many-tenants.ts'
import type { EntraOptions } from './options.ts'

/** The options as the preset uses them. */
export interface EntraSettings {
  /** One tenant, or the documents for many. */
  readonly tenant: string
  readonly isMany: boolean
  readonly clientId: string
  readonly audiences: readonly string[]
  readonly cloud: EntraCloud
  readonly versions: readonly EntraVersion[]
  readonly isTenantAllowed: ((tenant: string) => boolean | PromiseLike<boolean>) | undefined
  readonly keysPerTenant: boolean
  readonly customSigningKeys: boolean
  readonly refusesApps: boolean
  /** `client id` for the one tenant, `client id|tenant` for many. */
  readonly acl: ReadonlySet<string>
  readonly readGroups: GroupsReader
  readonly groupResolver: EntraOptions['groupResolver']
}

const names = [
  'tenant',
  'clientId',
  'audiences',
  'cloud',
  'versions',
  'allowedTenants',
  'anyTenant',
  'keysPerTenant',
  'customSigningKeys',
  'appTokens',
  'groupsAreComplete',
  'groupResolver',
]
const manyTenants = ['organizations', 'common']

/** @throws TypeError for an option that can never work, with the value to write where it is known. */
export function readEntraOptions(options: EntraOptions): EntraSettings {
  checkOptionNames('entra()', options, names)
  const { audiences = [], cloud = 'public', appTokens = 'require-role' } = options
  checkChoice('cloud', cloud, Object.keys(clouds))
  for (const name of ['keysPerTenant', 'customSigningKeys'] as const) checkBoolean(name, options[name] ?? false)
  const tenant = readTenant(options.tenant)
  const isMany = manyTenants.includes(tenant)
  if (options.groupResolver !== undefined) checkFunction('groupResolver', options.groupResolver)
  return {
    tenant,
    isMany,
    clientId: readGuid('clientId', options.clientId),
    audiences: readList('audiences', audiences, 0),
    cloud,
    versions: readVersions(options.versions, cloud),
    isTenantAllowed: readAdmission(tenant, isMany, options),
    keysPerTenant: options.keysPerTenant === true,
    customSigningKeys: options.customSigningKeys === true,
    refusesApps: appTokens === 'reject',
    acl: readAcl(appTokens, isMany),
    readGroups: createGroupsReader('groups', options),
    groupResolver: options.groupResolver,
  }
}

function readVersions(versions: EntraOptions['versions'], cloud: EntraCloud): readonly EntraVersion[] {
  const known = versionsOf(cloud)
  if (versions === undefined) return known
  const wanted = readList('versions', versions)
  for (const version of wanted) checkChoice('versions[]', version, ['1.0', '2.0'])
  if (wanted.every((version) => known.includes(version))) return wanted
  throw new TypeError(`versions: no token of format 1.0 is known of the cloud ${cloud}: leave versions out.`)
}

/** A tenant's GUID in small letters, or one of the two names for many. `consumers` is a name for one tenant. */
function readTenant(value: unknown): string {
  checkString('tenant', value)
  const preset = microsoftPreset(value)
  if (preset !== undefined && !preset.startsWith('entra('))
    throw new TypeError(`tenant is no issuer of Entra ID: write ${preset}.`)
  const issuer = /^https:\/\/[^/]+\/([^/]+)/.exec(value)?.[1]
  if (issuer !== undefined) throw new TypeError(`tenant must be the tenant alone: write '${issuer}', not '${value}'.`)
  const lower = value.toLowerCase()
  if (lower === 'consumers') return consumerTenant
  if (manyTenants.includes(lower) || guid.test(lower)) return lower
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(lower)) {
    throw new TypeError(
      `tenant must be the tenant's id, since no token names its domain '${value}': write the issuer's GUID from https://login.microsoftonline.com/${lower}/v2.0/.well-known/openid-configuration.`,
    )
  }
  return readGuid('tenant', value)
}

function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) throw new TypeError(`${name} must be one of ${choices.join(', ')}.`)
}
