// A resource server for tests: it accepts what `createToken()` makes, and records its events and revocation checks.
import {
  type Authentication,
  type AuthError,
  type AuthErrorCode,
  type AuthErrorReason,
  type ClaimcheckEvent,
  createResourceServer,
  type ErrorDetails,
  type RefusalResponse,
  type RequestView,
  type ResourceServer,
  type ResourceServerOptions,
  type VerifiedToken,
} from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { keysOfBadTokens, revokedSubject } from './bad-tokens.ts'
import { createTestClock, type TestClock } from './clock.ts'
import { audience, createToken, issuer, keyFor } from './tokens.ts'
import { refusalOf } from './verifiers.ts'

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
  readonly reason: AuthErrorReason
  readonly status: number
  readonly challenge: string | undefined
  readonly details: ErrorDetails
}

/** The refusal of a request, as a client and as the operator see it; anything else fails the test. */
export async function refused(asked: Promise<VerifiedToken | Authentication>): Promise<Refused> {
  const { code, reason, status, headers, details } = await errorOf(asked)
  return { code, reason, status, challenge: headers['WWW-Authenticate'] as string | undefined, details }
}

/** The error that `guard` rejects with, or that `authenticate` resolves to. */
export async function errorOf(asked: Promise<VerifiedToken | Authentication>): Promise<AuthError> {
  return refusalOf(
    asked.then((answer) => {
      if ('error' in answer) throw answer.error
    }),
  )
}

/** The value of the header `name` in an answer; several lines make a list. */
export function headerOf({ headers }: RefusalResponse, name: string): string | readonly string[] | undefined {
  const values = headers.flatMap(([one, value]) => (one === name ? [value] : []))
  return values.length > 1 ? values : values[0]
}
