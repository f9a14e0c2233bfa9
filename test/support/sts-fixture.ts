// What a preset must do with the tokens of its STS, as plain JSON: test/presets/fixtures/<preset>.json. Nothing of a token or a principal
// is computed, and nothing comes from the preset. `describePreset` makes the tests.
import { readdirSync, readFileSync } from 'node:fs'
import { type AuthErrorReason, type ClaimcheckEvent, createVerifier, type Principal } from 'claimcheck'
import * as presets from 'claimcheck/issuers'
import type { IssuerWithAudience } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { certificateOf, publicPemOf } from './certificates.ts'
import { createTestClock } from './clock.ts'
import { createKey, encode, keyFor, signatureOf, signTexts, type TestKey } from './tokens.ts'
import type { Algorithm } from './types.ts'
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

/** A token as JSON: what another one has (`like`; default the first of `tokens`; null none), with changes and without some members. */
interface JsonToken {
  readonly like?: string | null
  readonly claims?: Members
  readonly without?: readonly string[]
  /** Where it is accepted. Members that every principal has are empty unless they are written. */
  readonly principal?: Members
  readonly principalWithout?: readonly string[]
}

interface JsonSample extends JsonToken {
  /** Default: that of the file. */
  readonly source?: string
  readonly header?: Members
  readonly headerWithout?: readonly string[]
  readonly key?: string
  readonly options?: Members
  readonly issuer?: string
  /** `reason`, or `reason: claim`. */
  readonly refused?: string
  readonly hint?: string | { readonly pattern: string }
}

type JsonSamples = Readonly<Record<string, JsonSample>>

/**
 * One file, by the name of its preset. A key is `alg kid`: the test run's key for `alg`; a third word is the algorithm that it is really for, or `new` for a key of its
 * own. In `served` such a text is a whole JWK; `$key` stands for the members of a JWK that are the key, `$pem` and `$certificate` for PEM.
 */
interface JsonFixture {
  /** The mark in the reference, of every sample that names no other. */
  readonly source: string
  /** Each mark, and the document that it stands for. */
  readonly documents: Readonly<Record<string, string>>
  /** When the tokens were taken from the documents. */
  readonly date: string
  /** Its row in docs/issuers.md, as Markdown cells: options, what it accepts, what it refuses, what is not known. Not for presets with a page. */
  readonly row?: string
  readonly options: Members
  /** Options of which one takes the place of the others. */
  readonly either?: readonly string[]
  readonly key: string
  /** Issuers whose metadata is at the usual place, each with its `jwks_uri`. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly served: Members
  readonly header?: Members
  /** Tokens are base64url with padding. */
  readonly padded?: boolean
  readonly tokens: Readonly<Record<string, JsonToken>>
  readonly valid: JsonSamples
  readonly foreign: JsonSamples
  readonly naive: JsonSamples
  /** Samples whose principals have keys of their own (`apart`), or the same key (`same`), each by a title. */
  readonly keys?: { readonly apart: readonly JsonKeys[]; readonly same: readonly JsonKeys[] }
}

type JsonKeys = Readonly<Record<string, KeySample>>

/** A sample by its title (`of`; default the first one that is accepted), with changes. */
export interface KeySample {
  readonly of?: string
  readonly claims?: Members
  readonly without?: readonly string[]
}

export interface StsFixture {
  /** The preset's name. */
  readonly name: string
  /** Its cells in docs/issuers.md, from the options on. */
  readonly row?: string
  /** The preset's options as JSON, with those that a sample asks for. */
  optionsFor(options: Members): Members
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
  readonly keys?: JsonFixture['keys']
  /** Writes a token where the STS does not write a plain compact JWS. */
  sign?(header: Members, claims: Members, key: TestKey): string
}

const folder = new URL('../presets/fixtures/', import.meta.url)
const fixtures = new Map<string, StsFixture>()

/** The fixture of the preset `name`. */
export function fixtureOf(name: string): StsFixture {
  const known = fixtures.get(name) ?? readFixture(name)
  fixtures.set(name, known)
  return known
}

/** The fixtures of all presets. */
export function allFixtures(): readonly StsFixture[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => fixtureOf(file.replace('.json', '')))
}

