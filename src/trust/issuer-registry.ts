// The issuers that a verifier trusts, found by a token's exact `iss` and by nothing else (RFC 8725 §3.8).
import type { KeySource } from '../keys/key-source.ts'
import { createLocalKeys } from '../keys/local-keys.ts'
import { createRemoteKeys, type Network } from '../keys/remote-keys.ts'
import { createDiscovery } from './discovery.ts'
import type { Issuer, IssuerEndpoint } from './issuer.ts'

/** One trusted `iss`, its keys, and the profile of its tokens. Its keys serve no other issuer. */
export interface TrustedIssuer {
  readonly issuer: string
  readonly profile: Issuer
  readonly keys: Required<KeySource>
}

export interface IssuerRegistry {
  find(iss: unknown): TrustedIssuer | undefined
  readonly all: readonly TrustedIssuer[]
}

/** @throws TypeError when two of `issuers` answer to one `iss`: which of them should decide? */
export function createIssuerRegistry(issuers: readonly Issuer[], network: Network): IssuerRegistry {
  const byIss = new Map<unknown, TrustedIssuer>()
  for (const profile of issuers) {
    for (const endpoint of profile.endpoints) {
      const { issuer } = endpoint
      if (byIss.has(issuer)) throw new TypeError(`Two configured issuers answer to '${issuer}': leave one out.`)
      byIss.set(issuer, { issuer, profile, keys: keysOf(endpoint, profile, network) })
    }
  }
  return { find: (iss) => byIss.get(iss), all: [...byIss.values()] }
}

function keysOf(endpoint: IssuerEndpoint, { algorithms }: Issuer, network: Network): Required<KeySource> {
  const { issuer, keys, insecureAllowHttp } = endpoint
  if ('jwks' in keys) return createLocalKeys(keys.jwks, algorithms)
  if ('jwksUri' in keys) {
    return createRemoteKeys({ issuer, algorithms, jwksUri: async () => keys.jwksUri, network })
  }
  const discovery = createDiscovery({ issuer, metadataUrls: keys.metadataUrls, insecureAllowHttp, network })
  return createRemoteKeys({ issuer, algorithms, jwksUri: discovery.jwksUri, onFailure: discovery.forget, network })
}
