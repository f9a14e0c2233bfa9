// Creates the key source of an endpoint from its `keys`.
import { type KeyCacheOptions, readKeyCacheOptions } from '../jwks/settings.ts'
import type { KeySource } from '../jwks/key-source.ts'
import type { KeyStore } from '../jwks/snapshot.ts'
import { createLocalKeys, type LocalKeys } from '../jwks/local.ts'
import { createRemoteKeys, fixedLocation, type JwksLocation, type Network } from '../jwks/remote.ts'
import { createDiscovery } from './discovery.ts'
import type { Issuer, IssuerEndpoint } from './issuer.ts'

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
