// A resource server for tests: it accepts what `createToken()` makes, and records its events and revocation checks.
import {
  AuthError,
  type AuthErrorCode,
  type ClaimcheckEvent,
  createResourceServer,
  type ErrorDetails,
  type RequestView,
  type ResourceServer,
  type ResourceServerOptions,
} from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { keysOfBadTokens, revokedSubject } from './bad-tokens.ts'
import { createTestClock, type TestClock } from './clock.ts'
import { expect } from 'vitest'
import { audience, createToken, issuer, keyFor } from './tokens.ts'

/** Options that create a resource server with local keys, a clock that stands still, and the realm `orders`. */
export interface TestApiOptions {
  readonly options: ResourceServerOptions
  readonly clock: TestClock
  readonly events: ClaimcheckEvent[]
  /** The subject of every token whose verification got to its last check, once for each time. */
  readonly verified: string[]
}

export function testApiOptions(changes: Partial<ResourceServerOptions> = {}): TestApiOptions {
  const clock = createTestClock()
  const events: ClaimcheckEvent[] = []
  const verified: string[] = []
  const options: ResourceServerOptions = {
    issuer: oidc({ issuer, jwks: { keys: [keyFor('ES256').publicJwk, ...keysOfBadTokens] } }),
    audience,
    clock,
    realm: 'orders',
    fetch: () => Promise.reject(new Error('this test must not fetch')),
    onEvent: (event) => events.push(event),
    isRevoked: ({ principal }) => {
      verified.push(principal.subject)
      return principal.subject === revokedSubject
    },
    ...changes,
  }
  return { options, clock, events, verified }
}

export interface TestApi extends Omit<TestApiOptions, 'options'> {
  readonly api: ResourceServer
}

export function createTestApi(changes: Partial<ResourceServerOptions> = {}): TestApi {
  const { options, ...rest } = testApiOptions(changes)
  return { api: createResourceServer(options), ...rest }
}

/** A request with these `Authorization` lines; a new object each time. */
export function requestWith(...authorization: readonly string[]): RequestView {
  const lines = authorization.map((value) => ['Authorization', value] as const)
  return { method: 'GET', url: '/orders', headers: [['Host', 'api'], ...lines] }
}

/** A request with a good token that has these claims. */
export function bearer(claims: Readonly<Record<string, unknown>> = {}): RequestView {
  return requestWith(`Bearer ${createToken({ claims })}`)
}

export interface Refused {
  readonly code: AuthErrorCode
  readonly status: number
  readonly challenge: string | undefined
  readonly details: ErrorDetails
}

interface Admitted {
  readonly outcome: string
  readonly error?: AuthError
}

/** The refusal of a request, as a client and as the operator see it; anything else fails the test. */
export async function refused(admission: Admitted | Promise<Admitted>): Promise<Refused> {
  const { outcome, error } = await admission
  expect(outcome).toBe('refused')
  expect(error).toBeInstanceOf(AuthError)
  const { code, status, headers, details } = error as AuthError
  return { code, status, challenge: headers['WWW-Authenticate'] as string | undefined, details }
}
