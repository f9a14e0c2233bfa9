// What we know of one issuer: where its keys are, how its tokens look, and what they say of the caller. Made by a preset.
import type { Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import type { KeyCacheOptions } from '../keys/key-settings.ts'
import type { Principal } from '../principal/principal.ts'
import type { Algorithm } from '../token/algorithms.ts'
import type { JoseHeader } from '../token/parse-token.ts'

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly JsonObject[]
}

/** One `iss` value and the way to its keys: a JWK Set in the configuration, its address, or metadata that names it. */
export interface IssuerEndpoint {
  /** Compared with `iss` byte for byte. */
  readonly issuer: string
  readonly keys:
    | { readonly jwks: JwkSet }
    | { readonly jwksUri: string }
    /** Metadata documents (RFC 8414, OpenID Connect Discovery), tried in this order; each must name `issuer` exactly. */
    | { readonly metadataUrls: readonly string[] }
  /** Lets a plain `http:` issuer have plain `http:` addresses beyond this machine. */
  readonly insecureAllowHttp: boolean
}

/** A token before verification, as presets see it. */
export interface UnverifiedToken {
  readonly header: JoseHeader
  readonly claims: JsonObject
}

/** An issuer to trust. Presets in `claimcheck/issuers` make one; it is data with two functions. */
export interface Issuer {
  /** The preset's name, for messages. */
  readonly preset: string
  /** Usually one; an STS with several token formats has one for each. */
  readonly endpoints: readonly IssuerEndpoint[]
  /** Accepted values of `aud`; `null` when `aud` must not be checked. It replaces the verifier's own. */
  readonly audience?: readonly string[] | null
  /** The algorithms that the issuer signs with. A key without `alg` is bound to the first that fits its type. */
  readonly algorithms: readonly Algorithm[]
  /** Accepted values of the header's `typ`; `null` stands for none. */
  readonly types: readonly (string | null)[]
  readonly requiredClaims: readonly string[]
  /** How its keys are kept, where its STS needs other than the defaults. The verifier's own `keyCache` wins. */
  readonly keyCache?: KeyCacheOptions
  /**
   * Says why a token of this issuer is no access token for us. Asked before the signature is verified, so it only ever
   * refuses.
   */
  checkToken(token: UnverifiedToken): Refusal | undefined
  /** Maps verified claims to the caller. `issuer` is the endpoint's, as configured. Must not throw. */
  principal(claims: JsonObject, issuer: string): Principal
}

/** An issuer that brings its own audience, so that the verifier needs none. */
export interface IssuerWithAudience extends Issuer {
  readonly audience: readonly string[] | null
}
