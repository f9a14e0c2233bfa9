// The STS for tests as its users meet it: tokens that a verifier accepts, in process, and what it refuses to be.
import { inspect } from 'node:util'
import { type Algorithm, createVerifier } from 'claimcheck'
import { auth0, entra, oidc, rfc9068 } from 'claimcheck/issuers'
import {
  createTestClock,
  createTestIssuer,
  entraLike,
  fetchFrom,
  oidcLike,
  rfc9068Like,
  stsLike,
} from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'
import { claimsOf, headerOf, verifierFor } from './verifier.ts'

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const clientId = 'b1c2d3e4-0000-4000-8000-00000000beef'

/** One whose key is made quickly, whatever its STS signs with. */
function quickIssuer(profile = rfc9068Like(), clock = createTestClock()) {
  return createTestIssuer(profile, { algorithms: ['ES256'], clock })
}

function issuerWithTwoKeys() {
  return createTestIssuer(oidcLike(), { algorithms: ['ES256', 'EdDSA'] })
}

describe('a token', () => {
  it('of the default issuer is a good one by RFC 9068', async () => {
    const sts = createTestIssuer()
    const { verifyToken } = verifierFor(sts, rfc9068({ issuer: 'https://sts.example.com' }))
    const { principal } = await verifyToken(sts.token({ scope: 'orders:read orders:write' }))
    expect(principal).toMatchObject({ kind: 'user', subject: 'alice', scopes: ['orders:read', 'orders:write'] })
  })

  it('of an application has the client as its subject', async () => {
    const sts = quickIssuer(rfc9068Like({ clientId: 'nightly-job' }))
    const { principal } = await verifierFor(sts).verifyToken(sts.applicationToken({ scope: 'orders:read' }))
    expect(principal).toMatchObject({ kind: 'application', subject: 'nightly-job', scopes: ['orders:read'] })
  })

  it('has the claims that it is given, less those that are undefined', () => {
    const sts = quickIssuer(rfc9068Like(), createTestClock(new Date('2030-01-01T00:00:00Z')))
    const token = sts.token({ sub: 'bob', email: 'bob@example.com', acr: undefined, amr: undefined })
    expect(claimsOf(token)).toEqual({
      iss: 'https://sts.example.com',
      aud: 'https://api.example.com',
      sub: 'bob',
      client_id: 'web-app',
      iat: 1893456000,
      exp: 1893459600,
      auth_time: 1893456000,
      jti: 'token-1',
      email: 'bob@example.com',
    })
    expect(claimsOf(sts.token()).jti).toBe('token-2')
  })

  it('has the header that it is given, which does not change how it is signed', () => {
    const sts = createTestIssuer()
    expect(headerOf(sts.token())).toEqual({ alg: 'ES256', kid: 'ES256-1', typ: 'at+jwt' })
    expect(headerOf(sts.token({}, { header: { typ: undefined, kid: 'x' } }))).toEqual({ alg: 'ES256', kid: 'x' })
  })

  it('lives for as long as the options say', async () => {
    const sts = quickIssuer()
    const { verifyToken } = verifierFor(sts)
    const token = sts.token({}, { lifetimeSeconds: 60 })
    await verifyToken(token)
    sts.clock.advance({ minutes: 1, seconds: 29 })
    await verifyToken(token)
    sts.clock.advance({ seconds: 1 })
    await expectInvalidToken(verifyToken(token), 'token_expired')
  })

  it.each<Algorithm>(['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS512', 'PS384'])(
    'is signed with %s when the issuer is asked to',
    async (algorithm) => {
      const sts = createTestIssuer(oidcLike(), { algorithms: ['ES256', algorithm] })
      const { header } = await verifierFor(sts).verifyToken(sts.token({}, { algorithm }))
      expect(header).toMatchObject({ alg: algorithm, kid: `${algorithm}-1` })
    },
  )

  it('of Entra ID is accepted by entra(), in both formats and for applications', async () => {
    for (const version of ['1.0', '2.0'] as const) {
      const sts = createTestIssuer(entraLike({ tenant, clientId, version }))
      const { verifyToken } = verifierFor(sts, entra({ tenant, clientId }))
      expect((await verifyToken(sts.token({ scp: 'Orders.Read' }))).principal).toMatchObject({
        kind: 'user',
        key: `entra|${tenant}|a11ce000-0000-4000-8000-000000000002`,
        scopes: ['Orders.Read'],
        client: { type: 'public' },
      })
      expect((await verifyToken(sts.applicationToken({ roles: ['Orders.Read.All'] }))).principal).toMatchObject({
        kind: 'application',
        key: `entra|${tenant}|dae00000-0000-4000-8000-000000000003`,
        roles: ['Orders.Read.All'],
        client: { type: 'confidential' },
      })
    }
  })

  it('is also good for code that reads the machine clock', async () => {
    const sts = createTestIssuer()
    const { issuer, audience, fetch } = sts
    await createVerifier({ issuer, audience, fetch }).verifyToken(sts.token())
  })
})

