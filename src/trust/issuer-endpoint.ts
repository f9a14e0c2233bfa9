// Which `iss` an issuer's tokens carry, and where the keys for them are. Data: presets write it, the registry reads it.
import type { JsonObject } from '../internal/json.ts'
import type { KeySettings } from '../keys/key-settings.ts'
import type { KeySource } from '../keys/key-source.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { Network } from '../keys/remote-keys.ts'
import type { Algorithm } from '../token/algorithms.ts'

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly JsonObject[]
}

/** One `iss` value, or one family of them, and the way to its keys. */
export interface IssuerEndpoint {
  /**
   * Compared with `iss` byte for byte. With `tenants` it is a template, such as `https://sts.example.com/{tenant}/v2.0`.
   * Tokens get it as `VerifiedToken.issuer`: what stands here, with the tenant in its place, never what was sent.
   */
  readonly issuer: string
  /** Other `iss` values of this very issuer, each compared byte for byte. `VerifiedToken.issuer` is `issuer` for them, too. */
  readonly aliases?: readonly string[]
  /** Makes `issuer` a template that stands for one issuer in each tenant. */
  readonly tenants?: TenantFamily
  /** Lets endpoints share an `iss`: this one is for tokens whose `claim` is one of `values`, in any letter case. */
  readonly where?: { readonly claim: string; readonly values: readonly string[] }
  /** Takes tokens without any `iss` whose `sub` begins with this (SPIFFE: `spiffe://example.org/`). */
  readonly subjectPrefix?: string
  readonly keys: IssuerKeys
  /** The `use` of its JWKs, where they have one (RFC 7517 §4.2). Default `sig`. */
  readonly keyUse?: string
  /**
   * Allows plain `http:` beyond this machine in the addresses of `keys`, whatever the scheme of `issuer`. An address in a document may be
   * `http:` only when that document came over `http:`, too.
   */
  readonly insecureAllowHttp: boolean
}

/** The tenants of one STS: which texts may stand in the place of `placeholder`. */
export interface TenantFamily {
  /** A part of `issuer` that is there once, such as `{tenantid}`. */
  readonly placeholder: string
  /** What a tenant looks like. Asked about texts of at most 128 characters that a stranger chose: anchor it, nest no repetition. */
  readonly pattern: RegExp
  /**
   * `shared`: one key set for all tenants; its metadata must name the template, letter for letter. `each`: every tenant has
   * its own, at addresses that hold `placeholder`, where the tenant takes its place; it needs `Issuer.admits`, which is asked before
   * anything is fetched, so that a stranger's tenant causes no fetch. Keys of the 1000 tenants last used are kept.
   */
  readonly keys: 'shared' | 'each'
}

/** Where an issuer's keys are. Addresses share the bounds, cache and events of `KeyCacheOptions`. */
export type IssuerKeys =
  /** The keys themselves. */
  | { readonly jwks: JwkSet }
  /** The address of a JWK Set. */
  | { readonly jwksUri: string }
  /** Metadata documents (RFC 8414, OpenID Connect Discovery) that name the JWK Set, tried in this order. */
  | {
      readonly metadataUrls: readonly string[]
      /** What their `issuer` must be, letter for letter. Default: the endpoint's `issuer`, or one of its `aliases`. */
      readonly metadataIssuer?: string
      /** A member that must be the endpoint's `issuer`, besides `issuer` (AD FS: `access_token_issuer`). */
      readonly issuerMember?: string
    }
  /**
   * Anything else: `pemMap()`, `pemPerKid()`, or a source of one's own, made once for each issuer. What it throws is a 503. It
   * must bound its own work, and its keys must be strong. `addresses` are those it fetches from; they are checked to be https.
   */
  | { readonly create: (context: KeySourceContext) => KeySource; readonly addresses?: readonly string[] }

/** What a key source is made with. */
export interface KeySourceContext {
  readonly issuer: string
  readonly algorithms: readonly Algorithm[]
  /** `KeyCacheOptions`, complete and in milliseconds. */
  readonly settings: KeySettings
  readonly keyStore?: KeyStore | undefined
  readonly network: Network
}
