// The options of entra(): tenants, token formats, and the clients that need no app role.
import type { GroupsOptions } from '../preset-claims.ts'
import type { OneOrMore } from '../preset-options.ts'
import type { EntraCloud, EntraVersion } from './clouds.ts'

/** Which tenants an API for many lets in: their ids, or a function that is asked for every token that is not remembered. */
export type AllowedTenants = OneOrMore<string> | ((tenant: string) => boolean | PromiseLike<boolean>)

/** A client that may call as itself without an app role. Where there are many tenants, only from this one. */
export type EntraAclEntry = string | { readonly clientId: string; readonly tenant: string }

/** A user of whom the token may not list all groups. */
export interface EntraGroupQuery {
  readonly tenant: string
  /** The user's object id. */
  readonly oid: string
}

export interface EntraOptions extends GroupsOptions {
  /**
   * The directory (tenant) id, a GUID. `organizations` (work and school accounts) and `common` (these and personal accounts)
   * stand for many tenants, and need `allowedTenants` or `anyTenant: true`. `consumers` is the one tenant of personal accounts.
   */
  readonly tenant: string
  /** The application (client) id of this API, a GUID. Its audiences are derived from it. */
  readonly clientId: string
  /** Further application ID URIs of this API, such as `https://api.contoso.com`. Each is accepted with and without a slash at its end. */
  readonly audiences?: OneOrMore<string>
  /** Default `public`. */
  readonly cloud?: EntraCloud
  /** Token formats to accept. Default all of the cloud: the format follows the API's registration, and during its change both arrive. */
  readonly versions?: OneOrMore<EntraVersion>
  /**
   * The tenants that may use this API. A function is called before anything is fetched, about unverified tokens: keep it
   * quick. Only `true` allows a tenant. A throw is a 503.
   */
  readonly allowedTenants?: AllowedTenants
  /** Lets every tenant of the world in. Its users are unknown to you: decide by tenant and role, never by name or e-mail address. */
  readonly anyTenant?: true
  /** Fetches and keeps the keys of each allowed tenant apart, in place of the document that all tenants share. */
  readonly keysPerTenant?: boolean
  /** The API's registration has its own signing key (claims mapping): its keys are found with `?appid=`. */
  readonly customSigningKeys?: boolean
  /**
   * Tokens of applications for themselves. `require-role` (default) asks for an app role. `reject` refuses them all, and devices
   * without a scope. `acl` lists clients that need no role: every application of a tenant can get a token without one.
   */
  readonly appTokens?: 'require-role' | 'reject' | { readonly acl: OneOrMore<EntraAclEntry> }
  /**
   * Finds all group ids of a user, for instance at `https://graph.microsoft.com/v1.0/users/{oid}/getMemberObjects`. Called where
   * `groups.complete` would be false: for every new token of a user, or, with `groupsAreComplete: true`, for one that lists no
   * groups. Its deadline is that of one fetch. After a failure the groups stay incomplete, and an event reports it. The address
   * in the token is never used.
   */
  readonly groupResolver?: (user: EntraGroupQuery) => PromiseLike<readonly string[]>
}
