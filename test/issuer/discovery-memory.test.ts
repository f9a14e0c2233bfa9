// How long an issuer's metadata is believed, how much of it is read, and that TLS is never left on the way to the keys.
import { type ClaimcheckEvent, createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { afterAll, describe, expect, it } from 'vitest'
import { createDiscovery, metadataUrls } from '../../src/issuer/discovery.ts'
import { createTestClock } from '../support/clock.ts'
import { faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }
const servers: KeyServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.stop())))

/** A discovery whose network answers every request with `jwksUri`, or as the test says. */
function discoveryOf(jwksUri: () => string) {
  const clock = createTestClock()
  const requests: string[] = []
  const events: ClaimcheckEvent[] = []
  let other: (() => Response | Promise<Response>) | undefined
  const fetch = async (url: string) => {
    requests.push(url)
    return other ? other() : Response.json({ issuer, jwks_uri: jwksUri() })
  }
  const network = {
    fetch,
    fetchTimeoutMs: 5000,
    clock,
    random: () => 0.5,
    emit: (event: ClaimcheckEvent) => void events.push(event),
    signal: new AbortController().signal,
    keepAlive: () => {},
  }
  const location = createDiscovery({ issuer, metadataUrls: metadataUrls(issuer), insecureAllowHttp: false, network })
  const deadline = new AbortController().signal
  const discovery = {
    jwksUri: () => location.jwksUri(deadline),
    rediscover: (uri: string) => location.rediscover(uri, deadline),
    isFailing: location.isFailing,
  }
  const answerWith = (answer: typeof other): void => {
    other = answer
  }
  return { discovery, clock, requests, events, answerWith }
}

const minute = 60_000
const old = 'https://sts.example.com/old'
const moved = 'https://sts.example.com/new'

