// A verifier for tests: local keys, a clock that stands still, and a record of its events.
import { AuthError, type ClaimcheckEvent, createVerifier, type Verifier, type VerifierOptions } from 'claimcheck'
import { type OidcOptions, oidc } from 'claimcheck/issuers'
import { expect } from 'vitest'
import { createTestClock, type TestClock } from './clock.ts'
import { audience, issuer, keyFor } from './tokens.ts'
import type { JsonWebKey } from './types.ts'

export interface TestVerifier extends Verifier {
  readonly clock: TestClock
  readonly events: ClaimcheckEvent[]
}

/** Options of a verifier whose issuers each bring their own audience. */
export type OtherOptions = Omit<Partial<VerifierOptions>, 'issuer' | 'audience'>

export interface TestVerifierOptions {
  /** Members of the issuer's JWK Set. Default: the public ES256 key. */
  readonly keys?: readonly JsonWebKey[]
  readonly oidc?: Partial<OidcOptions>
  readonly options?: OtherOptions
}

/** Accepts what `createToken()` makes by default. Never touches a network: a fetch fails the test. */
export function createTestVerifier({ keys, oidc: changes = {}, options = {} }: TestVerifierOptions = {}): TestVerifier {
  const clock = createTestClock()
  const events: ClaimcheckEvent[] = []
  const trusted = oidc({ issuer, audience, jwks: { keys: keys ?? [keyFor('ES256').publicJwk] }, ...changes })
  const fetch = () => Promise.reject(new Error('this test must not fetch'))
  const verifier = createVerifier({
    clock,
    fetch,
    onEvent: (event) => events.push(event),
    ...options,
    issuer: trusted,
  })
  return { ...verifier, clock, events }
}

/** The AuthError that `promise` rejects with; anything else fails the test. */
export async function refusalOf(promise: Promise<unknown>): Promise<AuthError> {
  const error = await promise.then(
    () => expect.fail('was let in'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AuthError)
  return error as AuthError
}

/** Expects the answer that every unacceptable token gets, and the reason that only the operator sees. */
export async function expectInvalidToken(promise: Promise<unknown>, reason: AuthError['reason']): Promise<AuthError> {
  const error = await refusalOf(promise)
  expect({ reason: error.reason, code: error.code, status: error.status }).toEqual({
    reason,
    code: 'invalid_token',
    status: 401,
  })
  expect(error.headers['WWW-Authenticate']).toContain('error="invalid_token"')
  return error
}

/** Expects the answer for a fault that is not the token’s, and the reason that only the operator sees. */
export async function expectUnavailable(promise: Promise<unknown>, reason: AuthError['reason']): Promise<AuthError> {
  const error = await refusalOf(promise)
  expect({ reason: error.reason, code: error.code, status: error.status }).toEqual({
    reason,
    code: 'temporarily_unavailable',
    status: 503,
  })
  expect(error.headers).toEqual({ 'Cache-Control': 'no-store', 'Retry-After': '1' })
  return error
}

/** What comes of a token: `verified`, or the status and the reason. */
export async function answerTo({ verifyToken }: Pick<Verifier, 'verifyToken'>, token: string): Promise<string> {
  return verifyToken(token).then(
    () => 'verified',
    ({ status, reason }: AuthError) => `${status} ${reason}`,
  )
}
