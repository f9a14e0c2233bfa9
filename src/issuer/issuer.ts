// What we know of one issuer: where its keys are, how its tokens look, and what they say of the caller. Made by a preset.
import type { Algorithm } from '../crypto/algorithms.ts'
import type { AuthErrorReason, ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkArgumentCount, checkFunction } from '../internal/options.ts'
import type { KeySource, VerificationKey } from '../jwks/key-source.ts'
import type { Network } from '../jwks/remote.ts'
import type { KeyCacheOptions, KeySettings } from '../jwks/settings.ts'
import type { KeyStore } from '../jwks/snapshot.ts'
import type { JoseHeader } from '../jwt/parse.ts'
import type { StandardSchema } from '../jwt/schema.ts'
import type { ClientRegistry } from '../principal/clients.ts'
import type { Principal } from '../principal/principal.ts'

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
export type PrincipalEnrichment = Partial<Pick<Principal, 'groups' | 'roles' | 'permissions'>>

/**
 * An issuer to trust. Presets in `claimcheck/issuers` make one; it is data with a few functions, and whoever writes one
 * decides who gets in. The order in which it is used: `endpoints`, `algorithms`, `types`, `requiredClaims`, `validateToken`,
 * `audience`, `isTenantAllowed`, keys, `checkKey`, signature, `claims`, `principal`, `enrichPrincipal`.
 */
export interface Issuer {
  /** The preset's name, for messages. */
  readonly preset: string
  /** Usually one; an STS with several token formats has one for each. */
  readonly endpoints: readonly IssuerEndpoint[]
  /** Accepted values of `aud` (or what `audienceSource` names); `null` when it must not be checked. It replaces the verifier's own. */
  readonly audience?: readonly string[] | null
  /**
   * Where a token says for whom it is, when that is not `aud`: another claim (`client_id`, `azp`) or a member of the JOSE
   * header (`signer`). It is then required. The issuer must bring its own `audience`.
   */
  readonly audienceSource?: { readonly claim: string } | { readonly header: string }
  /** The algorithms that the issuer signs with. A key without `alg` is bound to the first that fits its type. */
  readonly algorithms: readonly Algorithm[]
  /** Accepted values of the header's `typ`; `null` stands for none. */
  readonly types: readonly (string | null)[]
  readonly requiredClaims: readonly string[]
  /** Claims that this STS writes in another type than their definition says (AD FS: `auth_time` as text). Never `iss sub aud exp nbf iat`. */
  readonly nonStandardClaimTypes?: readonly string[]
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
  readonly base64Padding?: { readonly headerClaims: readonly string[] }
  /** Validates the claims of its tokens, in place of the verifier's own `claims`. */
  readonly claims?: StandardSchema
  /** What is known of its clients, in place of the verifier's own `clients`. */
  readonly clients?: ClientRegistry
  /**
   * Says why a token of this issuer is no access token for us. Asked before the signature is verified, so it only ever
   * refuses.
   */
  validateToken(token: UnverifiedToken): ValidationError | undefined
  /**
   * Whether the tenant of a plausible token may use this API: only `true` lets it in, `false` refuses it, anything else and
   * whatever it throws is a 503. Asked before any key is fetched, with claims that nobody has verified yet.
   */
  isTenantAllowed?(token: UnverifiedToken): boolean | PromiseLike<boolean>
  /** Says why a key of this issuer must not verify this token, such as one of another tenant. */
  checkKey?(key: VerificationKey, token: UnverifiedToken): ValidationError | undefined
  /** Maps verified claims to the caller, a plain object. `issuer` is the endpoint's, as configured. Must not throw. */
  principal(claims: JsonObject, issuer: string, header: JoseHeader): Principal
  /**
   * Asks somebody else for what the token left out, after everything else has passed; `undefined` when nothing was. Is given
   * as long as one fetch. When it fails the principal stays as it is, and an event tells.
   */
  enrichPrincipal?(principal: Principal, claims: JsonObject): PromiseLike<PrincipalEnrichment> | undefined
  /** What to change so that a refused token would work, for logs. The token is a stranger's: repeat nothing of it unprinted. */
  hint?(reason: AuthErrorReason, token: UnverifiedToken): string | undefined
}

/** An issuer that brings its own audience, so that the verifier needs none. */
export interface IssuerWithAudience extends Issuer {
  readonly audience: readonly string[] | null
}

// Which `iss` an issuer's tokens carry, and where the keys for them are. Data: presets write it, the registry reads it.

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
  readonly discriminator?: { readonly claim: string; readonly values: readonly string[] }
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
   * its own, at addresses that hold `placeholder`, where the tenant takes its place; it needs `Issuer.isTenantAllowed`, which is asked before
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

// A claims schema of one issuer's own, and what the compiler knows of its tokens from it.

/** Stands for "the claims `C`, in tokens of the issuer `I`". Types only: there is no such value. */
export interface ClaimsFrom<I extends string, C> {
  readonly '~from': { readonly issuer: I; readonly claims: C }
}

/** An issuer of which the compiler knows the name `I`, maybe as a template such as `https://sts.example.com/${string}`, and the claims. */
export interface TypedIssuer<I extends string, C> {
  /** For the compiler alone: it is never there. */
  readonly '~types'?: ClaimsFrom<I, C>
}

/**
 * Gives the tokens of one issuer a schema of their own, in place of the verifier's `claims`. Where several issuers are
 * trusted, `auth.issuer === 'https://…'` then narrows `auth.claims`.
 *
 * @example createVerifier({ issuer: [withClaims(oidc({ issuer: 'https://sts.example.com', audience }), schema), entra({ tenant, clientId })] })
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

/** Whether an issuer has claims of its own: what nobody said of them is inferred as unknown. */
type HasClaims<I> = I extends Issuer
  ? I extends TypedIssuer<string, infer Own>
    ? unknown extends Own
      ? false
      : true
    : false
  : false

/** The claims of the tokens of `I`: of each issuer apart, as soon as one of them has a schema of its own; else `C`. */
export type ClaimsByIssuer<I, C> = true extends HasClaims<One<I>> ? EachClaims<One<I>, C> : C

type EachClaims<I, C> = I extends string
  ? ClaimsFrom<I, C>
  : I extends TypedIssuer<infer Name, infer Own>
    ? ClaimsFrom<Name, unknown extends Own ? C : Own>
    : ClaimsFrom<string, C>