describe('metadata', () => {
  it('is asked for again after five minutes, before keys are fetched, so that a moved address is followed', async () => {
    let at = old
    const { discovery, clock, requests, events } = discoveryOf(() => at)
    expect(await discovery.jwksUri()).toBe(old)
    at = moved
    clock.advanceMs(5 * minute - 1)
    expect(await discovery.jwksUri()).toBe(old)
    expect(requests).toHaveLength(1)
    clock.advanceMs(1)
    expect(await discovery.jwksUri()).toBe(moved)
    expect(await discovery.jwksUri()).toBe(moved)
    expect(requests).toHaveLength(2)
    expect(events).toEqual([{ type: 'metadata.moved', issuer, jwksUri: moved }])
  })

  it('is asked for again no later because the clock was set back', async () => {
    let at = old
    const { discovery, clock } = discoveryOf(() => at)
    expect(await discovery.jwksUri()).toBe(old)
    expect(await discovery.rediscover(old)).toBe(old)
    at = moved
    clock.advanceMs(-24 * 60 * minute)
    expect(await discovery.jwksUri()).toBe(old)
    clock.advanceMs(10 * minute)
    expect(await discovery.rediscover(old)).toBe(moved)
    expect(await discovery.jwksUri()).toBe(moved)
  })

  it('is asked for again only where it was, not at every address where it could be', async () => {
    const { discovery, clock, requests, answerWith } = discoveryOf(() => old)
    answerWith(() => {
      if (requests.length === 1) return new Response('', { status: 404 })
      return Response.json({ issuer, jwks_uri: old })
    })
    await discovery.jwksUri()
    clock.advanceMs(5 * minute)
    await discovery.jwksUri()
    const openid = 'https://sts.example.com/.well-known/openid-configuration'
    expect(requests).toEqual(['https://sts.example.com/.well-known/oauth-authorization-server', openid, openid])
  })

  it.each([
    ['another issuer', () => Response.json({ issuer: `${issuer}/`, jwks_uri: moved })],
    ['no jwks_uri', () => Response.json({ issuer })],
    ['an error', () => new Response('', { status: 500 })],
    ['a page', () => new Response('<html>')],
    ['nothing', () => Promise.reject(new Error('gone'))],
  ])('that is good is not given up for %s; that is tried again after ten minutes', async (_, answer) => {
    const { discovery, clock, requests, events, answerWith } = discoveryOf(() => old)
    await discovery.jwksUri()
    answerWith(answer)
    clock.advanceMs(5 * minute)
    expect(await discovery.jwksUri()).toBe(old)
    expect(discovery.isFailing()).toBe(true)
    expect(events).toEqual([{ type: 'metadata.refresh_failed', issuer, reason: expect.any(String) }])
    const before = requests.length
    clock.advanceMs(10 * minute - 1)
    expect(await discovery.jwksUri()).toBe(old)
    expect(requests).toHaveLength(before)
    clock.advanceMs(1)
    expect(await discovery.jwksUri()).toBe(old)
    expect(requests.length).toBeGreaterThan(before)
    expect(events).toHaveLength(2)
    expect(await discovery.rediscover(old)).toBe(old)
    answerWith(undefined)
    clock.advanceMs(10 * minute)
    expect(await discovery.jwksUri()).toBe(old)
    expect(discovery.isFailing()).toBe(false)
  })

  it('that could not be had the first time is asked for anew, and no event says so twice', async () => {
    const { discovery, requests, events, answerWith } = discoveryOf(() => old)
    answerWith(() => new Response('', { status: 500 }))
    await expect(discovery.jwksUri()).rejects.toThrow('no metadata')
    expect(await discovery.rediscover('https://sts.example.com/known')).toBe('https://sts.example.com/known')
    answerWith(undefined)
    const before = requests.length
    expect(await discovery.jwksUri()).toBe(old)
    expect(requests).toHaveLength(before + 1)
    expect(events).toEqual([])
  })

  it('is asked for at once when the keys are no longer where it said', async () => {
    let at = old
    const { discovery, requests } = discoveryOf(() => at)
    await discovery.jwksUri()
    at = moved
    expect(await discovery.rediscover(old)).toBe(moved)
    expect(await discovery.jwksUri()).toBe(moved)
    expect(requests).toHaveLength(2)
  })

  it('is asked for because of lost keys once in ten minutes, and what is known is answered in between', async () => {
    let at = old
    const { discovery, clock, requests } = discoveryOf(() => at)
    await discovery.jwksUri()
    expect(await discovery.rediscover(old)).toBe(old)
    expect(requests).toHaveLength(2)
    at = moved
    clock.advanceMs(10 * minute - 1)
    expect(await discovery.rediscover(old)).toBe(old)
    expect(requests).toHaveLength(2)
    clock.advanceMs(1)
    expect(await discovery.rediscover(old)).toBe(moved)
    expect(requests).toHaveLength(3)
  })

  it('leads to keys that have moved, without a refusal', async () => {
    const server = await startKeyServer(jwks)
    servers.push(server)
    const metadata = '/.well-known/openid-configuration'
    server.answer(metadata, faults.json({ issuer: server.issuer, jwks_uri: `${server.issuer}/old` }))
    server.answer('/old', faults.json(jwks))
    const clock = createTestClock()
    const { verifyToken } = createVerifier({ issuer: server.issuer, audience, clock })
    const token = (kid: string) => createToken({ header: { kid }, claims: { iss: server.issuer } })
    expect((await verifyToken(token('ES256'))).issuer).toBe(server.issuer)
    server.answer(metadata, undefined)
    server.answer('/old', undefined)
    server.keys = [{ ...keyFor('ES256').publicJwk, kid: 'moved' }]
    expect((await verifyToken(token('moved'))).header.kid).toBe('moved')
    const rfc8414 = '/.well-known/oauth-authorization-server'
    expect(server.requests).toEqual([rfc8414, metadata, '/old', '/old', rfc8414, metadata, '/jwks'])
  })
})

