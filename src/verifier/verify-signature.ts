// Which key made the signature of a token: the one that its header names, or the one that the STS has put in its place since.
import { verifySignature } from '#engine'
import type { Algorithm } from '../crypto/algorithms.ts'
import { isPossibleSignature } from '../crypto/engine.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { toUnverifiedToken } from '../issuer/checks.ts'
import type { VerificationKey } from '../jwks/key-source.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { PlausibleToken } from './prechecks.ts'

/** Whether `key` made the signature: only the literal `true` says so. */
export function isSignedBy(
  { key }: VerificationKey,
  { header, signingInput, signature }: ParsedToken,
): MaybePromise<unknown> {
  return verifySignature(header.alg as Algorithm, key, signingInput, signature)
}

/** The key that the STS has put in the place of `failed`, if it made the signature. Rejects when the STS cannot be asked. */
export async function findReplacement(
  { parsed, trusted }: PlausibleToken,
  failed: VerificationKey,
  since: number | undefined,
): Promise<VerificationKey | undefined> {
  const { header, signature } = parsed
  // Anyone can send what no key could have made: it is no reason to ask the STS.
  if (!isPossibleSignature(header.alg as Algorithm, signature)) return undefined
  const other = await trusted.keys.findReplacement?.(header, failed, since)
  if (!other) return undefined
  // A key source may give back an error as an answer.
  if (other instanceof Error) throw other
  if (trusted.profile.checkKey?.(other, toUnverifiedToken(parsed, trusted))) return undefined
  return (await isSignedBy(other, parsed)) === true ? other : undefined
}
