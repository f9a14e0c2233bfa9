// The issuers that a verifier trusts, found by a token's exact `iss` and by nothing else (RFC 8725 §3.8).
import type { KeySource } from '../keys/key-source.ts'
import { createLocalKeys } from '../keys/local-keys.ts'
import { type KeyCacheOptions, readKeyCacheOptions } from '../keys/key-settings.ts'
import type { KeyStore } from '../keys/key-store.ts'
import { createRemoteKeys, type JwksLocation, type Network } from '../keys/remote-keys.ts'
import { createDiscovery } from './discovery.ts'
import type { Issuer, IssuerEndpoint } from './issuer.ts'

/** One trusted `iss`, its keys, and the profile of its tokens. Its keys serve no other issuer. */
export interface TrustedIssuer {
  readonly issuer: string
  readonly profile: Issuer
  readonly keys: KeySource
}

export interface IssuerRegistry {
  find(iss: unknown): TrustedIssuer | undefined
  readonly all: readonly TrustedIssuer[]
}

/** What the issuers of one verifier share. */
export interface RegistryOptions {
  readonly network: Network
  readonly keyCache?: KeyCacheOptions | undefined
  readonly keyStore?: KeyStore | undefined
}

/** @throws TypeError when two of `issuers` answer to one `iss`: which of them should decide? */
export function createIssuerRegistry(issuers: readonly Issuer[], options: RegistryOptions): IssuerRegistry {
  const byIss = new Map<unknown, TrustedIssuer>()
  for (const profile of issuers) {
    for (const endpoint of profile.endpoints) {
      const { issuer } = endpoint
      if (byIss.has(issuer)) throw new TypeError(`Two configured issuers answer to '${issuer}': leave one out.`)
      byIss.set(issuer, { issuer, profile, keys: keysOf(endpoint, profile, options) })
    }
  }
  return { find: (iss) => byIss.get(iss), all: [...byIss.values()] }
}

function keysOf(endpoint: IssuerEndpoint, profile: Issuer, options: RegistryOptions): KeySource {
  const { issuer, keys, insecureAllowHttp } = endpoint
  const { algorithms } = profile
  const { network, keyStore: store } = options
  if ('jwks' in keys) return createLocalKeys(keys.jwks, algorithms)
  const location =
    'jwksUri' in keys
      ? fixedLocation(keys.jwksUri)
      : createDiscovery({ issuer, metadataUrls: keys.metadataUrls, insecureAllowHttp, network })
  const settings = readKeyCacheOptions({ ...profile.keyCache, ...options.keyCache })
  return createRemoteKeys({ issuer, algorithms, location, settings, store, network })
}

function fixedLocation(jwksUri: string): JwksLocation {
  return { jwksUri: async () => jwksUri, movedFrom: async () => jwksUri, isFailing: () => false }
}