function readFixture(name: string): StsFixture {
  const json = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as JsonFixture
  checkMembers(name, json, ofFixture)
  for (const [kind, token] of Object.entries(json.tokens)) checkMembers(`${name}: ${kind}`, token, ofToken)
  const { either = [], key, header } = json
  const makers = presets as unknown as Readonly<Record<string, (options: Members) => IssuerWithAudience>>
  const samples = (list: JsonSamples) => Object.entries(list).map(([title, sample]) => readSample(json, title, sample))
  const optionsFor = (options: Members): Members => {
    const isChosen = either.some((one) => Object.hasOwn(options, one))
    const usual = Object.entries(json.options).filter(([one]) => !(isChosen && either.includes(one)))
    const given = { ...(withKeys(Object.fromEntries(usual)) as Members), ...options }
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  }
  return {
    name,
    optionsFor,
    makeIssuer(options) {
      const maker =
        makers[name] ?? expect.fail(`src/presets/index.ts exports no ${name}: a fixture has the name of its preset`)
      return maker(optionsFor(options))
    },
    key: keyNamed(key),
    served: {
      ...Object.fromEntries(Object.entries(json.metadata ?? {}).map(metadataOf)),
      ...(withKeys(json.served) as Members),
    },
    ...(header && { header }),
    accepted: samples(json.valid) as AcceptedToken[],
    wrongNeighbours: samples(json.foreign) as RefusedToken[],
    naive: samples(json.naive),
    ...(json.keys && { keys: json.keys }),
    ...(json.padded && { sign: signPadded }),
    ...(json.row !== undefined && { row: json.row }),
  }
}

