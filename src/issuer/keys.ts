// Creates the key source of an endpoint from its `keys`.
import { type Algorithm, isAlgorithm } from '../crypto/algorithms.ts'
import { jwksFromPemMap, readPem } from '../crypto/pem.ts'
import { checkArgumentCount, checkOptionNames, checkString } from '../internal/options.ts'
import { withoutLogin } from '../internal/urls.ts'
import { createKeysByKid } from '../jwks/by-kid.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { createLocalKeys, type LocalKeys } from '../jwks/local.ts'
import { createRemoteKeys, fixedLocation, type JwksLocation, type Network } from '../jwks/remote.ts'
import { type KeyCacheOptions, readKeyCacheOptions } from '../jwks/settings.ts'
import type { KeyStore } from '../jwks/snapshot.ts'
import { createDiscovery } from './discovery.ts'
import type { Issuer, IssuerEndpoint, IssuerKeys, JwkSet } from './issuer.ts'

/** The parts that the issuers of one verifier share. */
export interface RegistryOptions {
  readonly network: Network
  readonly keyCache?: KeyCacheOptions | undefined
  readonly keyStore?: KeyStore | undefined
}

/** Creates the key source of one endpoint. It fetches nothing before the first look-up. */
export function createIssuerKeys(endpoint: IssuerEndpoint, profile: Issuer, options: RegistryOptions): KeySource {
  const { keys, keyUse, discriminator } = endpoint
  // Endpoints that share an `iss` do not share keys. Their names must differ in events and in a store.
  const issuer = discriminator
    ? `${endpoint.issuer}#${discriminator.claim}=${discriminator.values.join(',')}`
    : endpoint.issuer
  const { algorithms } = profile
  const { network, keyStore: store } = options
  if ('jwks' in keys) return withHealth(createLocalKeys(keys.jwks, algorithms, keyUse), issuer)
  const settings = readKeyCacheOptions({ ...profile.keyCache, ...options.keyCache })
  if ('create' in keys) return keys.create({ issuer, algorithms, settings, keyStore: store, network })
  const location = locationOf(endpoint, network)
  const source = sourceOf(keys)
  return createRemoteKeys({ issuer, algorithms, location, source, keyUse, settings, store, network })
}

function withHealth(keys: LocalKeys, issuer: string): KeySource {
  return { ...keys, health: () => ({ issuer, state: 'static', keys: keys.count() }) }
}

/**
 * The configured addresses, for the store. A name does not identify keys: WorkOS has one name for all, and Entra's public and
 * US Gov v1.0 share theirs.
 */
function sourceOf(keys: IssuerEndpoint['keys']): string | undefined {
  if ('jwksUri' in keys) return keys.jwksUri
  return 'metadataUrls' in keys ? keys.metadataUrls.join(' ') : undefined
}

function locationOf({ issuer, aliases, keys, insecureAllowHttp }: IssuerEndpoint, network: Network): JwksLocation {
  if ('jwksUri' in keys) return fixedLocation(keys.jwksUri)
  if ('metadataUrls' in keys) return createDiscovery({ issuer, aliases, ...keys, insecureAllowHttp, network })
  throw new TypeError(`The issuer '${issuer}' says nowhere where its keys are.`)
}

// Keys that are published as PEM text (Firebase, Google IAP, AWS ALB). Applications without such an issuer do not bundle it.

/**
 * Keys in a JSON object at `uri`, from `kid` to a PEM certificate or public key. Does not check a certificate's dates, names or
 * chain: like a JWK, it is as trustworthy as its address.
 */
export function pemMap(uri: string): IssuerKeys {
  checkArgumentCount('pemMap()', arguments, 1)
  return {
    addresses: [uri],
    create: ({ keyStore, ...context }) =>
      createRemoteKeys({
        ...context,
        store: keyStore,
        location: fixedLocation(uri),
        source: uri,
        toJwks: jwksFromPemMap,
      }),
  }
}

/**
 * Returns the JWK of a PEM certificate or public key, for `jwks: { keys: [jwkFromPem(pem)] }`. Without `kid` it serves tokens
 * of any `kid`, if it is the only key of the set. Without `alg` it is bound to the first of the issuer's algorithms that fits
 * its type. Does not check a certificate's dates, names or chain.
 *
 * @throws TypeError for anything but one PEM certificate or public key, a private key included, and on a runtime without
 * node:crypto.
 */
export function jwkFromPem(
  pem: string,
  options: { readonly kid?: string; readonly alg?: Algorithm } = {},
): JwkSet['keys'][number] {
  checkArgumentCount('jwkFromPem()', arguments, 2)
  checkOptionNames('jwkFromPem()', options, ['kid', 'alg'])
  const { kid, alg } = options
  if (kid !== undefined) checkString('kid', kid)
  if (alg !== undefined) checkAlgorithm(alg)
  const jwk = readPem(pem)
  if (jwk.kty === undefined)
    throw new TypeError(
      'jwkFromPem() needs the text of one PEM that begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----; a private key is never used.',
    )
  return { ...jwk, ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) }
}

function checkAlgorithm(alg: unknown): void {
  if (!isAlgorithm(alg)) throw new TypeError(`alg must be an algorithm such as 'RS256', not '${String(alg)}'.`)
}

/**
 * One PEM public key for each `kid`, at an address made of it: `uri` holds `{kid}` once. Only a `kid` that matches `kidPattern`
 * is fetched: anchor the pattern, and allow no character with a meaning in a URL. Unknown kids cause at most five fetches a
 * second.
 *
 * @throws TypeError for a `uri` without `{kid}`.
 */
export function pemPerKid(uri: string, kidPattern: RegExp): IssuerKeys {
  checkArgumentCount('pemPerKid()', arguments, 2)
  if (uri.split('{kid}').length !== 2) throw new TypeError(`'${withoutLogin(uri)}' must hold {kid} exactly once.`)
  // A copy: code that shares the expression could make it match other texts.
  const pattern = new RegExp(kidPattern.source, kidPattern.flags)
  return {
    addresses: [uri],
    create: ({ keyStore, ...context }) =>
      createKeysByKid({ ...context, store: keyStore, pemUri: uri, kidPattern: pattern }),
  }
}
