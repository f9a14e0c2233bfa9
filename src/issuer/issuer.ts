// The description of one issuer: where its keys are, how its tokens look, and how they identify the caller. Made by a preset.
import type { Algorithm } from '../crypto/algorithms.ts'
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import type { RequestView } from '../http/request-view.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkArgumentCount, checkFunction } from '../internal/options.ts'
import type { KeySource, VerificationKey } from '../jwks/key-source.ts'
import type { KeySourceContext } from '../jwks/remote.ts'
import type { KeyCacheOptions } from '../jwks/settings.ts'
import type { JoseHeader } from '../jwt/parse.ts'
import type { StandardSchema } from '../jwt/schema.ts'
import type { ClientRegistry, Principal } from '../principal/principal.ts'

/** A token before verification, as presets see it. Its sender may have made up all of it except `issuer` and `tenant`. */
export interface UnverifiedToken {
  readonly header: JoseHeader
  readonly claims: JsonObject
  /** The endpoint's issuer that `iss` names, with the tenant in its place; absent where none was found. */
  readonly issuer?: string
  /** The text in the place of the endpoint's placeholder. */
  readonly tenant?: string
}

/** The additions that `Issuer.enrichPrincipal` may make to a principal. The token alone says who the caller is. */
export type PrincipalEnrichment = Partial<Pick<Principal, 'groups' | 'roles' | 'permissions'>>

/**
 * An issuer to trust. Presets in `claimcheck/issuers` make one: data with a few functions. The author of an issuer decides who
 * gets in. The order in which it is used: `endpoints`, `algorithms`, `types`, `requiredClaims`, `validateToken`, `audience`,
 * `isTenantAllowed`, keys, `checkKey`, signature, `claims`, `principal`,
 * `enrichPrincipal`, and for each request `validateRequest`.
 */
export interface Issuer {
  /** The preset's name, for messages. */
  readonly preset: string
  /** Usually one; an STS with several token formats has one for each. */
  readonly endpoints: readonly IssuerEndpoint[]
  /** Accepted values of `aud`, or of `audienceSource`; `null` turns the check off. It replaces the audience of the verifier. */
  readonly audience?: readonly string[] | null
  /**
   * The member that names the token's audience, when that is not `aud`. Either another claim (`client_id`, `azp`) or a member of the
   * JOSE header (`signer`). It is then required. The issuer must have an `audience`.
   */
  readonly audienceSource?: { readonly claim: string } | { readonly header: string }
  /** The algorithms that the issuer signs with. A key without `alg` is bound to the first that fits its type. */
  readonly algorithms: readonly Algorithm[]
  /** Accepted values of the header's `typ`; `null` accepts tokens without one. */
  readonly types: readonly (string | null)[]
  readonly requiredClaims: readonly string[]
  /** Claims that this STS writes in another type than the standard's (AD FS: `auth_time` as text). Never `iss sub aud exp nbf iat`. */
  readonly nonStandardClaimTypes?: readonly string[]
  /** How its keys are kept, where the defaults do not fit its STS. The verifier's `keyCache` wins. */
  readonly keyCache?: KeyCacheOptions
  /**
   * The request header of its tokens, in small letters (`cf-access-jwt-assertion`). A resource server then takes its tokens
   * from this header only, and from this header only its tokens. Default: `authorization`, with the scheme Bearer.
   */
  readonly tokenHeader?: string
  /**
   * Its tokens are base64url with padding, and these claims of the JOSE header join the payload's (AWS ALB). Tokens without
   * padding are then refused.
   */
  readonly base64Padding?: { readonly headerClaims: readonly string[] }
  /** Validates the claims of its tokens, in place of the verifier's `claims`. */
  readonly claims?: StandardSchema
  /** Describes its clients, in place of the verifier's `clients`. */
  readonly clients?: ClientRegistry
  /** Says why a token of this issuer is no access token for this API. Called before the signature is verified, so it can only refuse. */
  validateToken(token: UnverifiedToken): ValidationError | undefined
  /**
   * Whether the tenant of the token may use this API. `true` allows it, `false` refuses it; any other result and any exception
   * is a 503. Called before any key is fetched, with claims that are not verified yet.
   */
  isTenantAllowed?(token: UnverifiedToken): boolean | PromiseLike<boolean>
  /** Says why a key of this issuer must not verify this token, such as a key of another tenant. */
  checkKey?(key: VerificationKey, token: UnverifiedToken): ValidationError | undefined
  /**
   * Says why a verified token is none for this request, such as one for another path. Asked for each request, for remembered tokens
   * too; `request` is absent where a token was verified by itself.
   */
  validateRequest?(claims: JsonObject, request: RequestView | undefined): ValidationError | undefined
  /** Maps verified claims to the caller, a plain object. `issuer` is the endpoint's, as configured. Must not throw. */
  principal(claims: JsonObject, issuer: string, header: JoseHeader): Principal
  /**
   * Asks another service for facts that the token left out, after all checks have passed. `undefined` means that nothing is
   * missing. It has as long as one fetch. After a failure the principal stays as it is, and an event reports it.
   */
  enrichPrincipal?(principal: Principal, claims: JsonObject): PromiseLike<PrincipalEnrichment> | undefined
  /**
   * Says what to change so that a refused token would work, for logs. The token is untrusted: make its text printable before
   * you repeat it.
   */
  hint?(reason: AuthErrorReason, token: UnverifiedToken): string | undefined
}

/** An issuer with an audience, so that the verifier needs none. */
export interface IssuerWithAudience extends Issuer {
  readonly audience: readonly string[] | null
}

// The `iss` of an issuer's tokens, and the way to its keys. Data: presets write it, the registry reads it.

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly JsonObject[]
}