function metadataOf([issuer, jwksUri]: readonly [string, string]): [string, unknown] {
  return [`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, { issuer, jwks_uri: jwksUri }]
}

function readSample(json: JsonFixture, title: string, sample: JsonSample): AcceptedToken | RefusedToken {
  checkMembers(title, sample, ofSample)
  const { source = json.source, header, headerWithout = [], key, options, issuer, refused, hint } = sample
  const { claims, principal } = readToken(json, sample, Object.keys(json.tokens)[0])
  const [reason, claim] = refused?.split(': ') ?? []
  const gone = Object.fromEntries(headerWithout.map((name) => [name, undefined]))
  return {
    title,
    source,
    claims,
    ...((header || headerWithout.length > 0) && { header: { ...header, ...gone } }),
    ...(key !== undefined && { key: keyNamed(key) }),
    ...(options && { options: withKeys(options) as Members }),
    ...(reason === undefined
      ? { principal: principal as unknown as Principal }
      : { reason: reason as AuthErrorReason }),
    ...(claim !== undefined && { claim }),
    ...(issuer !== undefined && { issuer }),
    ...(hint !== undefined && { hint: typeof hint === 'string' ? hint : new RegExp(hint.pattern) }),
  } as AcceptedToken | RefusedToken
}

const ofToken = ['like', 'claims', 'without', 'principal', 'principalWithout']
const ofSample = [...ofToken, 'source', 'header', 'headerWithout', 'key', 'options', 'issuer', 'refused', 'hint']
const ofFixture = [
  ...['source', 'documents', 'date', 'row', 'options', 'either', 'key', 'metadata', 'served', 'header'],
  ...['padded', 'tokens', 'valid', 'foreign', 'naive', 'keys'],
]

/** A name that is spelled wrong would change nothing, and its test would pass. */
function checkMembers(where: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new Error(`${where}: there is no member ${unknown.join(', ')}, only ${known.join(', ')}`)
}

const empty: Members = {
  scopes: [],
  roles: [],
  permissions: [],
  groups: { values: [], complete: false },
  authentication: {},
  traits: [],
}

/** A token with all that it has of others. `usual` is the one that it is like, unless it says. */
function readToken(json: JsonFixture, token: JsonToken, usual?: string): { claims: Members; principal: Members } {
  const { like = usual, claims, without = [], principal, principalWithout = [] } = token
  const base =
    typeof like === 'string' ? readToken(json, json.tokens[like] ?? expect.fail(`no token ${like}`)) : undefined
  return {
    claims: omit({ ...base?.claims, ...claims }, without),
    principal: omit({ ...(base?.principal ?? empty), ...principal }, principalWithout),
  }
}

function omit(members: Members, names: readonly string[]): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))
}

const newKeys = new Map<string, TestKey>()

function keyNamed(text: string): TestKey {
  const [alg = '', kid = '', of = alg] = text.split(' ')
  const made = newKeys.get(text) ?? (of === 'new' ? createKey(alg as Algorithm) : keyFor(of as Algorithm))
  if (of === 'new') newKeys.set(text, made)
  return { ...made, alg: alg as Algorithm, kid }
}

/** Puts keys in the place of their names. */
function withKeys(value: unknown): unknown {
  if (typeof value === 'string') return /^(?:[A-Z]{2}\d{3}|EdDSA) \S/.test(value) ? jwkNamed(value) : value
  if (Array.isArray(value)) return value.map(withKeys)
  if (typeof value !== 'object' || value === null) return value
  const { $key, $pem, $certificate, ...rest } = value as Readonly<Record<string, string>>
  if ($pem !== undefined) return publicPemOf(keyFor($pem as Algorithm))
  if ($certificate !== undefined) return certificateOf(keyFor($certificate as Algorithm))
  const { kid: _, alg: __, use: ___, ...material } = $key === undefined ? ({} as TestKey['publicJwk']) : jwkNamed($key)
  return { ...material, ...Object.fromEntries(Object.entries(rest).map(([name, one]) => [name, withKeys(one)])) }
}

function jwkNamed(text: string): TestKey['publicJwk'] {
  const { publicJwk, kid } = keyNamed(text)
  return { ...publicJwk, kid }
}

/** With padding in every segment, which the signature covers. */
function signPadded(header: object, claims: object, signer: TestKey): string {
  const pad = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '=')
  const input = `${pad(encode(JSON.stringify(header)))}.${pad(encode(JSON.stringify(claims)))}`
  return `${input}.${pad(signatureOf(Buffer.from(input), signer).toString('base64url'))}`
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
  expect(principal).toStrictEqual(sample.principal)
  expect(issuer).toBe(sample.issuer ?? sample.principal.issuer)
}

async function expectRefused(fixture: StsFixture, sample: RefusedToken): Promise<void> {
  const { verifyToken } = createFixtureVerifier(fixture, sample.options)
  const token = tokenOf(fixture, sample)
  const error = await expectInvalidToken(verifyToken(token), sample.reason)
  if (sample.claim !== undefined) expect(error.details.claim).toBe(sample.claim)
  if (sample.hint !== undefined) return expect(error.hint).toMatch(sample.hint)
  // What a preset says stands in its fixture: these words are the verifier's.
  const silent = { ...fixture, makeIssuer: (options: Members) => silenced(fixture.makeIssuer(options)) }
  const same = await expectInvalidToken(createFixtureVerifier(silent, sample.options).verifyToken(token), sample.reason)
  expect(error.hint).toBe(same.hint)
}

/** The same issuer without any words of its own. */
function silenced(issuer: IssuerWithAudience): IssuerWithAudience {
  return {
    ...issuer,
    hint: () => undefined,
    validateToken(token) {
      const refusal = issuer.validateToken(token)
      // The words about the mark of another kind of token are those of all presets.
      if (!refusal || refusal.reason === 'not_an_access_token') return refusal
      const { hint: _, ...silent } = refusal
      return silent
    },
  }
}

/** Signs a sample with its key, or the fixture's. */
export function tokenOf(fixture: StsFixture, sample: Pick<TokenSample, 'header' | 'claims' | 'key'>): string {
  const key = sample.key ?? fixture.key
  const header = { alg: key.alg, kid: key.kid, ...(fixture.header ?? { typ: 'JWT' }), ...sample.header }
  if (fixture.sign) return fixture.sign(header, sample.claims, key)
  return signTexts(JSON.stringify(header), JSON.stringify(sample.claims), key)
}

/** The network of a fixture: what it serves, and nothing else. */
export async function fetchFixture({ served }: StsFixture, url: string): Promise<Response> {
  if (!Object.hasOwn(served, url)) return new Response('', { status: 404 })
  const page = served[url]
  return typeof page === 'string' ? new Response(page) : Response.json(page)
}

/** A verifier that trusts the fixture's issuer, at the tests' moment; its network is the fixture's. */
export function createFixtureVerifier(fixture: StsFixture, options: Members = {}, more: OtherOptions = {}) {
  const requests: string[] = []
  const events: ClaimcheckEvent[] = []
  const fetch = async (url: string): Promise<Response> => {
    requests.push(url)
    return fetchFixture(fixture, url)
  }
  const issuer = fixture.makeIssuer(options)
  const verifier = createVerifier({
    fetch,
    clock: createTestClock(),
    onEvent: (event) => events.push(event),
    // Room for what one test sends: a full cache takes a millisecond to lay out.
    tokenCache: { maxTokens: 100 },
    ...more,
    issuer,
  })
  return { ...verifier, requests, events }
}
