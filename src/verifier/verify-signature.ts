// Which key has signed a token: the one that its header names, or the one that the STS has put in its place since.
import { verifySignature } from '#engine'
import { after, type MaybePromise } from '../internal/maybe-promise.ts'
import type { VerificationKey } from '../jwks/key-source.ts'
import { factsOf } from './prechecks.ts'
import { type Outcome, type Refusals, unlessRefused } from './report.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import { isPossibleSignature } from '../crypto/engine.ts'
import type { TrustedIssuer } from '../issuer/registry.ts'

/** A token, and the issuer whose it claims to be. */
export interface Claimed {
  readonly parsed: ParsedToken
  readonly trusted: TrustedIssuer
}

/** A token, and a key of that issuer's. */
export interface WithKey extends Claimed {
  readonly key: VerificationKey
}

/** Finds the key that has signed a token, beginning with `key`: `undefined` when none has, refused when that could not be found out. */
export type SignerOf = (claimed: WithKey) => MaybePromise<Outcome<VerificationKey | undefined>>

export function createSigners({ orUnavailable }: Pick<Refusals, 'orUnavailable'>): SignerOf {
  function findSigner(signed: unknown, tried: WithKey): MaybePromise<Outcome<VerificationKey | undefined>> {
    if (signed === true) return tried.key
    const { header, signature } = tried.parsed
    // It is no reason to look for another key, which anyone could cause.
    if (!isPossibleSignature(header.alg as Algorithm, signature)) return undefined
    return unlessRefused(orUnavailable(tried.parsed, askForReplacement, tried), tryReplacement, tried)
  }

  return (claimed) => after(isSigned(claimed.parsed, claimed.key), findSigner, claimed)
}

function isSigned({ header, signingInput, signature }: ParsedToken, { key }: VerificationKey): MaybePromise<unknown> {
  return verifySignature(header.alg as Algorithm, key, signingInput, signature)
}

function askForReplacement(
  { header }: Pick<ParsedToken, 'header'>,
  { trusted, key }: WithKey,
): MaybePromise<VerificationKey | undefined> {
  return trusted.keys.findReplacement?.(header, key)
}

function tryReplacement(
  other: VerificationKey | undefined,
  { parsed, trusted }: Claimed,
): MaybePromise<VerificationKey | undefined> {
  if (!other || trusted.profile.checkKey?.(other, factsOf(parsed, trusted))) return undefined
  return after(isSigned(parsed, other), (signed) => (signed === true ? other : undefined))
}
