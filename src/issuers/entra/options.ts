// The options of entra(), read once: what can never work is told what to write instead.
import { checkFunction, checkOptionNames, checkString, checkStrings } from '../../internal/options.ts'
import { clouds, consumerTenant, type EntraCloud, type EntraVersion } from './clouds.ts'
import { guid, readGuid } from './guid.ts'
import { readAcl, readAdmission } from './many-tenants.ts'

/** Which tenants an API for many lets in: their ids, or a function that is asked for every token that is not remembered. */
export type AllowedTenants = readonly string[] | ((tenant: string) => boolean | PromiseLike<boolean>)

/** A client that may come in as itself without an app role. Where there are many tenants, only from this one. */
export type EntraAclEntry = string | { readonly clientId: string; readonly tenant: string }

/** A user whose groups Entra left out of the token. */
export interface EntraGroupQuery {
  readonly tenant: string
  /** The user's object id. */
  readonly oid: string
}

export interface EntraOptions {
  /**
   * The directory (tenant) id, a GUID. `organizations` (work and school accounts), `common` (these and personal accounts) and
   * `consumers` (personal accounts) stand for many, and need `allowedTenants` or `anyTenant: true`.
   */
  readonly tenant: string
  /** The application (client) id of this API, a GUID. Its audiences are derived from it. */
  readonly clientId: string
  /** Further application ID URIs of this API, such as `https://api.contoso.com`. Each is accepted with and without a slash at its end. */
  readonly audiences?: readonly string[]
  /** Default `public`. */
  readonly cloud?: EntraCloud
  /** Token formats to accept. Default both: the format follows the API's registration, and during its change both arrive. */
  readonly versions?: readonly EntraVersion[]
  /**
   * The tenants that may use this API. Asked before anything is fetched, about tokens that nobody has verified: keep it
   * quick. Only `true` lets a tenant in; when it throws, 503.
   */
  readonly allowedTenants?: AllowedTenants
  /** Lets every tenant of the world in. Its users are strangers: decide by tenant and role, never by name or e-mail address. */
  readonly anyTenant?: true
  /** Fetches and keeps the keys of each allowed tenant apart, in place of the document that all tenants share. */
  readonly keysPerTenant?: boolean
  /** The API's registration has its own signing key (claims mapping): its keys are found with `?appid=`. */
  readonly customSigningKeys?: boolean
  /**
   * Tokens of applications for themselves. `require-role` (default) asks for an app role, `reject` refuses them all, `acl` lets
   * these clients in without one, too: every application of a tenant can get a token without a role.
   */
  readonly appTokens?: 'require-role' | 'reject' | { readonly acl: readonly EntraAclEntry[] }
  /**
   * Finds the group ids of a user with too many groups for a token, for instance at
   * `https://graph.microsoft.com/v1.0/users/{oid}/getMemberObjects`. Has as long as one fetch; when it fails, the groups stay
   * incomplete and an event tells. The address that the token names is never asked.
   */
  readonly groupResolver?: (user: EntraGroupQuery) => PromiseLike<readonly string[]>
}

/** The options as the preset uses them. */
export interface EntraSettings {
  /** One tenant, or the documents for many. */
  readonly tenant: string
  readonly isMany: boolean
  readonly clientId: string
  readonly audiences: readonly string[]
  readonly cloud: EntraCloud
  readonly versions: readonly EntraVersion[]
  readonly admits: ((tenant: string) => boolean | PromiseLike<boolean>) | undefined
  readonly keysPerTenant: boolean
  readonly customSigningKeys: boolean
  readonly refusesApps: boolean
  /** `client id` for the one tenant, `client id|tenant` for many. */
  readonly acl: ReadonlySet<string>
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
  'groupResolver',
]
const manyTenants = ['organizations', 'common', 'consumers']

/** @throws TypeError for what can never work, with the value to write where it is known. */
export function readEntraOptions(options: EntraOptions): EntraSettings {
  checkOptionNames('entra()', options, names)
  const { audiences = [], cloud = 'public', versions = ['2.0', '1.0'], appTokens = 'require-role' } = options
  checkChoice('cloud', cloud, Object.keys(clouds))
  checkStrings('audiences', audiences, 0)
  checkStrings('versions', versions)
  for (const version of versions) checkChoice('versions[]', version, ['1.0', '2.0'])
  for (const name of ['keysPerTenant', 'customSigningKeys'] as const) checkBoolean(name, options[name])
  const tenant = readTenant(options.tenant)
  const isMany = manyTenants.includes(tenant)
  if (options.groupResolver !== undefined) checkFunction('groupResolver', options.groupResolver)
  return {
    // "consumers" is one tenant with a name of its own, and its documents are those of that tenant.
    tenant: tenant === 'consumers' ? consumerTenant : tenant,
    isMany: isMany && tenant !== 'consumers',
    clientId: readGuid('clientId', options.clientId),
    audiences,
    cloud,
    versions,
    admits: readAdmission(tenant, isMany, options),
    keysPerTenant: options.keysPerTenant === true,
    customSigningKeys: options.customSigningKeys === true,
    refusesApps: appTokens === 'reject',
    acl: readAcl(appTokens, isMany && tenant !== 'consumers'),
    groupResolver: options.groupResolver,
  }
}

/** A tenant's GUID in small letters, or one of the three names for many. */
function readTenant(value: unknown): string {
  checkString('tenant', value)
  const issuer = /^https:\/\/[^/]+\/([^/]+)/.exec(value)?.[1]
  if (issuer !== undefined) throw new TypeError(`tenant must be the tenant alone: write '${issuer}', not '${value}'.`)
  const lower = value.toLowerCase()
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

function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be true or false.`)
}