/** Answers metadata with `jwksUri`, and keys to everything else; records the requests. */
function verifierAt(from: string, jwksUri: string, { insecureAllowHttp = false, padding = 0 } = {}) {
  const requests: string[] = []
  const fetch = async (url: string) => {
    requests.push(url)
    if (!url.includes('/.well-known/')) return Response.json(jwks)
    const document = JSON.stringify({ issuer: from, jwks_uri: jwksUri })
    return new Response(document.padEnd(padding), { headers: { 'content-type': 'application/json' } })
  }
  const trusted = oidc({ issuer: from, audience, insecureAllowHttp })
  return { requests, ...createVerifier({ issuer: trusted, fetch, clock: createTestClock() }) }
}

describe('the way to the keys', () => {
  it.each([
    ['https://sts.example.com', 'http://sts.example.com/jwks', false],
    ['https://sts.example.com', 'http://sts.example.com/jwks', true],
    ['https://sts.example.com', 'http://127.0.0.1/jwks', true],
    ['HTTPS://sts.example.com', 'http://localhost/jwks', true],
    ['https://sts.example.com', 'https://127.0.0.1/jwks', true],
    ['https://sts.example.com', 'https://localhost/jwks', false],
    ['https://sts.example.com', 'https://sts.localhost./jwks', false],
    ['https://sts.example.com', 'https://0.0.0.0/jwks', false],
    ['https://sts.example.com', 'https://[::]/jwks', false],
    ['https://sts.example.com', 'https://[::1]/jwks', false],
    ['https://sts.example.com', 'https://[::ffff:127.0.0.1]/jwks', false],
    ['https://sts.example.com', 'https://[::ffff:127.10.0.1]/jwks', false],
    ['https://sts.example.com', 'https://[::ffff:0.0.0.0]/jwks', false],
    ['http://sts.example.com', 'http://127.0.0.1/jwks', true],
    ['https://localhost', 'http://localhost/jwks', true],
    ['http://127.0.0.1', 'http://sts.example.com/jwks', false],
    ['http://localhost', 'ftp://localhost/jwks', true],
  ])('[RFC8414-2-1] from %s never leads to %s', async (from, jwksUri, insecureAllowHttp) => {
    const { ready, requests } = verifierAt(from, jwksUri, { insecureAllowHttp })
    expect(await ready()).toMatchObject([{ issuer: from, ok: false }])
    expect(requests).not.toContain(jwksUri)
    expect(requests.length).toBeGreaterThan(0)
  })

  it.each([
    ['https://sts.example.com', 'https://keys.example.com/jwks', false],
    ['http://127.0.0.1', 'https://keys.example.com/jwks', false],
    ['http://127.0.0.1', 'http://localhost:8080/jwks', false],
    ['http://sts.example.com', 'http://keys.example.com/jwks', true],
    ['https://sts.localhost', 'https://127.0.0.1/jwks', false],
    ['https://sts.example.com', 'https://128.0.0.1/jwks', false],
    ['https://sts.example.com', 'https://localhost.example.com/jwks', false],
    ['https://sts.example.com', 'https://[::ffff:a00:1]/jwks', false],
  ])('from %s may lead to %s', async (from, jwksUri, insecureAllowHttp) => {
    const { ready, requests } = verifierAt(from, jwksUri, { insecureAllowHttp })
    expect(await ready()).toEqual([{ issuer: from, ok: true }])
    expect(requests.at(-1)).toBe(jwksUri)
  })

  it('is read up to 256 KiB of metadata, and no further', async () => {
    const jwksUri = 'https://sts.example.com/jwks'
    const fits = verifierAt(issuer, jwksUri, { padding: 262_144 })
    expect(await fits.ready()).toMatchObject([{ ok: true }])
    const tooLong = verifierAt(issuer, jwksUri, { padding: 262_145 })
    expect(await tooLong.ready()).toMatchObject([{ ok: false }])
    expect(tooLong.requests.every((url) => url.includes('/.well-known/'))).toBe(true)
  })
})
