// Finds an issuer's keys by its metadata (RFC 8414 §3, OpenID Connect Discovery §4).
import { createSteadyClock } from '../internal/clock.ts'
import { type FetchedJson, fetchJson } from '../internal/fetch-json.ts'
import { isJsonObject, type JsonObject, printable, reasonOf } from '../internal/json.ts'
import { faultOfLink, hasLogin, isSecureEnough, parseUrl } from '../internal/urls.ts'
import type { Network } from '../jwks/key-source.ts'
import type { JwksLocation } from '../jwks/remote.ts'

const maxMetadataBytes = 256 * 1024
const maxNameLength = 120
/** How long a `jwks_uri` is used without a new look-up, and how long after a failed look-up. */
const metadataTtlMs = 5 * 60 * 1000
const failedMetadataTtlMs = 10 * 60 * 1000

export interface DiscoveryOptions {
  /** For messages. The documents must name it, unless there is a `metadataIssuer`. */
  readonly issuer: string
  /** Other names of this issuer that the documents may use. */
  readonly aliases?: readonly string[] | undefined
  readonly metadataUrls: readonly string[]
  readonly metadataIssuer?: string | undefined
  /** A further member of the documents that must equal `issuer`. */
  readonly issuerMember?: string | undefined
  readonly insecureAllowHttp: boolean
  readonly network: Network
}

/**
 * The addresses where an issuer may publish its metadata, in the order of the attempts. The form of RFC 8414 §3.1 comes first, then
 * the same form for OpenID Connect. The older form of OpenID Connect Discovery §4 appends to the issuer and comes last.
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
 * Looks up and remembers the `jwks_uri` of one issuer. Looks it up again before keys are fetched, each five minutes at most, so
 * that a move is followed. A document that cannot be fetched or is of another issuer never replaces a good one.
 */
export function createDiscovery(options: DiscoveryOptions): JwksLocation {
  const { issuer, metadataUrls: addresses } = options
  const { emit } = options.network
  const clock = createSteadyClock(options.network.clock)
  let metadata: Metadata | undefined
  let isFailing = false
  let validUntilMs = Number.NEGATIVE_INFINITY
  let rediscoveredUntilMs = Number.NEGATIVE_INFINITY

  async function lookUp(urls: readonly string[], deadline: AbortSignal): Promise<string> {
    try {
      // The first look-up has one retry for a short failure. Later the remembered address serves, and a retry would double the
      // load of an outage.
      const retry = !metadata && !isFailing
      const found = await discover(urls, { ...options, deadline, retry, hasFallback: metadata !== undefined })
      if (metadata && metadata.jwksUri !== found.jwksUri)
        emit({ type: 'metadata.moved', issuer, jwksUri: printable(found.jwksUri) })
      metadata = found
      isFailing = false
      validUntilMs = clock.nowMs() + metadataTtlMs
    } catch (error) {
      isFailing = true
      validUntilMs = clock.nowMs() + failedMetadataTtlMs
      // Without a good document the caller reports that it got no keys.
      if (!metadata) throw error
      emit({ type: 'metadata.refresh_failed', issuer, reason: reasonOf(error) })
    }
    return metadata.jwksUri
  }

  return {
    async jwksUri(deadline) {
      if (metadata && clock.nowMs() < validUntilMs) return metadata.jwksUri
      return lookUp(metadata ? [metadata.url] : addresses, deadline)
    },
    async rediscover(uri, deadline) {
      // Limited: while there are no keys, every attempt to get them calls this function.
      if (clock.nowMs() < rediscoveredUntilMs) return metadata?.jwksUri ?? uri
      rediscoveredUntilMs = clock.nowMs() + failedMetadataTtlMs
      return lookUp(addresses, deadline).catch(() => uri)
    },
    isFailing: () => isFailing,
    selectJwks: (jwks) => selectJwks(jwks, metadata?.cloud),
  }
}

/**
 * Leaves out each JWK of another cloud than that of the metadata. Entra's list for the public cloud has keys of US Gov, and
 * v1.0 tokens have the same issuer in both. No other STS has this member.
 */
