// Protected resource metadata (RFC 9728): tells clients which authorization servers this API trusts and what to ask them
// for. MCP clients depend on it. It is derived from the configuration and the policies in use, so that it stays true.
import { isQuotable } from '../errors/challenge.ts'
import { checkOptionNames, checkString, checkStrings } from '../internal/options.ts'
import { hasLogin, isSecureEnough, parseUrl, withoutSlash } from '../internal/urls.ts'

/** Names and pages of a resource for people, as RFC 9728 §2 calls them. A language tag may follow, as in `resource_name#de`. */
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

/** The option `metadata`: the document that a resource server publishes about itself. */
export interface ResourceMetadataOptions {
  /**
   * The identifier of the API: the https URL that clients call, compared byte for byte. Give several when parts of the API are
   * resources of their own. A request belongs to the longest that its path begins with, else to the first. Each needs a path of
   * its own for its metadata.
   */
  readonly resource: string | readonly string[]
  /** Names and pages for people. */
  readonly description?: Partial<ResourceDescription> | undefined
  /** Default: the issuers of the configuration. */
  readonly authorizationServers?: readonly string[] | undefined
}

/** One resource and its addresses. */
export interface ProtectedResource {
  readonly resource: string
  /** The address of its metadata, for `resource_metadata` of a challenge. */
  readonly metadataUrl: string
  /** The request target of `metadataUrl`. */
  readonly target: string
  readonly path: string
}

const wellKnown = '/.well-known/oauth-protected-resource'
const descriptionName = /^resource_(name|documentation|policy_uri|tos_uri)(#[A-Za-z0-9-]+)?$/

/**
 * Reads the option `metadata`.
 *
 * @throws TypeError for an identifier that is no https URL without fragment (RFC 9728 §1.2). Also for two that would be published at
 * one path, and for a description of an unknown name.
 */
export function readResources(options: ResourceMetadataOptions): readonly ProtectedResource[] {
  checkOptionNames('metadata', options, ['resource', 'description', 'authorizationServers'])
  const { resource, description = {}, authorizationServers } = options
  const identifiers = typeof resource === 'string' ? [resource] : resource
  checkStrings('metadata.resource', identifiers)
  if (authorizationServers !== undefined) checkStrings('metadata.authorizationServers', authorizationServers)
  for (const [name, text] of Object.entries(description)) {
    if (!descriptionName.test(name)) throw new TypeError(`metadata.description has no member ${name} (RFC 9728 §2).`)
    checkString(`metadata.description.${name}`, text)
  }
  const resources = identifiers.map(readResource)
  // Only its path tells which document a request asks for: the second document of one path would never be found.
  for (const later of resources) {
    const first = resources.find(({ target }) => target === later.target) ?? later
    if (first === later) continue
    throw new TypeError(
      `metadata.resource: '${first.resource}' and '${later.resource}' would both be published at ${later.target}: name one.`,
    )
  }
  return resources
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
 * Finds the resource of a request to `target`: the longest that its path begins with, else the first. Without a request it returns a
 * lone resource, and none of several. The metadata of a wrong one would lead the client to a token for that.
 */
export function resourceOf(
  resources: readonly ProtectedResource[],
  target: string | undefined,
): ProtectedResource | undefined {
  if (target === undefined) return resources.length === 1 ? resources[0] : undefined
  const path = targetOf(target).replace(/\?.*$/s, '')
  const [longest = resources[0]] = resources
    .filter((one) => isWithin(path, one.path))
    .toSorted((a, b) => b.path.length - a.path.length)
  return longest
}

/**
 * Finds the resource whose metadata `target` asks for. An identifier with a slash at its end is found without it, too. Clients and
 * proxies drop or add that slash, and the document says which form is right.
 */
export function describedAt(resources: readonly ProtectedResource[], target: string): ProtectedResource | undefined {
  const wanted = targetOf(target)
  return (
    resources.find((one) => one.target === wanted) ??
    resources.find((one) => one.path.endsWith('/') && withoutSlash(one.target) === withoutSlash(wanted))
  )
}

/** Makes the document. Members without a value are left out: "Parameters with zero values MUST be omitted" (RFC 9728 §3.2). */
export function metadataDocument(
  resource: string,
  { description = {}, authorizationServers = [] }: ResourceMetadataOptions,
  { scopes, authorizationDetailsTypes }: Readonly<Record<'scopes' | 'authorizationDetailsTypes', readonly string[]>>,
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

/** Returns the path of a request target, which in its absolute form is a whole URL (RFC 9112 §3.2). */
function targetOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '')
}
