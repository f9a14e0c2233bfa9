// A verifier that trusts a test issuer, made as its users make one, and a look into tokens.
import {
  type ClaimcheckEvent,
  createVerifier,
  type IssuerOption,
  type Verifier,
  type VerifierOptions,
} from 'claimcheck'
import type { TestIssuer } from 'claimcheck/testing'
import { onTestFinished } from 'vitest'

/** Default issuer: the test issuer's identifier, which stands for `oidc()`. */
export function verifierFor(
  { issuer, audience, fetch, clock }: TestIssuer,
  trusted: VerifierOptions['issuer'] = issuer,
  options: Partial<VerifierOptions> = {},
): Verifier & { readonly events: ClaimcheckEvent[] } {
  const events: ClaimcheckEvent[] = []
  const onEvent = (event: ClaimcheckEvent): void => void events.push(event)
  const issuers = [trusted].flat() as readonly IssuerOption[]
  const bringsAudience = issuers.every((one) => typeof one === 'object' && one.audience !== undefined)
  const shared = { issuer: trusted, fetch, clock, onEvent, ...options }
  const verifier = createVerifier((bringsAudience ? shared : { audience, ...shared }) as VerifierOptions)
  onTestFinished(verifier.close)
  return { ...verifier, events }
}

export function headerOf(token: string): Readonly<Record<string, unknown>> {
  return segmentOf(token, 0)
}

export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return segmentOf(token, 1)
}

function segmentOf(token: string, index: number): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>
}
