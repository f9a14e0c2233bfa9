// Which key made the signature of a token: the one that its header names, or the one that the STS has put in its place since.
import { verifySignature as isSignatureOf } from '#engine'
import type { Algorithm } from '../crypto/algorithms.ts'
import { isPossibleSignature } from '../crypto/engine.ts'
import { toUnverifiedToken } from '../issuer/checks.ts'
import type { VerificationKey } from '../jwks/key-source.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import type { PlausibleToken } from './prechecks.ts'

/** Asks the issuer for another key under the same `kid`. Rejects with an AuthError when that cannot be found out. */
export type FindReplacement = (token: PlausibleToken, failed: VerificationKey) => Promise<VerificationKey | undefined>

/** The key that made the signature of `token`, beginning with `key`; `undefined` when no key of the issuer did. */
export async function verifySignature(
  token: PlausibleToken,
  key: VerificationKey,
  findReplacement: FindReplacement,
): Promise<VerificationKey | undefined> {
  const { parsed, trusted } = token
  if (await isSignedWith(key, parsed)) return key
  // Anyone can send what no key could have made: it is no reason to ask the issuer.
  if (!isPossibleSignature(parsed.header.alg as Algorithm, parsed.signature)) return undefined
  const other = await findReplacement(token, key)
  if (!other || trusted.profile.checkKey?.(other, toUnverifiedToken(parsed, trusted))) return undefined
  return (await isSignedWith(other, parsed)) ? other : undefined
}

async function isSignedWith(
  { key }: VerificationKey,
  { header, signingInput, signature }: ParsedToken,
): Promise<boolean> {
  const isSignature: unknown = await isSignatureOf(header.alg as Algorithm, key, signingInput, signature)
  return isSignature === true
}
