// An STS as seen from outside: the addresses of its documents and the claims of its tokens. One file in profiles/ for each.
import type { JsonObject } from '../internal/json.ts'
import type { Algorithm } from '../crypto/algorithms.ts'

/** The facts that a token's claims depend on. */
export interface TokenContext {
  /** The STS's time, in seconds: a NumericDate. */
  readonly nowSeconds: number
  /** Another for every token, for `jti` and its relatives. */
  readonly tokenId: string
}

/** The header and claims of one kind of token. */
export interface TokenShape {
  /** Members of the JOSE header besides `alg` and `kid`. Default `{ typ: 'JWT' }`. */
  header?(kid: string): JsonObject
  /** Claims besides `iss`, `iat` and `exp`, which may be overridden too. */
  claims(context: TokenContext): JsonObject
}

/** A metadata document (RFC 8414, OpenID Connect Discovery) and its address. */
export interface ProfileMetadata {
  readonly url: string
  readonly document: JsonObject
}

/** The address of a JWK Set, and how its members are written there. */
export interface ProfileKeySet {
  readonly url: string
  /** Gets `kty`, the key's members, `kid`, `alg` and `use`; an STS may leave some out. Default: all of them. */
  jwk?(jwk: JsonObject): JsonObject
}

/**
 * An STS to imitate: data with a few small functions, and no secrets. Make one with `entraLike()` and its siblings, or
 * write your own.
 */
export interface IssuerProfile {
  /** The STS's name, for messages. */
  readonly name: string
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** The audience of its access tokens, for the `audience` of a verifier. */
  readonly audience: string
  /** The claim that says so. Default `aud`; Cognito says it in `client_id`. */
  readonly audienceClaim?: string
  /** Its algorithms, unless the test issuer has its own. Default `['RS256']`. */
  readonly algorithms?: readonly [Algorithm, ...Algorithm[]]
  /** How long a token lives. Default 3600. */
  readonly lifetimeSeconds?: number
  readonly metadata: readonly ProfileMetadata[]
  readonly keySets: readonly ProfileKeySet[]
  readonly tokens: {
    /** An access token for a user. Left out where all callers are applications. */
    readonly user?: TokenShape
    /** An access token that an application got for itself. Left out where there is no such thing. */
    readonly application?: TokenShape
    /** A token with good signature that is no access token for this API, as like one as the STS makes them: its ID token. */
    readonly id: TokenShape
  }
  /** The same STS at another origin, such as `http://127.0.0.1:8080`. Left out where its address is fixed. */
  at?(origin: string): IssuerProfile
}

/** `typ: at+jwt`, "the media type" of RFC 9068 §2.1. */
export function accessTokenHeader(): JsonObject {
  return { typ: 'at+jwt' }
}
