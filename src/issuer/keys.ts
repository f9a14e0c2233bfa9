// The key source of an endpoint: a JWK Set, the address of one, metadata documents, or PEM texts.
import { type Algorithm, isAlgorithm } from '../crypto/algorithms.ts'
import { jwksFromPemMap, readPem } from '../crypto/pem.ts'
import { checkArgumentCount, checkOptions, checkString } from '../internal/options.ts'
import { checkPattern, whole } from '../internal/patterns.ts'
import { withoutLogin } from '../internal/urls.ts'
import { createKeysByKid } from '../jwks/by-kid.ts'
import type { KeySource, Network } from '../jwks/key-source.ts'
import { createLocalKeys } from '../jwks/local.ts'
import { createRemoteKeys, fixedLocation } from '../jwks/remote.ts'
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
  const { keys, keyUse, discriminator, aliases, insecureAllowHttp } = endpoint
  // Endpoints that share an `iss` do not share keys. Their names must differ in events and in a store.
  const issuer = discriminator
    ? `${endpoint.issuer}#${discriminator.claim}=${discriminator.values.join(',')}`
    : endpoint.issuer
  const { algorithms } = profile
  const { network, keyStore } = options
  if ('jwks' in keys) return createLocalKeys({ issuer, jwks: keys.jwks, algorithms, keyUse })
  const settings = readKeyCacheOptions({ ...profile.keyCache, ...options.keyCache })
  const context = { issuer, algorithms, settings, keyStore, network }
  if ('create' in keys) return keys.create(context)
  // The configured addresses are the `source` of stored keys, since a name does not identify them. WorkOS has one name for all its
  // keys, and Entra's public and US Gov v1.0 share theirs.
  if ('jwksUri' in keys)
    return createRemoteKeys({ ...context, keyUse, location: fixedLocation(keys.jwksUri), source: keys.jwksUri })
  const location = createDiscovery({ issuer: endpoint.issuer, aliases, ...keys, insecureAllowHttp, network })
  return createRemoteKeys({ ...context, keyUse, location, source: keys.metadataUrls.join(' ') })
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
    create: (context) =>
      createRemoteKeys({ ...context, location: fixedLocation(uri), source: uri, toJwks: jwksFromPemMap }),
  }
}

/**
 * Returns the JWK of a PEM certificate or public key, for `jwks: { keys: [jwkFromPem(pem)] }`. Without `kid` it serves tokens of any
 * `kid`, if it is the only key of the set. Without `alg` it is bound to the first of the issuer's algorithms that fits its type. Does
 * not check a certificate's dates, names or chain.
 *
 * @throws TypeError for anything but one PEM certificate or public key, such as a private key. Also on a runtime without node:crypto.
 */
export function jwkFromPem(
  pem: string,
  options: { readonly kid?: string; readonly alg?: Algorithm } = {},
): JwkSet['keys'][number] {
  checkOptions('jwkFromPem()', arguments, ['kid', 'alg'], 1)
  const { kid, alg } = options
  if (kid !== undefined) checkString('kid', kid)
  if (alg !== undefined && !isAlgorithm(alg))
    throw new TypeError(`alg must be an algorithm such as 'RS256', not '${String(alg)}'.`)
  const jwk = readPem(pem)
  if (jwk.kty === undefined)
    throw new TypeError(
      'jwkFromPem() needs the text of one PEM that begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----; a private key is never used.',
    )
  return { ...jwk, ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) }
}

/**
 * One PEM public key for each `kid`, at an address made of it: `uri` holds `{kid}` once. Only a `kid` that matches `kidPattern` is
 * fetched, as a whole. It is tested with untrusted texts of at most 256 characters: nest no repetition, and allow no character with a
 * meaning in a URL. Unknown kids cause at most five fetches a second.
 *
 * @throws TypeError for a `uri` without `{kid}`, and for a pattern that is no regular expression.
 */
export function pemPerKid(uri: string, kidPattern: RegExp): IssuerKeys {
  checkArgumentCount('pemPerKid()', arguments, 2)
  if (uri.split('{kid}').length !== 2) throw new TypeError(`'${withoutLogin(uri)}' must hold {kid} exactly once.`)
  checkPattern('kidPattern', kidPattern)
  const pattern = whole(kidPattern)
  return {
    addresses: [uri],
    create: (context) => createKeysByKid({ ...context, pemUri: uri, kidPattern: pattern }),
  }
}
