// Protected resource metadata (RFC 9728): tells clients which authorization servers this API trusts and what to ask them
// for. MCP clients cannot do without it. Derived from the configuration and the policies in use, so that it cannot lie.
import { isQuotable } from '../errors/challenge.ts'
import { checkOptionNames, checkString, checkStrings } from '../internal/options.ts'
import { hasLogin, isSecureEnough, parseUrl, withoutSlash } from '../internal/urls.ts'

/** What people read of a resource, in the words of RFC 9728 §2; a language tag may follow, as in `resource_name#de`. */
export type ResourceDescription = Readonly<
  Record<
    | 'resource_name'
    | 'resource_documentation'
    | 'resource_policy_uri'
    | 'resource_tos_uri'
    | `resource_${string}#${string}`,
    string | undefined
  >
>

/** What a resource server publishes about itself. */
export interface ResourceMetadataOptions {
  /**
   * The identifier of the API: the https URL that clients call, compared byte for byte. Several when parts of the API are
   * resources of their own; a request belongs to the longest that its path begins with, else to the first. The metadata of
   * each needs a path of its own.
   */
  readonly resource: string | readonly string[]
  /** Names and pages for people. */
  readonly description?: Partial<ResourceDescription>
  /** Default: the issuers of the configuration. */
  readonly authorizationServers?: readonly string[]
}

/** One resource and its addresses. */
export interface ProtectedResource {
  readonly resource: string
  /** Where its metadata is: what `resource_metadata` of a challenge says. */
  readonly metadataUrl: string
  /** The request target of that. */
  readonly target: string
  readonly path: string
}

/** What changes while policies are put to use. */
export interface PublishedGrants {
  readonly scopes: readonly string[]
  readonly authorizationDetailsTypes: readonly string[]
}

const wellKnown = '/.well-known/oauth-protected-resource'
const described = /^resource_(name|documentation|policy_uri|tos_uri)(#[A-Za-z0-9-]+)?$/

/**
 * @throws TypeError when an identifier is no https URL without fragment (RFC 9728 §1.2), when two of them would be published at
 * one path, or a description has no such member.
 */
export function readResources(options: ResourceMetadataOptions): readonly ProtectedResource[] {
  checkOptionNames('metadata', options, ['resource', 'description', 'authorizationServers'])
  const { resource, description = {}, authorizationServers } = options
  const identifiers = typeof resource === 'string' ? [resource] : resource
  checkStrings('metadata.resource', identifiers)
  if (authorizationServers !== undefined) checkStrings('metadata.authorizationServers', authorizationServers)
  for (const [name, text] of Object.entries(description)) {
    if (!described.test(name)) throw new TypeError(`metadata.description has no member ${name} (RFC 9728 §2).`)
    checkString(`metadata.description.${name}`, text)
  }
  const resources = identifiers.map(readResource)
  checkTargets(resources)
  return resources
}

/** Only the path of a request tells which document it asks for: of two at one path the second would never be found. */
function checkTargets(resources: readonly ProtectedResource[]): void {
  for (const [at, { resource, target }] of resources.entries()) {
    const earlier = resources.slice(0, at).find((one) => one.target === target)
    if (earlier)
      throw new TypeError(
        `metadata.resource: '${earlier.resource}' and '${resource}' would both be published at ${target}: name one.`,
      )
  }
}

function readResource(resource: string): ProtectedResource {
  const url = parseUrl(resource)
  const parts = /^(https?:\/\/[^/?#]+)([^#]*)$/i.exec(resource)
  if (!url || !parts || hasLogin(url) || !isSecureEnough(url, false) || !isQuotable(resource) || resource.includes(' '))
    throw new TypeError(`metadata.resource must be an https URL without fragment (RFC 9728 §1.2), not '${resource}'.`)
  const [, origin = '', rest = ''] = parts
  // "any terminating slash (/) following the host component MUST be removed", and only that one (RFC 9728 §3.1).
  const target = wellKnown + (rest === '/' || rest.startsWith('/?') ? rest.slice(1) : rest)
  return { resource, metadataUrl: origin + target, target, path: rest.replace(/\?.*$/s, '') || '/' }
}

/**
 * The resource that a request to `target` is for: the longest that its path begins with, else the first. Without a request it
 * is the only one there is: of several nobody knows which, and a client that is led to another's metadata gets a token for that.
 */
export function resourceOf(
  resources: readonly ProtectedResource[],
  target: string | undefined,
): ProtectedResource | undefined {
  if (target === undefined) return resources.length === 1 ? resources[0] : undefined
  const path = targetOf(target).replace(/\?.*$/s, '')
  const [longest] = resources
    .filter((one) => isWithin(path, one.path))
    .toSorted((a, b) => b.path.length - a.path.length)
  return longest ?? resources[0]
}

/**
 * The resource whose metadata `target` asks for. An identifier that ends in a slash is found without it, too: clients and proxies
 * drop or add that slash, and the document says which form is right.
 */
export function describedAt(resources: readonly ProtectedResource[], target: string): ProtectedResource | undefined {
  const wanted = targetOf(target)
  return (
    resources.find((one) => one.target === wanted) ??
    resources.find((one) => one.path.endsWith('/') && withoutSlash(one.target) === withoutSlash(wanted))
  )
}

/** The document. Members without a value are left out: "Parameters with zero values MUST be omitted" (RFC 9728 §3.2). */
export function metadataDocument(
  resource: string,
  { description = {}, authorizationServers = [] }: ResourceMetadataOptions,
  { scopes, authorizationDetailsTypes }: PublishedGrants,
): Readonly<Record<string, unknown>> {
  return {
    resource,
    ...(authorizationServers.length > 0 && { authorization_servers: authorizationServers }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    ...(authorizationDetailsTypes.length > 0 && { authorization_details_types_supported: authorizationDetailsTypes }),
    ...description,
  }
}

function isWithin(path: string, prefix: string): boolean {
  const folder = withoutSlash(prefix)
  return path === folder || path.startsWith(`${folder}/`)
}

/** A request target is a path, or in its absolute form a whole URL (RFC 9112 §3.2). */
function targetOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '')
}
