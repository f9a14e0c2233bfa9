// Finds an issuer's keys by its metadata (RFC 8414 §3, OpenID Connect Discovery §4).
import { createSteadyClock } from '../clock.ts'
import { type FetchedJson, fetchJson, isHttpStatusError } from '../internal/fetch-json.ts'
import { printable } from '../internal/printable.ts'
import { hasLogin, isSecureEnough, parseUrl } from '../internal/urls.ts'
import type { JwksLocation, Network } from '../keys/remote-keys.ts'

const maxMetadataBytes = 256 * 1024
/** How long a `jwks_uri` is believed without asking again, and how long after metadata could not be had. */
const believedMs = 5 * 60 * 1000
const believedAfterFailureMs = 10 * 60 * 1000

export interface DiscoveryOptions {
  /** For messages; and what the documents must name, unless `metadataIssuer` says otherwise. */
  readonly issuer: string
  readonly metadataUrls: readonly string[]
  readonly metadataIssuer?: string | undefined
  /** A member of the documents that must be `issuer`, too. */
  readonly issuerMember?: string | undefined
  readonly insecureAllowHttp: boolean
  readonly network: Network
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

/**
 * Looks up and remembers the `jwks_uri` of one issuer. Looks again before keys are fetched, each five minutes at most, so that a
 * moved one is followed; a document that cannot be had, or is not this issuer's, never takes the place of a good one.
 */
export function createDiscovery(options: DiscoveryOptions): JwksLocation {
  const { emit } = options.network
  const clock = createSteadyClock(options.network.clock)
  const { issuer, metadataUrls: addresses } = options
  let known: Discovered | undefined
  let failed = false
  let believedUntilMs = Number.NEGATIVE_INFINITY
  let searchedUntilMs = Number.NEGATIVE_INFINITY

  async function ask(urls: readonly string[]): Promise<string> {
    try {
      // One retry is for a blip at the start: later the known address serves, and in an outage it would double the load.
      const found = await discover(urls, !known && !failed, options)
      if (known && known.jwksUri !== found.jwksUri)
        emit({ type: 'metadata.moved', issuer, jwksUri: printable(found.jwksUri) })
      known = found
      failed = false
      believedUntilMs = clock.nowMs() + believedMs
    } catch (error) {
      failed = true
      believedUntilMs = clock.nowMs() + believedAfterFailureMs
      // Without a good document the failure to get keys is reported by who wanted them.
      if (!known) throw error
      emit({ type: 'metadata.refresh_failed', issuer, reason: reasonOf(error) })
    }
    return known.jwksUri
  }

  async function jwksUri(): Promise<string> {
    if (known && clock.nowMs() < believedUntilMs) return known.jwksUri
    return ask(known ? [known.metadataUrl] : addresses)
  }

  return {
    jwksUri,
    async movedFrom(uri) {
      // Once in a while: as long as there are no keys, every attempt to get them comes by here.
      if (clock.nowMs() < searchedUntilMs) return known?.jwksUri ?? uri
      searchedUntilMs = clock.nowMs() + believedAfterFailureMs
      return ask(addresses).catch(() => uri)
    },
    isFailing: () => failed,
  }
}

interface Discovered {
  readonly metadataUrl: string
  readonly jwksUri: string
}

function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : error)
}

async function discover(urls: readonly string[], retry: boolean, options: DiscoveryOptions): Promise<Discovered> {
  const { fetch, fetchTimeoutMs: timeoutMs, signal } = options.network
  const deadline = AbortSignal.timeout(timeoutMs)
  const problems: string[] = []
  for (const url of urls) {
    try {
      const answer = await fetchJson(url, { fetch, timeoutMs, deadline, maxBytes: maxMetadataBytes, signal, retry })
      return { metadataUrl: url, jwksUri: readMetadata(url, answer, options) }
    } catch (error) {
      // A server that does not answer will not do so at its other addresses either.
      if (!isHttpStatusError(error) && !isMetadataError(error)) throw error
      problems.push(`${url}: ${error.message}`)
    }
  }
  throw new Error(`no metadata for ${options.issuer} (${problems.join('; ')})`)
}

/** Takes `jwks_uri` from a document, or nothing at all: "the data contained in the response MUST NOT be used", RFC 8414 §3.3. */
function readMetadata(from: string, { value, contentType }: FetchedJson, options: DiscoveryOptions): string {
  const { issuer, jwks_uri: jwksUri } = value
  const { metadataIssuer = options.issuer, issuerMember } = options
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(contentType)) throw metadataError('not application/json')
  if (issuer !== metadataIssuer) throw metadataError('the document is for another issuer')
  if (issuerMember !== undefined && value[issuerMember] !== options.issuer)
    throw metadataError(`its ${issuerMember} is another issuer`)
  const url = typeof jwksUri === 'string' ? parseUrl(jwksUri) : undefined
  if (!url || hasLogin(url)) throw metadataError('the document has no jwks_uri')
  // An issuer that is reached over TLS, or names itself so, must not send us elsewhere without it.
  const httpIssuer = options.issuer.startsWith('http:') && from.startsWith('http:')
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
