// The interface of an STS for tests. For tests only: code that holds the object gets any token.
import type { Fetch } from '../internal/fetch-json.ts'
import type { JsonObject } from '../internal/json.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import type { BadTokenKind } from './bad-tokens.ts'
import type { OutageKind, StsPart } from './sts-answers.ts'
import type { TestClock, TestDuration } from './test-clock.ts'

/** Claims to add or replace, as the STS would write them; `undefined` takes one out. */
export type TestClaims = Readonly<Record<string, unknown>>

export interface TestIssuerOptions {
  /** Its algorithms, each with a published key. The first signs unless a token asks for another. Default: the profile's: `['ES256']` of `oidcLike()` and `rfc9068Like()`, mostly `['RS256']` of others. */
  readonly algorithms?: readonly Algorithm[]
  /** A clock to share with other test issuers. Default: one of its own that stands still at the present second. */
  readonly clock?: TestClock
}

export interface TestTokenOptions {
  /** One of the issuer's `algorithms`. Default: the first. */
  readonly algorithm?: Algorithm
  /** Header members to add or replace; `undefined` takes one out. Does not change what the token is signed with. */
  readonly header?: JsonObject
  /** Default: the profile's, mostly 3600. */
  readonly lifetimeSeconds?: number
}

/** The number of requests that have come for each part. */
export interface TestRequestCounts {
  readonly metadata: number
  readonly keys: number
  /** For addresses that this STS does not have; these got 404. */
  readonly other: number
}

/** An STS for tests. Its functions may be taken off it. */
export interface TestIssuer {
  /** The `iss` of its tokens; changes with `listen()`. */
  readonly issuer: string
  /** The audience of its access tokens. */
  readonly audience: string
  /** Give it to the verifier or guard as `clock`. */
  readonly clock: TestClock
  /** Give it to the verifier or guard as `fetch`. Answers for this STS, 404 for the rest of its hosts, and rejects for other hosts. */
  readonly fetch: Fetch
  /** Every address that it answers. */
  readonly addresses: readonly string[]
  /** The requests so far, also during an outage. */
  readonly requests: TestRequestCounts
  /** The kids that it publishes now, oldest first. */
  readonly kids: readonly string[]
  /** A good access token for a user, or for an application where the STS knows no users. */
  token(claims?: TestClaims, options?: TestTokenOptions): string
  /** A good access token that an application got for itself. @throws TypeError when the profile has none. */
  applicationToken(claims?: TestClaims, options?: TestTokenOptions): string
  /** The ID token that a client gets beside the access token. An API must refuse it. */
  idToken(claims?: TestClaims, options?: TestTokenOptions): string
  /**
   * A token that an API must refuse: one of `badTokenKinds`. `claims` change the token before it is made invalid; an ID token
   * stays as it is. Over HTTP, Node itself refuses the `oversized` one (431).
   */
  badToken(kind: BadTokenKind, claims?: TestClaims): string
  /** Signs with new keys from now on. `keepOld: false` takes the old ones out of the set. Default `true`. */
  rotateKeys(options?: { readonly keepOld?: boolean }): void
  /** Puts new keys under the old kids, as some STSs do. */
  replaceKeys(): void
  /** Takes a key out of the set: by default the one that signs by default. It still signs, so its tokens are then bad. */
  removeKey(kid?: string): void
  /**
   * From now on one key after the other is missing for a `period` of the clock, until `recover()`: Entra ID's sets do that,
   * and no refresh brings the key back meanwhile. Default 3 hours. Needs two keys: `rotateKeys()` first.
   */
  flapKeys(period?: TestDuration): void
  /** From now on it fails to answer, or only the part that `only` names, until `recover()`. */
  outage(kind: OutageKind, options?: { readonly only?: StsPart }): void
  /** Ends outage and flapping; requests that hang are answered. */
  recover(): void
  /** How far the clock of the STS is ahead of `clock`; behind it when negative. */
  setDrift(drift: TestDuration): void
  /**
   * Serves its documents over HTTP on 127.0.0.1 and takes on that address as its issuer, which it resolves to. Call it
   * before making tokens. `port: 0`, the default, is any free one.
   *
   * @throws TypeError when the STS's address is fixed, such as Entra ID's: give `fetch` to the verifier instead.
   */
  listen(options?: { readonly port?: number }): Promise<string>
  /** Breaks off hanging requests and stops listening. Resolves when the port is free. */
  close(): Promise<void>
}
