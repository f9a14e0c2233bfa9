// Finds an issuer's keys by its metadata (RFC 8414 §3, OpenID Connect Discovery §4).
import { type FetchedJson, fetchJson, isHttpStatusError } from '../internal/fetch-json.ts'
import { hasLogin, isSecureEnough, parseUrl } from '../internal/urls.ts'
import type { Network } from '../keys/remote-keys.ts'

const maxMetadataBytes = 256 * 1024
/** How long a `jwks_uri` is believed; a failure to fetch keys from it ends that at once. */
const metadataFreshMs = 60 * 60 * 1000

export interface DiscoveryOptions {
  readonly issuer: string
  readonly metadataUrls: readonly string[]
  readonly insecureAllowHttp: boolean
  readonly network: Network
}

export interface Discovery {
  /** The issuer's `jwks_uri`. Rejects when no metadata document could be had that names exactly this issuer. */
  jwksUri(): Promise<string>
  /** Drops what is known, so that the next question goes to the network. */
  forget(): void
}

/**
 * The addresses where an issuer may publish its metadata, in the order in which they are tried: RFC 8414 §3.1, the same
 * form for OpenID Connect, and the older form that appends to the issuer.
 */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  // "any terminating '/' MUST be removed before inserting", RFC 8414 §3.1.
  const path = pathname.replace(/\/$/, '')
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
    ]),
  ]
}

/** Looks up and remembers the `jwks_uri` of one issuer. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  let known: { readonly jwksUri: string; readonly untilMs: number } | undefined
  const { clock } = options.network
  return {
    async jwksUri() {
      if (known && clock.nowMs() < known.untilMs) return known.jwksUri
      const jwksUri = await discover(options)
      known = { jwksUri, untilMs: clock.nowMs() + metadataFreshMs }
      return jwksUri
    },
    forget() {
      known = undefined
    },
  }
}

async function discover(options: DiscoveryOptions): Promise<string> {
  const { fetch, fetchTimeoutMs: timeoutMs, signal } = options.network
  const problems: string[] = []
  for (const url of options.metadataUrls) {
    try {
      return readMetadata(await fetchJson(url, { fetch, timeoutMs, maxBytes: maxMetadataBytes, signal }), options)
    } catch (error) {
      // A server that does not answer will not do so at its other addresses either.
      if (!isHttpStatusError(error) && !isMetadataError(error)) throw error
      problems.push(`${url}: ${error.message}`)
    }
  }
  throw new Error(`no metadata for ${options.issuer} (${problems.join('; ')})`)
}

/** Takes `jwks_uri` from a document, or nothing at all: "the data contained in the response MUST NOT be used", RFC 8414 §3.3. */
function readMetadata({ value, contentType }: FetchedJson, options: DiscoveryOptions): string {
  const { issuer, jwks_uri: jwksUri } = value
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(contentType)) throw metadataError('not application/json')
  if (issuer !== options.issuer) throw metadataError('the document is for another issuer')
  const url = typeof jwksUri === 'string' ? parseUrl(jwksUri) : undefined
  if (!url || hasLogin(url)) throw metadataError('the document has no jwks_uri')
  // An issuer that is reached over TLS must not send us elsewhere without it.
  const httpIssuer = options.issuer.startsWith('http:')
  if (url.protocol !== 'https:' && !(httpIssuer && isSecureEnough(url, options.insecureAllowHttp))) {
    throw metadataError('its jwks_uri is not https')
  }
  return url.href
}

interface MetadataError extends Error {
  readonly metadata: true
}

function metadataError(message: string): MetadataError {
  return Object.assign(new Error(message), { metadata: true as const })
}

function isMetadataError(error: unknown): error is MetadataError {
  return error instanceof Error && 'metadata' in error
}
