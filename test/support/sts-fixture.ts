// What a preset must do with the tokens of its STS, written down as data: test/issuers/fixtures/<sts>.ts holds it, and
// `describePreset` makes the tests. Claims and principals stand there literally; nothing of either is computed.
import { type AuthErrorReason, type ClaimcheckEvent, createVerifier, type Principal } from 'claimcheck'
import type { IssuerWithAudience } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock } from './clock.ts'
import { signTexts, type TestKey } from './tokens.ts'
import { expectInvalidToken, type OtherOptions } from './verifiers.ts'

type Members = Readonly<Record<string, unknown>>

/** A token as literal header and claims. `undefined` members are left out. */
export interface TokenSample {
  /** What it is, as the end of "accepts …" or "refuses …". */
  readonly title: string
  /** The mark in the reference that the shape comes from, such as `[AC]`; `†` where nothing confirms it. */
  readonly source: string
  readonly header?: Members
  readonly claims: Members
  /** Signs it. Default: the fixture's key. */
  readonly key?: TestKey
  /** Options of the preset that this sample needs, as `makeIssuer` takes them. */
  readonly options?: Members
}

export interface AcceptedToken extends TokenSample {
  /** All of it, as `toEqual` compares it. */
  readonly principal: Principal
  /** `VerifiedToken.issuer`. Default: that of the principal. */
  readonly issuer?: string
}

export interface RefusedToken extends TokenSample {
  readonly reason: AuthErrorReason
  /** Which claim it was, when the reason leaves that open. */
  readonly claim?: string
  /** What the operator is told. */
  readonly hint?: string | RegExp
}

export interface StsFixture {
  /** The preset's name. */
  readonly name: string
  /** Makes the issuer, with the options that a sample asks for. */
  makeIssuer(options: Members): IssuerWithAudience
  /** The key that signs samples; its public half is in what is served. */
  readonly key: TestKey
  /** What the network answers: URL to JSON value, or to text. Every other address is 404. */
  readonly served: Readonly<Record<string, unknown>>
  /** Joins `alg` and `kid`. Default `{ typ: 'JWT' }`. */
  readonly header?: Members
  /** One for every kind that the reference lists for this STS; a rule marked † has kind `unknown`. */
  readonly accepted: readonly AcceptedToken[]
  /** ID token, another tenant, another cloud, another product's audience. */
  readonly wrongNeighbours: readonly RefusedToken[]
  /** What breaks naive validators: accepted where it must be, refused where it must be. */
  readonly naive: readonly (AcceptedToken | RefusedToken)[]
  /** Writes a token where the STS does not write a plain compact JWS. */
  sign?(header: Members, claims: Members, key: TestKey): string
}

/** The tests of one fixture. */
export function describePreset(fixture: StsFixture): void {
  describe(`the preset ${fixture.name}`, () => {
    it.each(fixture.accepted)('accepts $title $source', async (sample) => expectAccepted(fixture, sample))
    it.each(fixture.wrongNeighbours)('refuses $title $source', async (sample) => expectRefused(fixture, sample))
    it.each([
      ['opaque', 'token_malformed', 'ory_at_w2Rl5hoqXUWmd7sVOXx8pV4R0n8ZPPPLoUXtxvqhtzE'],
      ['encrypted', 'token_encrypted', 'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a2V5.aXY.dGV4dA.dGFn'],
    ] as const)('refuses a token that is %s, and asks nobody', async (_, reason, token) => {
      const { verifyToken, requests } = createFixtureVerifier(fixture)
      await expectInvalidToken(verifyToken(token), reason)
      expect(requests).toEqual([])
    })
    it.each(fixture.naive)('where naive validators break: $title $source', async (sample) =>
      'reason' in sample ? expectRefused(fixture, sample) : expectAccepted(fixture, sample),
    )
  })
}

async function expectAccepted(fixture: StsFixture, sample: AcceptedToken): Promise<void> {
  const { verifyToken } = createFixtureVerifier(fixture, sample.options)
  const { principal, issuer } = await verifyToken(tokenOf(fixture, sample))
  expect(principal).toEqual(sample.principal)
  expect(issuer).toBe(sample.issuer ?? sample.principal.issuer)
}

async function expectRefused(fixture: StsFixture, sample: RefusedToken): Promise<void> {
  const { verifyToken } = createFixtureVerifier(fixture, sample.options)
  const error = await expectInvalidToken(verifyToken(tokenOf(fixture, sample)), sample.reason)
  if (sample.claim !== undefined) expect(error.details.claim).toBe(sample.claim)
  if (sample.hint !== undefined) expect(error.hint).toMatch(sample.hint)
}

/** Signs a sample with its key, or the fixture's. */
export function tokenOf(fixture: StsFixture, sample: Pick<TokenSample, 'header' | 'claims' | 'key'>): string {
  const key = sample.key ?? fixture.key
  const header = { alg: key.alg, kid: key.kid, ...(fixture.header ?? { typ: 'JWT' }), ...sample.header }
  if (fixture.sign) return fixture.sign(header, sample.claims, key)
  return signTexts(JSON.stringify(header), JSON.stringify(sample.claims), key)
}

/** A verifier that trusts the fixture's issuer, at the tests' moment; its network is the fixture's. */
export function createFixtureVerifier(fixture: StsFixture, options: Members = {}, more: OtherOptions = {}) {
  const requests: string[] = []
  const events: ClaimcheckEvent[] = []
  const fetch = async (url: string): Promise<Response> => {
    requests.push(url)
    if (!Object.hasOwn(fixture.served, url)) return new Response('', { status: 404 })
    const page = fixture.served[url]
    return typeof page === 'string' ? new Response(page) : Response.json(page)
  }
  const issuer = fixture.makeIssuer(options)
  const verifier = createVerifier({
    fetch,
    clock: createTestClock(),
    onEvent: (event) => events.push(event),
    ...more,
    issuer,
  })
  return { ...verifier, requests, events }
}