function selectJwks(jwks: JsonObject, cloud: unknown): JsonObject {
  const { keys } = jwks
  if (cloud === undefined || !Array.isArray(keys)) return jwks
  const isOfOtherCloud = (jwk: unknown): boolean =>
    isJsonObject(jwk) && Object.hasOwn(jwk, 'cloud_instance_name') && jwk.cloud_instance_name !== cloud
  // `undefined` counts as a key that cannot be used.
  return { ...jwks, keys: keys.map((jwk: unknown) => (isOfOtherCloud(jwk) ? undefined : jwk)) }
}

interface Metadata {
  readonly url: string
  readonly jwksUri: string
  /** Entra's `cloud_instance_name`. */
  readonly cloud: unknown
}

interface DiscoverOptions extends DiscoveryOptions {
  /** For the metadata and the keys together. */
  readonly deadline: AbortSignal
  readonly retry: boolean
  /** Whether the keys can be fetched even when no address has a good document. */
  readonly hasFallback: boolean
}

/** Tries one address after the other. Each has an equal share of the time, so that one hanging address leaves time for the rest. */
async function discover(urls: readonly string[], options: DiscoverOptions): Promise<Metadata> {
  const { deadline, retry, hasFallback } = options
  const { fetch, fetchTimeoutMs, signal } = options.network
  const shareMs = Math.ceil(fetchTimeoutMs / (urls.length + (hasFallback ? 1 : 0)))
  /** The addresses that failed, by what was wrong with them. */
  const problems = new Map<string, readonly string[]>()
  for (const [index, url] of urls.entries()) {
    const timeoutMs = index === urls.length - 1 && !hasFallback ? fetchTimeoutMs : shareMs
    try {
      const answer = await fetchJson(url, { fetch, timeoutMs, deadline, maxBytes: maxMetadataBytes, signal, retry })
      return readMetadata(url, answer, options)
    } catch (error) {
      if (signal.aborted) throw error
      const reason = reasonOf(error)
      problems.set(reason, [...(problems.get(reason) ?? []), url])
    }
  }
  // The reason first: what reads a log may cut its end.
  const told = [...problems].map(([reason, failed]) => `${reason} (${failed.join(', ')})`)
  throw new Error(`no metadata: ${told.join('; ')}`)
}

/** Reads a document, or refuses all of it: "the data contained in the response MUST NOT be used", RFC 8414 §3.3. */
function readMetadata(url: string, { value, contentType }: FetchedJson, options: DiscoveryOptions): Metadata {
  const { issuer, aliases = [], metadataIssuer, issuerMember, insecureAllowHttp } = options
  if (!/^application\/([\w.+-]+\+)?json *(;|$)/i.test(contentType)) throw new Error('not application/json')
  checkNamed('issuer', value.issuer, metadataIssuer === undefined ? [issuer, ...aliases] : [metadataIssuer])
  if (issuerMember !== undefined) checkNamed(issuerMember, value[issuerMember], [issuer])
  if (typeof value.jwks_uri !== 'string') throw new Error('the document has no jwks_uri')
  const jwksUri = readJwksUri(url, value.jwks_uri, insecureAllowHttp)
  return { url, jwksUri, cloud: value.cloud_instance_name }
}

/** Cuts both names, so that the reasons for several documents fit on one line. */
function checkNamed(member: string, named: unknown, expected: readonly string[]): void {
  if (typeof named === 'string' && expected.includes(named)) return
  const instead = `expected ${expected.map((one) => printable(one, maxNameLength)).join(' or ')}`
  if (typeof named !== 'string') throw new Error(`the document has no ${member}, ${instead}`)
  throw new Error(
    `the document is for another issuer: its ${member} is ${printable(named, maxNameLength)}, ${instead}. If that is this STS, write it as the issuer`,
  )
}

function readJwksUri(from: string, jwksUri: string, allowHttp: boolean): string {
  const url = parseUrl(jwksUri)
  if (!url) throw new Error('its jwks_uri is no URL')
  if (hasLogin(url)) throw new Error('its jwks_uri has a user name')
  const fault = faultOfLink(new URL(from), url)
  const shown = `its jwks_uri ${printable(url.href, maxNameLength)}`
  if (fault !== undefined) throw new Error(`${shown} ${fault}`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`${shown} is not https`)
  if (!isSecureEnough(url, allowHttp)) throw new Error(`${shown} is http beyond this machine: the STS must write https`)
  return url.href
}
