// What we know of one issuer: where its keys are, how its tokens look, and what they say of the caller. Made by a preset.
import type { AuthErrorCode, Refusal } from '../errors.ts'
import type { JsonObject } from '../internal/json.ts'
import type { KeyCacheOptions } from '../keys/key-settings.ts'
import type { VerificationKey } from '../keys/key-source.ts'
import type { ClientRegistry } from '../principal/client-registry.ts'
import type { Principal } from '../principal/principal.ts'
import type { Algorithm } from '../token/algorithms.ts'
import type { JoseHeader } from '../token/parse-token.ts'
import type { StandardSchema } from '../token/standard-schema.ts'
import type { IssuerEndpoint } from './issuer-endpoint.ts'

/** A token before verification, as presets see it: whoever sent it may have made all of it up, but for `issuer` and `tenant`. */
export interface UnverifiedToken {
  readonly header: JoseHeader
  readonly claims: JsonObject
  /** The endpoint's issuer that `iss` names, with the tenant in its place; absent where none was found. */
  readonly issuer?: string
  /** What stands in the place of the endpoint's placeholder. */
  readonly tenant?: string
}

/** What `Issuer.complete` may add to a principal. Who the caller is stays as the token says. */
export type PrincipalCompletion = Partial<Pick<Principal, 'groups' | 'roles' | 'permissions'>>

/**
 * An issuer to trust. Presets in `claimcheck/issuers` make one; it is data with a few functions, and whoever writes one
 * decides who gets in. The order in which it is used: `endpoints`, `algorithms`, `types`, `requiredClaims`, `checkToken`,
 * `audience`, `admits`, keys, `checkKey`, signature, `claims`, `principal`, `complete`.
 */
export interface Issuer {
  /** The preset's name, for messages. */
  readonly preset: string
  /** Usually one; an STS with several token formats has one for each. */
  readonly endpoints: readonly IssuerEndpoint[]
  /** Accepted values of `aud` (or what `audienceFrom` names); `null` when it must not be checked. It replaces the verifier's own. */
  readonly audience?: readonly string[] | null
  /**
   * Where a token says for whom it is, when that is not `aud`: another claim (`client_id`, `azp`) or a member of the JOSE
   * header (`signer`). It is then required. The issuer must bring its own `audience`.
   */
  readonly audienceFrom?: { readonly claim: string } | { readonly header: string }
  /** The algorithms that the issuer signs with. A key without `alg` is bound to the first that fits its type. */
  readonly algorithms: readonly Algorithm[]
  /** Accepted values of the header's `typ`; `null` stands for none. */
  readonly types: readonly (string | null)[]
  readonly requiredClaims: readonly string[]
  /** Claims that this STS writes in another type than their definition says (AD FS: `auth_time` as text). Never `iss sub aud exp nbf iat`. */
  readonly looseClaims?: readonly string[]
  /** How its keys are kept, where its STS needs other than the defaults. The verifier's own `keyCache` wins. */
  readonly keyCache?: KeyCacheOptions
  /**
   * The request header that its tokens come in, in small letters (`cf-access-jwt-assertion`). A resource server then takes
   * its tokens from there only, and from there only its tokens. Default: `authorization`, with the scheme Bearer.
   */
  readonly tokenHeader?: string
  /**
   * Its tokens are base64url with padding, and the JOSE header holds these claims, which join the payload's (AWS ALB).
   * Tokens without padding are then none of this issuer's.
   */
  readonly paddedTokens?: { readonly headerClaims: readonly string[] }
  /** Validates the claims of its tokens, in place of the verifier's own `claims`. */
  readonly claims?: StandardSchema
  /** What is known of its clients, in place of the verifier's own `clients`. */
  readonly clients?: ClientRegistry
  /**
   * Says why a token of this issuer is no access token for us. Asked before the signature is verified, so it only ever
   * refuses.
   */
  checkToken(token: UnverifiedToken): Refusal | undefined
  /**
   * Whether the tenant of a plausible token may use this API: only `true` lets it in, `false` refuses it, anything else and
   * whatever it throws is a 503. Asked before any key is fetched, with claims that nobody has verified yet.
   */
  admits?(token: UnverifiedToken): boolean | PromiseLike<boolean>
  /** Says why a key of this issuer must not verify this token, such as one of another tenant. */
  checkKey?(key: VerificationKey, token: UnverifiedToken): Refusal | undefined
  /** Maps verified claims to the caller, a plain object. `issuer` is the endpoint's, as configured. Must not throw. */
  principal(claims: JsonObject, issuer: string, header: JoseHeader): Principal
  /**
   * Asks somebody else for what the token left out, after everything else has passed; `undefined` when nothing was. Is given
   * as long as one fetch. When it fails the principal stays as it is, and an event tells.
   */
  complete?(principal: Principal, claims: JsonObject): PromiseLike<PrincipalCompletion> | undefined
  /** What to change so that a refused token would work, for logs. The token is a stranger's: repeat nothing of it unprinted. */
  hint?(code: AuthErrorCode, token: UnverifiedToken): string | undefined
}

/** An issuer that brings its own audience, so that the verifier needs none. */
export interface IssuerWithAudience extends Issuer {
  readonly audience: readonly string[] | null
}
