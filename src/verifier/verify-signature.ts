// The key that a token names, and the key that made its signature: the named one, or the one that the STS has put in its place since.
// A key source that fails says nothing about the token: its answer is then an AuthError, a 503.
import { verifySignature as isSignatureOf } from '#engine'
import type { Algorithm } from '../crypto/algorithms.ts'
import { isPossibleSignature } from '../crypto/engine.ts'
import { AuthError, isAuthError } from '../errors/auth-error.ts'
import { isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { toUnverifiedToken } from '../issuer/checks.ts'
import type { TrustedIssuer } from '../issuer/registry.ts'
import type { VerificationKey } from '../jwks/key-source.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { PlausibleToken } from './prechecks.ts'
import type { Outcome, Report } from './report.ts'

type Key = VerificationKey | undefined
type Token = Pick<ParsedToken, 'header' | 'claims'>

/** A plausible token whose key is looked for. */
export interface NamedToken extends PlausibleToken {
  readonly named: MaybePromise<Outcome<Key>>
  /** The number of loads of the keys that had begun before. */
  readonly since: number | undefined
}

export interface KeyLookup {
  /** The key that the header of `token` names; `undefined` when the issuer has none. */
  findKey(token: Token, trusted: TrustedIssuer): MaybePromise<Outcome<Key>>
  /** The key that made the signature, beginning with `named`; `undefined` when no key of the issuer did. */
  verifySignature(token: NamedToken, named: VerificationKey): MaybePromise<Outcome<Key>>
}

export function createKeyLookup(unavailable: Report['unavailable']): KeyLookup {
  /** In place where the source answers so, and without a closure: a flood of made-up kids comes by here. */
  function findKey(token: Token, { keys }: TrustedIssuer): MaybePromise<Outcome<Key>> {
    try {
      return read(keys.findKey(token.header), token)
    } catch (error) {
      return unavailable(error, token)
    }
  }

  function findReplacement(
    { parsed, trusted, since }: NamedToken,
    failed: VerificationKey,
  ): MaybePromise<Outcome<Key>> {
    try {
      return read(trusted.keys.findReplacement?.(parsed.header, failed, since), parsed)
    } catch (error) {
      return unavailable(error, parsed)
    }
  }

  /** A source may give an error back in place of throwing it, also one of another copy of claimcheck: `instanceof`. */
  function read(found: MaybePromise<Key>, token: Token): MaybePromise<Outcome<Key>> {
    if (isPromise(found)) return readLater(found, token)
    return found instanceof AuthError ? unavailable(found, token) : found
  }

  async function readLater(found: Promise<Key>, token: Token): Promise<Outcome<Key>> {
    try {
      return await read(await found, token)
    } catch (error) {
      return unavailable(error, token)
    }
  }

  function verifySignature(token: NamedToken, named: VerificationKey): MaybePromise<Outcome<Key>> {
    const isSigned = isSignedBy(named, token.parsed)
    if (isPromise(isSigned)) return isSigned.then((later) => (later === true ? named : replacementOf(token, named)))
    return isSigned === true ? named : replacementOf(token, named)
  }

  /** The key that the STS has put in the place of `failed`, if it made the signature. */
  function replacementOf(token: NamedToken, failed: VerificationKey): MaybePromise<Outcome<Key>> {
    const { header, signature } = token.parsed
    // Anyone can send what no key could have made: it is no reason to ask the STS.
    if (!isPossibleSignature(header.alg as Algorithm, signature)) return undefined
    const other = findReplacement(token, failed)
    return other && signerAmong(token, other)
  }

  async function signerAmong(
    { parsed, trusted }: PlausibleToken,
    found: MaybePromise<Outcome<Key>>,
  ): Promise<Outcome<Key>> {
    const other = await found
    if (!other || isAuthError(other)) return other
    if (trusted.profile.checkKey?.(other, toUnverifiedToken(parsed, trusted))) return undefined
    return (await isSignedBy(other, parsed)) === true ? other : undefined
  }

  return { findKey, verifySignature }
}

/** Whether `key` made the signature: only the literal `true` says so. */
function isSignedBy({ key }: VerificationKey, { header, signingInput, signature }: ParsedToken): MaybePromise<unknown> {
  return isSignatureOf(header.alg as Algorithm, key, signingInput, signature)
}