describe('the network of a test issuer', () => {
  it('is asked for metadata once and for keys once, and counts it', async () => {
    const sts = quickIssuer()
    const { verifyToken } = verifierFor(sts)
    expect(sts.requests).toEqual({ metadata: 0, keys: 0, other: 0 })
    await verifyToken(sts.token())
    await verifyToken(sts.token())
    expect(sts.requests).toEqual({ metadata: 1, keys: 1, other: 0 })
  })

  it('has 404 for other addresses of its hosts, and a rejection that names them for other hosts', async () => {
    const sts = quickIssuer()
    expect((await sts.fetch('https://sts.example.com/elsewhere', {})).status).toBe(404)
    expect(sts.requests.other).toBe(1)
    await expect(sts.fetch('https://attacker.example/jwks', {})).rejects.toThrow(
      'the test issuer rfc9068 answers sts.example.com, not attacker.example',
    )
    expect(sts.addresses).toEqual([
      'https://sts.example.com/.well-known/oauth-authorization-server',
      'https://sts.example.com/jwks',
    ])
  })

  it.each([
    [rfc9068Like(), 'https://sts.example.com'],
    [rfc9068Like({ issuer: 'https://sts.example.com/one' }), 'https://sts.example.com/one'],
    [oidcLike({ issuer: 'https://sts.example.com/one/' }), 'https://sts.example.com/one'],
    [entraLike({ tenant, clientId, customSigningKeys: true }), `https://login.microsoftonline.com/${tenant}/v2.0`],
    [stsLike(auth0({ domain: 'example.eu.auth0.com', audience: 'orders' })), 'https://example.eu.auth0.com'],
  ])(
    'publishes the metadata that OpenID Connect Discovery §3 and RFC 8414 §2 require: $0.name at $1',
    async (profile, place) => {
      const sts = createTestIssuer(profile, { algorithms: ['ES256', 'RS256'] })
      const [url = ''] = sts.addresses
      const document = (await (await sts.fetch(url, {})).json()) as Record<string, unknown>
      expect(document).toEqual({
        issuer: profile.issuer,
        authorization_endpoint: `${place}/authorize`,
        token_endpoint: `${place}/token`,
        jwks_uri: profile.keySets[0]?.url,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256', 'RS256'],
      })
      expect((await sts.fetch(String(document['token_endpoint']), {})).status).toBe(404)
    },
  )

  it('leaves a member that a profile has as it is', async () => {
    const [metadata] = oidcLike().metadata
    if (!metadata) throw new Error('no metadata')
    const document = { ...metadata.document, response_types_supported: ['id_token'], claims_supported: ['sub'] }
    const sts = createTestIssuer({ ...oidcLike(), metadata: [{ ...metadata, document }] })
    expect(await (await sts.fetch(metadata.url, {})).json()).toMatchObject(document)
  })

  it('does not answer who has given up already', async () => {
    const sts = quickIssuer()
    await expect(sts.fetch(sts.addresses[0] ?? '', { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
      'gone',
    )
    expect(sts.requests.metadata).toBe(0)
  })

  it('publishes no private member of a key', async () => {
    const sts = createTestIssuer(oidcLike(), { algorithms: ['RS256', 'ES256', 'EdDSA'] })
    const { keys } = (await (await sts.fetch('https://sts.example.com/jwks', {})).json()) as { keys: object[] }
    expect(keys.map((jwk) => Object.keys(jwk).toSorted())).toEqual([
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
    ])
  })

  it('joins several issuers for a verifier that trusts them, each with the same kid', async () => {
    const clock = createTestClock()
    const one = createTestIssuer(oidcLike({ issuer: 'https://one.example' }), { algorithms: ['RS256'], clock })
    const two = createTestIssuer(entraLike({ tenant, clientId }), { clock })
    const { verifyToken } = createVerifier({
      issuer: [oidc({ issuer: one.issuer, audience: one.audience }), entra({ tenant, clientId })],
      fetch: fetchFrom(one, two),
      clock,
    })
    expect(one.kids).toEqual(two.kids)
    expect((await verifyToken(one.token())).issuer).toBe('https://one.example')
    expect((await verifyToken(two.token())).issuer).toBe(`https://login.microsoftonline.com/${tenant}/v2.0`)
    await expectInvalidToken(verifyToken(two.token({ iss: one.issuer, aud: one.audience })), 'signature_invalid')
    await expect(fetchFrom(one, two)('https://three.example/jwks', {})).rejects.toThrow(
      'none of the test issuers answers three.example',
    )
  })
})

describe('the clock', () => {
  it('stands still, and moves by units with names', () => {
    const clock = createTestClock(new Date('2030-01-01T00:00:00Z'))
    clock.advance({ days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 })
    expect(new Date(clock.nowMs()).toISOString()).toBe('2030-01-02T01:01:01.001Z')
    clock.advance({ seconds: -1 })
    expect(new Date(clock.nowMs()).toISOString()).toBe('2030-01-02T01:01:00.001Z')
    clock.setTo(new Date('2031-01-01T00:00:00Z'))
    expect(new Date(clock.nowMs()).toISOString()).toBe('2031-01-01T00:00:00.000Z')
  })

  it.each([60, { second: 1 }, { seconds: '1' }, { seconds: Number.NaN }, undefined])('refuses %j', (duration) => {
    expect(() => createTestClock().advance(duration as never)).toThrow(TypeError)
  })

  it('refuses a moment that is none', () => {
    expect(() => createTestClock(new Date('soon'))).toThrow(TypeError)
    expect(() => createTestClock().setTo(1_893_456_000 as never)).toThrow(TypeError)
  })

  it('of the STS may be wrong: tokens within the tolerance are good, beyond it not yet valid or expired', async () => {
    const sts = quickIssuer()
    const { verifyToken } = verifierFor(sts)
    sts.setDrift({ seconds: 30 })
    await verifyToken(sts.token())
    sts.setDrift({ seconds: 31 })
    await expectInvalidToken(verifyToken(sts.token()), 'token_not_yet_valid')
    sts.setDrift({ hours: -2 })
    await expectInvalidToken(verifyToken(sts.token()), 'token_expired')
  })
})

describe('misuse', () => {
  it.each([
    ['an option that does not exist', () => createTestIssuer(oidcLike(), { algorithm: 'ES256' } as never)],
    ['an algorithm that does not exist', () => createTestIssuer(oidcLike(), { algorithms: ['HS256' as never] })],
    ['no algorithm', () => createTestIssuer(oidcLike(), { algorithms: [] })],
    ['a token with an algorithm that is not the issuer’s', () => createTestIssuer().token({}, { algorithm: 'RS256' })],
    ['an option of a token that does not exist', () => quickIssuer().token({}, { kid: 'x' } as never)],
    ['a kid that is not there', () => quickIssuer().removeKey('x')],
    ['one key that should flap', () => quickIssuer().flapKeys()],
    ['a format of Entra ID that does not exist', () => entraLike({ tenant, clientId, version: '2' as never })],
    ['a cloud that does not exist', () => entraLike({ tenant, clientId, cloud: 'moon' as never })],
    ['an option of no profile', () => stsLike({} as never, { dialect: 'x' } as never)],
    ['an outage that does not exist', () => quickIssuer().outage('down' as never)],
    ['an outage of what does not exist', () => quickIssuer().outage('hang', { only: 'jwks' as never })],
    ['an option of an outage that does not exist', () => quickIssuer().outage('hang', { of: 'keys' } as never)],
    ['an option of a rotation that does not exist', () => quickIssuer().rotateKeys({ keep: false } as never)],
    ['no time to flap in', () => issuerWithTwoKeys().flapKeys({})],
    ['a bad token that does not exist', () => quickIssuer().badToken('bad' as never)],
    ['a profile that is none', () => createTestIssuer({ name: 'x' } as never)],
    ['an option of a profile that does not exist', () => entraLike({ tenantId: tenant, clientId } as never)],
  ])('is a TypeError: %s', (_, misuse) => {
    expect(misuse).toThrow(TypeError)
  })

  it('says what to write instead', () => {
    expect(() => createTestIssuer().token({}, { algorithm: 'RS256' })).toThrow(
      "write createTestIssuer(profile, { algorithms: ['RS256'] })",
    )
  })
})

describe('an issuer for tests', () => {
  it('is no issuer to trust: a verifier does not take it for one, nor for its options', () => {
    const sts = createTestIssuer()
    expect(() => createVerifier({ issuer: sts as never })).toThrow(TypeError)
    expect(() => createVerifier({ ...sts } as never)).toThrow(TypeError)
  })
})

describe('secrets', () => {
  it('show in no inspection of an issuer and in none of its errors', async () => {
    const sts = createTestIssuer(rfc9068Like(), { algorithms: ['ES256', 'RS256'] })
    const token = sts.token()
    sts.outage('refuse')
    const error = await refusalOf(verifierFor(sts).verifyToken(token))
    const shown = inspect([sts, error, error.details], { depth: 20, showHidden: true, getters: true })
    const [, payload] = token.split('.')
    expect(shown).not.toContain(payload)
    expect(shown).not.toMatch(/PRIVATE KEY|\bd:|privateKey|KeyObject/)
    expect(JSON.stringify(sts)).not.toMatch(/privateKey|"d":/)
  })

  it('are made afresh: two issuers of one profile do not accept each other', async () => {
    const [one, two] = [createTestIssuer(), createTestIssuer()]
    await expectInvalidToken(verifierFor(one).verifyToken(two.token()), 'signature_invalid')
  })
})
