// A resource server for tests: it accepts what `createToken()` makes, and records its events and revocation checks.
import {
  type ClaimcheckEvent,
  createResourceServer,
  type RequestView,
  type ResourceServer,
  type ResourceServerOptions,
} from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { createTestClock, type TestClock } from './clock.ts'
import { audience, issuer, keyFor } from './tokens.ts'

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
    issuer: oidc({ issuer, jwks: { keys: [keyFor('ES256').publicJwk] } }),
    audience,
    clock,
    realm: 'orders',
    fetch: () => Promise.reject(new Error('this test must not fetch')),
    onEvent: (event) => events.push(event),
    isRevoked: ({ principal }) => {
      verified.push(principal.subject)
      return false
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
