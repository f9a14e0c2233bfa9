// Finds an issuer's keys by its metadata (RFC 8414 §3, OpenID Connect Discovery §4).
import { createSteadyClock } from '../internal/clock.ts'
import { type FetchedJson, fetchJson } from '../internal/fetch-json.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'
import { faultOfLink, hasLogin, isSecureEnough, parseUrl } from '../internal/urls.ts'
import type { Network } from '../jwks/key-source.ts'
import type { JwksLocation } from '../jwks/remote.ts'

const maxMetadataBytes = 256 * 1024
const maxNameLength = 120
const maxReasonLength = 400
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
 * The addresses where an issuer may publish its metadata, in the order of the attempts. First the form of RFC 8414 §3.1, then
 * the same form for OpenID Connect, then the older form that appends to the issuer.
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
  const { emit } = options.network
  const clock = createSteadyClock(options.network.clock)
  const { issuer, metadataUrls: addresses } = options
  let known: Discovered | undefined
  let failed = false
  let validUntilMs = Number.NEGATIVE_INFINITY
  let rediscoveredUntilMs = Number.NEGATIVE_INFINITY

  async function ask(urls: readonly string[], deadline: AbortSignal): Promise<string> {
    try {
      // The first look-up has one retry for a short failure. Later the remembered address serves, and a retry would double the
      // load of an outage.
      const found = await discover(urls, { ...options, deadline, retry: !known && !failed, fallbacks: known ? 1 : 0 })
      if (known && known.jwksUri !== found.jwksUri)
        emit({ type: 'metadata.moved', issuer, jwksUri: printable(found.jwksUri) })
      known = found
      failed = false
      validUntilMs = clock.nowMs() + metadataTtlMs
    } catch (error) {
      failed = true
      validUntilMs = clock.nowMs() + failedMetadataTtlMs
      // Without a good document the caller reports that it got no keys.
      if (!known) throw error
      emit({ type: 'metadata.refresh_failed', issuer, reason: reasonOf(error) })
    }
    return known.jwksUri
  }

  async function jwksUri(deadline: AbortSignal): Promise<string> {
    if (known && clock.nowMs() < validUntilMs) return known.jwksUri
    return ask(known ? [known.metadataUrl] : addresses, deadline)
  }

  return {
    jwksUri,
    async rediscover(uri, deadline) {
      // Limited: while there are no keys, every attempt to get them calls this function.
      if (clock.nowMs() < rediscoveredUntilMs) return known?.jwksUri ?? uri
      rediscoveredUntilMs = clock.nowMs() + failedMetadataTtlMs
      return ask(addresses, deadline).catch(() => uri)
    },
    isFailing: () => failed,
    selectJwks: (jwks) => selectJwks(jwks, known?.cloud),
  }
}

/**
 * Leaves out each JWK of another cloud than that of the metadata. Entra's list for the public cloud has keys of US Gov, and
 * v1.0 tokens have the same issuer in both. No other STS has this member.
 */
function selectJwks(jwks: JsonObject, cloud: unknown): JsonObject {
  const { keys } = jwks
  if (cloud === undefined || !Array.isArray(keys)) return jwks
  // `undefined` counts as a key that cannot be used.
  return { ...jwks, keys: keys.map((jwk: unknown) => (isOfCloud(jwk, cloud) ? jwk : undefined)) }
}

function isOfCloud(jwk: unknown, cloud: unknown): boolean {
  return !isJsonObject(jwk) || !Object.hasOwn(jwk, 'cloud_instance_name') || jwk.cloud_instance_name === cloud
}

interface Discovered {
  readonly metadataUrl: string
  readonly jwksUri: string
  /** Entra's `cloud_instance_name`. */
  readonly cloud: unknown
}

function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : error, maxReasonLength)
}

interface DiscoverOptions extends DiscoveryOptions {
  /** For the metadata and the keys together. */
  readonly deadline: AbortSignal
  readonly retry: boolean
  /** The number of ways to the keys that are left when no address has a good document. */
  readonly fallbacks: number
}

/** Tries one address after the other. Each has an equal share of the time, so that one hanging address leaves time for the rest. */
async function discover(urls: readonly string[], options: DiscoverOptions): Promise<Discovered> {
  const { deadline, retry, fallbacks } = options
  const { fetch, fetchTimeoutMs, signal } = options.network
  const problems: string[] = []
  for (const [index, url] of urls.entries()) {
    const isLastWay = index === urls.length - 1 && fallbacks === 0
    const timeoutMs = isLastWay ? fetchTimeoutMs : Math.ceil(fetchTimeoutMs / (urls.length + fallbacks))
    try {
      const answer = await fetchJson(url, { fetch, timeoutMs, deadline, maxBytes: maxMetadataBytes, signal, retry })
      const jwksUri = readMetadata(url, answer, options)
      return { metadataUrl: url, jwksUri, cloud: answer.value.cloud_instance_name }
    } catch (error) {
      if (signal.aborted) throw error
      problems.push(`${url}: ${reasonOf(error)}`)
    }
  }
  throw new Error(`no metadata for ${options.issuer} (${problems.join('; ')})`)
}

/**
 * Reads `jwks_uri` from a document that is right in every respect: else "the data contained in the response MUST NOT be used",
 * RFC 8414 §3.3.
 */
function readMetadata(from: string, { value, contentType }: FetchedJson, options: DiscoveryOptions): string {
  const { issuer, jwks_uri: jwksUri } = value
  const { metadataIssuer, issuerMember } = options
  const names = metadataIssuer === undefined ? [options.issuer, ...(options.aliases ?? [])] : [metadataIssuer]
  if (!/^application\/([\w.+-]+\+)?json *(;|$)/i.test(contentType)) throw new Error('not application/json')
  checkNamed('issuer', issuer, names)
  if (issuerMember !== undefined) checkNamed(issuerMember, value[issuerMember], [options.issuer])
  if (typeof jwksUri !== 'string') throw new Error('the document has no jwks_uri')
  return readJwksUri(from, jwksUri, options.insecureAllowHttp)
}

/** Cuts both names, so that the reasons for several documents fit on one line. */
function checkNamed(member: string, named: unknown, expected: readonly string[]): void {
  if (typeof named === 'string' && expected.includes(named)) return
  const instead = `expected ${expected.map((one) => printable(one, maxNameLength)).join(' or ')}`
  if (typeof named !== 'string') throw new Error(`the document has no ${member}, ${instead}`)
  throw new Error(`the document is for another issuer: its ${member} is ${printable(named, maxNameLength)}, ${instead}`)
}

function readJwksUri(from: string, jwksUri: string, allowHttp: boolean): string {
  const url = parseUrl(jwksUri)
  if (!url) throw new Error('its jwks_uri is no URL')
  if (hasLogin(url)) throw new Error('its jwks_uri has a user name')
  const fault = faultOfLink(new URL(from), url)
  const shown = `its jwks_uri ${printable(url.href, maxNameLength)}`
  if (fault !== undefined) throw new Error(`${shown} ${fault}`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`${shown} is not https`)
  if (!isSecureEnough(url, allowHttp)) throw new Error(`${shown} is http beyond this machine`)
  return url.href
}
