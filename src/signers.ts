// Which key has signed a token: the one that its header names, or the one that the STS has put in its place since.
import { verifySignature } from '#engine'
import { after, type Eventually } from './internal/eventually.ts'
import type { VerificationKey } from './keys/key-source.ts'
import { factsOf } from './plausibility.ts'
import { type Outcome, type Refusals, unlessRefused } from './refusals.ts'
import type { Algorithm } from './token/algorithms.ts'
import type { ParsedToken } from './token/parse-token.ts'
import type { TrustedIssuer } from './trust/issuer-registry.ts'

/** Finds the key that has signed a token, beginning with `key`: `undefined` when none has, refused when that could not be found out. */
export type SignerOf = (
  parsed: ParsedToken,
  trusted: TrustedIssuer,
  key: VerificationKey,
) => Eventually<Outcome<VerificationKey | undefined>>

interface Tried {
  readonly parsed: ParsedToken
  readonly trusted: TrustedIssuer
  readonly key: VerificationKey
}

export function createSigners({ orUnavailable }: Pick<Refusals, 'orUnavailable'>): SignerOf {
  function findSigner(signed: unknown, tried: Tried): Eventually<Outcome<VerificationKey | undefined>> {
    if (signed === true) return tried.key
    return unlessRefused(orUnavailable(tried.parsed, askForReplacement, tried), tryReplacement, tried)
  }

  return (parsed, trusted, key) => after(isSigned(parsed, key), findSigner, { parsed, trusted, key })
}

function isSigned({ header, signingInput, signature }: ParsedToken, { key }: VerificationKey): Eventually<unknown> {
  return verifySignature(header.alg as Algorithm, key, signingInput, signature)
}

function askForReplacement(
  { header }: Pick<ParsedToken, 'header'>,
  { trusted, key }: Tried,
): Eventually<VerificationKey | undefined> {
  return trusted.keys.findReplacement?.(header, key)
}

function tryReplacement(
  other: VerificationKey | undefined,
  { parsed, trusted }: Tried,
): Eventually<VerificationKey | undefined> {
  if (!other || trusted.profile.checkKey?.(other, factsOf(parsed, trusted))) return undefined
  return after(isSigned(parsed, other), (signed) => (signed === true ? other : undefined))
}