/** One `iss` value, or one family of them, and the way to its keys. */
export interface IssuerEndpoint {
  /**
   * Compared with `iss` byte for byte. With `tenants` it is a template, such as `https://sts.example.com/{tenant}/v2.0`. It
   * becomes `VerifiedToken.issuer`, with the tenant in its place, and never the text that was sent.
   */
  readonly issuer: string
  /** Other `iss` values of the same issuer, each compared byte for byte. `VerifiedToken.issuer` is `issuer` for them, too. */
  readonly aliases?: readonly string[]
  /** Makes `issuer` a template that stands for one issuer in each tenant. */
  readonly tenants?: TenantFamily
  /** Lets endpoints share an `iss`: this one is for tokens whose `claim` is one of `values`, in any letter case. */
  readonly discriminator?: { readonly claim: string; readonly values: readonly string[] }
  /** Accepts tokens without any `iss` whose `sub` begins with this (SPIFFE: `spiffe://example.org/`). */
  readonly subjectPrefix?: string
  readonly keys: IssuerKeys
  /** The `use` of its JWKs, where they have one (RFC 7517 §4.2). Default `sig`. */
  readonly keyUse?: string
  /**
   * Allows plain `http:` beyond this machine in the addresses of `keys`, whatever the scheme of `issuer`. A document may name
   * an `http:` address only when it came over `http:` itself.
   */
  readonly insecureAllowHttp: boolean
}

/** The tenants of one STS: the texts that may stand in the place of `placeholder`. */
export interface TenantFamily {
  /** A part of `issuer` that is there once, such as `{tenantid}`. */
  readonly placeholder: string
  /** The form of a tenant. It is tested with untrusted texts of at most 128 characters, as a whole: nest no repetition. */
  readonly pattern: RegExp
  /**
   * `shared`: one key set for all tenants; its metadata must name the template, letter for letter. `each`: every tenant has its
   * own key set, and each address holds `placeholder` for the tenant. `each` needs `Issuer.isTenantAllowed`. It is asked before
   * anything is fetched, so that a made-up tenant causes no fetch. Keys of the 1000 tenants last used are kept.
   */
  readonly keys: 'shared' | 'each'
}

/** The place of an issuer's keys. Addresses share the bounds, cache and events of `KeyCacheOptions`. */
export type IssuerKeys =
  /** The keys themselves. */
  | { readonly jwks: JwkSet }
  /** The address of a JWK Set. */
  | { readonly jwksUri: string }
  /** Metadata documents (RFC 8414, OpenID Connect Discovery) that name the JWK Set, tried in this order. */
  | {
      readonly metadataUrls: readonly string[]
      /** The required `issuer` of the documents, letter for letter. Default: the endpoint's `issuer`, or one of its `aliases`. */
      readonly metadataIssuer?: string
      /** A further member that must be the endpoint's `issuer` (AD FS: `access_token_issuer`). */
      readonly issuerMember?: string
    }
  /**
   * Anything else: `pemMap()`, `pemPerKid()`, or a source of one's own, created once for each issuer. Its exceptions become a
   * 503. It must bound its own work, and its keys must be strong. `addresses` are those that it fetches from; they are checked
   * to be https.
   */
  | { readonly create: (context: KeySourceContext) => KeySource; readonly addresses?: readonly string[] }

// The claims schema of one issuer, and the types that the compiler infers from it.

/** Stands for "the claims `C`, in tokens of the issuer `I`". A type only: no value has it. */
export interface ClaimsFrom<I extends string, C> {
  readonly '~from': { readonly issuer: I; readonly claims: C }
}

/** An issuer whose name `I` and claims the compiler knows. The name may be a template such as `https://sts.example.com/${string}`. */
export interface TypedIssuer<I extends string, C> {
  /** For the compiler alone: never set at run time. */
  readonly '~types'?: ClaimsFrom<I, C>
}

/**
 * Gives the tokens of one issuer their own schema, in place of the verifier's `claims`. With several trusted issuers,
 * `auth.issuer === 'https://…'` then narrows `auth.claims`.
 *
 * @example createVerifier({ issuer: [withClaims(oidc({ issuer: 'https://sts.example.com', audience }), schema), entra({ tenant,
 * clientId })] })
 * @throws TypeError when `claims` is no Standard Schema.
 */
export function withClaims<I extends Issuer, C>(issuer: I, claims: StandardSchema<C>): I & TypedIssuer<NameOf<I>, C> {
  checkArgumentCount('withClaims()', arguments, 2)
  checkFunction(
    "claims['~standard'].validate",
    (claims as Partial<StandardSchema> | undefined)?.['~standard']?.validate,
  )
  // An issuer may be an instance of a class, whose functions a spread would lose.
  return Object.assign(Object.create(Object.getPrototypeOf(issuer) as object), issuer, { claims }) as I &
    TypedIssuer<NameOf<I>, C>
}

type NameOf<I> = I extends TypedIssuer<infer Name, unknown> ? Name : string

type One<I> = I extends readonly (infer Member)[] ? Member : I

/** Whether an issuer has its own claims type. A missing one is inferred as `unknown`. */
type HasClaims<I> = I extends Issuer
  ? I extends TypedIssuer<string, infer Own>
    ? unknown extends Own
      ? false
      : true
    : false
  : false

/** The claims of the tokens of `I`: a union by issuer when one of them has its own schema, else `C`. */
export type ClaimsByIssuer<I, C> = true extends HasClaims<One<I>> ? EachClaims<One<I>, C> : C

type EachClaims<I, C> = I extends string
  ? ClaimsFrom<I, C>
  : I extends TypedIssuer<infer Name, infer Own>
    ? ClaimsFrom<Name, unknown extends Own ? C : Own>
    : ClaimsFrom<string, C>
