// A claims schema of one issuer's own, and what the compiler knows of its tokens from it.
import { checkArgumentCount, checkFunction } from '../internal/options.ts'
import type { StandardSchema } from '../token/standard-schema.ts'
import type { Issuer } from './issuer.ts'

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
