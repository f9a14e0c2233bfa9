// How long an issuer's metadata is believed, how much of it is read, and that TLS is never left on the way to the keys.
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { afterAll, describe, expect, it } from 'vitest'
import { createDiscovery, metadataUrls } from '../../src/trust/discovery.ts'
import { createTestClock } from '../support/clock.ts'
import { faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }
const servers: KeyServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.stop())))

/** A discovery whose network answers `jwksUri` for whatever is asked, and counts. */
function discoveryOf(jwksUri: () => string) {
  const clock = createTestClock()
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    return Response.json({ issuer, jwks_uri: jwksUri() })
  }
  const network = {
    fetch,
    fetchTimeoutMs: 5000,
    clock,
    random: () => 0.5,
    emit: () => {},
    signal: new AbortController().signal,
  }
  const discovery = createDiscovery({ issuer, metadataUrls: metadataUrls(issuer), insecureAllowHttp: false, network })
  return { discovery, clock, asked }
}

describe('metadata', () => {
  it('is believed for an hour, to the millisecond', async () => {
    let at = 'https://sts.example.com/old'
    const { discovery, clock, asked } = discoveryOf(() => at)
    expect(await discovery.jwksUri()).toBe('https://sts.example.com/old')
    at = 'https://sts.example.com/new'
    clock.advanceMs(3_599_999)
    expect(await discovery.jwksUri()).toBe('https://sts.example.com/old')
    expect(asked).toHaveLength(1)
    clock.advanceMs(1)
    expect(await discovery.jwksUri()).toBe('https://sts.example.com/new')
    expect(asked).toHaveLength(2)
  })

  it('is believed no longer when told to forget it', async () => {
    let at = 'https://sts.example.com/old'
    const { discovery } = discoveryOf(() => at)
    await discovery.jwksUri()
    at = 'https://sts.example.com/new'
    discovery.forget()
    expect(await discovery.jwksUri()).toBe('https://sts.example.com/new')
  })

  it('is believed no longer when its address brought no keys: they may have moved', async () => {
    const server = await startKeyServer(jwks)
    servers.push(server)
    const metadata = '/.well-known/openid-configuration'
    server.answer(metadata, faults.json({ issuer: server.issuer, jwks_uri: `${server.issuer}/old` }))
    const clock = createTestClock()
    const verifier = createVerifier({ issuer: server.issuer, audience, clock })
    expect(await verifier.ready()).toMatchObject([{ ok: false }])
    server.answer(metadata, undefined)
    clock.advanceMs(1000)
    const { issuer: verified } = await verifier.verifyToken(createToken({ claims: { iss: server.issuer } }))
    expect(verified).toBe(server.issuer)
    const rfc8414 = '/.well-known/oauth-authorization-server'
    expect(server.requests).toEqual([rfc8414, metadata, '/old', rfc8414, metadata, '/jwks'])
  })
})

/** Answers metadata with `jwksUri`, and keys to everything else; says what was asked. */
function verifierAt(from: string, jwksUri: string, { insecureAllowHttp = false, padding = 0 } = {}) {
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    if (!url.includes('/.well-known/')) return Response.json(jwks)
    const document = JSON.stringify({ issuer: from, jwks_uri: jwksUri })
    return new Response(document.padEnd(padding), { headers: { 'content-type': 'application/json' } })
  }
  const trusted = oidc({ issuer: from, audience, insecureAllowHttp })
  return { asked, ...createVerifier({ issuer: trusted, fetch, clock: createTestClock() }) }
}

describe('the way to the keys', () => {
  it.each([
    ['https://sts.example.com', 'http://sts.example.com/jwks', false],
    ['https://sts.example.com', 'http://sts.example.com/jwks', true],
    ['https://sts.example.com', 'http://127.0.0.1/jwks', true],
    ['HTTPS://sts.example.com', 'http://localhost/jwks', true],
    ['http://127.0.0.1', 'http://sts.example.com/jwks', false],
    ['http://localhost', 'ftp://localhost/jwks', true],
  ])('[RFC8414-2-1] from %s never leads to %s', async (from, jwksUri, insecureAllowHttp) => {
    const { ready, asked } = verifierAt(from, jwksUri, { insecureAllowHttp })
    expect(await ready()).toMatchObject([{ issuer: from, ok: false }])
    expect(asked).not.toContain(jwksUri)
    expect(asked.length).toBeGreaterThan(0)
  })

  it.each([
    ['https://sts.example.com', 'https://keys.example.com/jwks', false],
    ['http://127.0.0.1', 'https://keys.example.com/jwks', false],
    ['http://127.0.0.1', 'http://localhost:8080/jwks', false],
    ['http://sts.example.com', 'http://keys.example.com/jwks', true],
  ])('from %s may lead to %s', async (from, jwksUri, insecureAllowHttp) => {
    const { ready, asked } = verifierAt(from, jwksUri, { insecureAllowHttp })
    expect(await ready()).toEqual([{ issuer: from, ok: true }])
    expect(asked.at(-1)).toBe(jwksUri)
  })

  it('is read up to 256 KiB of metadata, and no further', async () => {
    const jwksUri = 'https://sts.example.com/jwks'
    const fits = verifierAt(issuer, jwksUri, { padding: 262_144 })
    expect(await fits.ready()).toMatchObject([{ ok: true }])
    const tooLong = verifierAt(issuer, jwksUri, { padding: 262_145 })
    expect(await tooLong.ready()).toMatchObject([{ ok: false }])
    expect(tooLong.asked).toHaveLength(1)
  })
})
